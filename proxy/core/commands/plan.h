/* Plan: how a write command is executed in the store and turned into changes. Two halves, on both sides of the
 * store's reply: plan_command before (what to send, what it intends), plan_finish after (what really happened).
 * The rows are in plan.def. This is the public header of all plan_*.c. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "change.h"
#include "proxy/core/resp/resp.h"

enum plan {
	PLAN_NONE,
#define PLAN(name, number, certainty, removal, build, finish, prose) PLAN_##name = (number),
#include "plan.def"
#undef PLAN
};

enum certainty {
	CERTAINTY_CERTAIN,   /* the changes happen whatever the reply, unless it is an error */
	CERTAINTY_CHECKED,   /* the changes happen unless the key holds another type or no number */
	CERTAINTY_PENDING,   /* the replies say what happened */
};
/* Does it remove single elements, so that a collection may run empty? Whole keys do not count. */
enum removal {
	REMOVAL_NONE,
	REMOVAL_NAMED,       /* those that the client names, or a range of them */
	REMOVAL_CHOSEN,      /* the server chooses them: a pop */
	REMOVAL_CHOSEN_KEY,  /* a pop that chooses the key, too */
};
enum certainty plan_certainty(enum plan plan);
bool plan_can_empty(enum plan plan);                 /* may a collection that it names run empty? */
bool plan_is_patch(enum plan plan);                  /* does it change part of a string (unless the world wants whole values)? */
bool plan_is_bits(enum plan plan);                   /* … that is bits? */
bool plan_is_of_stream(enum plan plan);              /* can the store still say later what it came to, by what it holds? */
bool plan_is_pop(enum plan plan);                    /* does the server choose what it removes? */
bool plan_is_known(uint64_t number);                 /* a number off the wire; PLAN_NONE is not a plan */
const char *plan_prose(enum plan plan);              /* what is shipped, for docs/commands.md */

/* Who chose the id of a stream's entry. One that we chose may be too small: then the command is run again, above what is there (local/rerun.c). */
enum id_choice { ID_GIVEN, ID_CHOSEN, ID_SEQ_CHOSEN };
struct stream_ids;                   /* stream_id.h */

struct command;

struct planned {
	enum plan plan;              /* may be simpler than the command's own: plain SET is PLAN_SET even where SET NX is PLAN_SET_IF */
	unsigned replies;            /* store commands appended: read-before, the command, read-after */
	unsigned answer;             /* which of them answers the client, 0-based */
	enum id_choice choice;
};

/* What plans are written to. */
struct plan_output {
	struct buffer *store_commands;       /* RESP, appended to */
	struct changes *changes;             /* added to */
	struct planned *planned;             /* filled in */
};

/* Appends to OUTPUT's store commands what the store shall run for REQUEST (inside an open MULTI, database DB selected, ends with the
 * same database selected), and to its changes what it intends: complete for certain and checked plans; for pending ones, what plan_finish
 * needs besides the replies. Relative expiries of SET/SETEX/… become absolute ones with NOW_MS; RESERVED_DB is never flushed
 * (FLUSHALL becomes a FLUSHDB of each other of DATABASES databases).
 * Returns NULL, or an error line for the client (without '-', with remedy): nothing has been appended then. */
struct plan_world {
	uint64_t now_ms;
	uint32_t db;
	uint32_t reserved_db;
	uint32_t databases;
	bool is_scripted;            /* a script has run it as it is, and read what it left: no deadline was made absolute */
	struct stream_ids *ids;      /* where ids of entries come from */
	bool is_careful;             /* it cannot be run again: an id that we choose must fit at once */
	enum id_choice again;        /* it is run again: who chose its id, which was too small */
	bool is_whole;               /* what changes part of a string ships the whole: its rule keeps every value (plan_is_patch) */
};
const char *plan_command(const struct command *command, const struct request *request, const struct plan_world *world, const struct plan_output *output);
/* SET key value without options: likewise, but nothing is appended to send. The caller sends it with others of its like (script.h). */
bool plan_is_plain_set(const struct command *command, const struct request *request);
void plan_plain_set(const struct request *request, const struct plan_world *world, struct changes *changes, struct planned *planned);

/* Turns INTENT (as plan_command left it) and the REPLIES (planned.replies of them, raw, RESP2 or RESP3) into what happened. The result's slices
 * point into INTENT and REPLIES. No changes at all is a fine outcome (the write is void). */
void plan_finish(enum plan plan, const struct changes *intent, const struct slice *replies, struct changes *result);
/* A trim of a stream whose reply was lost: FIRST is the XRANGE of its first entry. */
void plan_learn_trim(struct change *trim, struct slice first);

/* Some plans tell a whole key, which may hold very many elements. Of these the changes can be had some at a time. */
struct plan_walk {
	unsigned most;               /* so many at a time; one more than the intent at least */
	unsigned stage;              /* 0: it begins */
	struct slice cursor;
	int64_t left;
};
bool plan_is_whole(enum plan plan);
uint64_t plan_elements(enum plan plan, const struct slice *replies, unsigned count);   /* how many those replies tell, about; 0: it is none of these plans */
/* As plan_finish, but the next MOST. True: there are more. */
bool plan_finish_some(enum plan plan, const struct changes *intent, const struct slice *replies, struct plan_walk *walk, struct changes *result);

/* Internal writes: they execute only reads, and ship what they found. */
/* Reads back a whole key (after an expiry, or when an outcome was lost): a clear plus everything it holds now. EXPIRED marks the clear. */
void plan_readback(const struct plan_world *world, struct slice key, bool is_expired, const struct plan_output *output);
/* Reads back one numeric element (string, hash field or sorted-set member, told by KIND = CHANGE_SET, _FIELD_SET or _SCORE_SET). */
void plan_round(const struct plan_world *world, enum change_kind kind, struct slice key, struct slice element, const struct plan_output *output);

/* Scripts of ours beside clients' commands: one that tells the groups of a stream, and one that runs a command of a group. */
bool plan_is_telling(struct slice script);
bool plan_is_grouping(struct slice script);

#endif
