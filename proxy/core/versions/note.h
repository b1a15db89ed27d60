/* Note: what a conflict record says of a write besides its dot: command, client, what it had seen, and the value, cut short. Every
 * unstable mark has one; the sides of an episode (episode.h) share it, so that it outlives the mark where a conflict does.
 * One allocation a change: this runs for every write, conflict or not. */
#ifndef CORE_NOTE_H
#define CORE_NOTE_H

#include "keyspace.h"
#include "proxy/core/commands/plan.h"

#define NOTE_CLIENT_MAX 64           /* bytes of a client's name that travel and are kept */

/* Of a write that changed part of a string. */
enum note_patch { PATCH_NONE, PATCH_APPEND, PATCH_RANGE, PATCH_BITS, PATCH_UNION };

struct note {
	uint32_t refs;
	uint32_t value_len;          /* of the whole value */
	uint32_t kept_len;           /* of what is kept of it: of a patch, all */
	uint32_t told_len;           /* of what a record tells of it */
	uint8_t command_len, client_len;
	uint8_t kind : 4;            /* enum kind of what the change is about; KIND_KEY: a clear or flush */
	bool has_by : 1;             /* somebody decided by it */
	bool is_removal : 1;
	bool is_poor : 1;            /* known by a sibling's mention only: no command, client, context */
	bool is_number : 1;          /* the value is NUMBER: text is made of it when a record is written */
	bool is_sum : 1;             /* the write was an increment: the value is what it added */
	bool is_score : 1;           /* NUMBER is the bits of a double */
	uint8_t choice : 2;          /* enum write_choice */
	bool is_pop_known : 1;       /* somebody has asked whether it is a pop */
	bool is_pop : 1;             /* IS_POP_KNOWN: it is */
	uint8_t patch : 3;           /* enum note_patch: NUMBER says where it is written, or of what it is a union */
	bool is_given : 1;           /* an entry of a stream is pending for somebody */
	bool is_trim : 1;            /* of a stream: NUMBER 1: the id itself is gone, too */
	bool is_stranded : 1;        /* it was made without knowing of a take-over that has not seen it */
	bool is_take_over : 1;       /* it is such a take-over: it tells nothing of the element */
	bool has_deadline : 1;       /* it decides the key's deadline, too */
	int64_t expire_at_ms;        /* HAS_DEADLINE: the deadline; 0: none */
	int64_t number;
	uint64_t value_hash;         /* of a value that is not kept whole; of others once somebody asked for it. 0: not yet */
	struct context *context;     /* held */
	char bytes[];                /* command, client, what is kept of the value; who decided, behind a byte that tells the length */
};

/* A write as it takes part in a conflict: its stamp (with its batch's context), note and the flags of its mark. */
struct party {
	const struct stamp *stamp;
	struct note *note;
	unsigned flags;
};

/* A reference for the caller. CONTEXT is what counts as seen by it. */
struct note *note_new(struct keyspace *keyspace, const struct change *change, const struct write_facts *facts, struct context *context);
struct note *note_hold(struct note *note);
void note_drop(struct keyspace *keyspace, struct note *note);        /* NULL is fine */

/* What a record says of it, to be filled by hand where it comes from a record again. */
struct told {
	enum kind kind;              /* of the element that the record is about */
	struct slice command, client, value, by;
	uint64_t value_len, value_hash;
	enum write_choice choice;
	bool is_removal, is_poor, is_take_over;
};
struct note *note_restore(struct keyspace *keyspace, const struct told *told, struct context *context);

struct slice note_command(const struct note *note);
struct slice note_client(const struct note *note);
struct slice note_by(const struct note *note);
/* The value as it was written, or what a patch writes; empty where it is not kept whole, too. */
struct slice note_whole_value(const struct note *note);
/* Of a change of a stream as a whole: does it trim the stream so far that this entry is gone, if it has seen it? */
bool note_trims(const struct note *note, const struct element *entry);
bool note_is_pop(struct note *note);           /* the server chose what it removed, or gave out */
/* Does it make the element that a record of KIND is about absent? */
bool note_is_removal(const struct note *note, enum kind kind);
/* Appends what is kept of the value, as text; its whole length and hash. Nothing and zeros for a removal. */
void note_add_value(struct note *note, enum kind kind, struct buffer *out, uint64_t *len, uint64_t *hash);
void note_add_text(const struct note *note, enum kind kind, struct buffer *out);     /* the same, without asking for its length and hash */
/* Do two notes of the element that a record of KIND is about leave it alike? */
bool note_is_same(struct note *a, struct note *b, enum kind kind);
/* Which of two notes of one write to one element a record tells: what it made present, then the later. */
bool note_is_better(struct note *newer, struct note *older, enum kind kind);

#endif
