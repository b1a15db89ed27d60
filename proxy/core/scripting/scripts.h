/* Scripts: those that clients loaded, here or in another datacenter, by the SHA-1 that clients know. Of each the store has our own form (wrapper.h).
 *
 *   libraries.c  functions
 *   scripts.c    which there are, and what is done with a request about them
 *   wrapper.c    the form that the store runs        ran.c  what a run did        net.c  what that comes to        msgpack.c  how it is told */
#ifndef CORE_SCRIPTS_H
#define CORE_SCRIPTS_H

#include "base/sha1.h"
#include "base/arena.h"
#include "base/table.h"
#include "proxy/core/commands/command.h"

#define SCRIPTS_FIELD "script/"      /* … and the SHA-1: a field of CORE_HOMES_KEY, where no user is called so. Its value is the script */

struct script_entry;
struct library;
struct library_order;

struct scripts {
	struct table table;
	struct script_entry *newest, *oldest;        /* by their last use */
	uint64_t bytes, bytes_max, count, dropped;
	struct buffer news;                  /* each '+' or '-' and a SHA-1: to be written down in the store, and told to all */
	uint64_t next_token;
	struct libraries {                   /* of functions: libraries.h */
		struct library *items;       /* owned, as are those below */
		unsigned count, cap;
		struct library_order *orders;        /* under way */
		unsigned order_count, order_cap;
		struct buffer gone, unwanted;        /* names: to be told to all; to be told to the store */
		uint64_t bytes, bytes_max, next_token;
		bool is_unsorted, is_sorting;        /* library_store.c */
		char refusal[128];           /* the last one of the store */
	} libraries;
};

#define SCRIPTED_BY 80

/* What a request about scripts has the store do. */
struct scripted {
	unsigned replies, answer;            /* store commands, and which of them answers the client */
	bool is_write;                       /* it may write, and answers as its wrapper does */
	bool is_ordering;                    /* it changes which functions there are, or scripts */
	bool is_listing;                     /* its reply may hold libraries (wrapper_remove) */
	bool is_new;                         /* the first reply says whether Redis can compile it */
	char by_text[SCRIPTED_BY];                  /* its token, the SHA-1 of its script, its database; empty: it is refused, or runs no script */
};

struct scripts_place { uint32_t db, reserved_db; bool is_outbox_whole; struct stream_ids *ids; };
#define SCRIPTS_IDS 4096             /* entries of streams that one run may add, for which ids are kept free */

/* Is it for scripts_command? */
bool scripts_are_meant(const struct command *row);
/* Appends the store commands to OUT. */
void scripts_command(struct scripts *scripts, const struct command *row, const struct request *request, const struct scripts_place *place,
                     struct buffer *out, struct scripted *scripted);
/* The database in which a run began. BY: as scripts_command gave it. */
uint32_t scripts_db(struct slice by);
/* REQUEST is to run in datacenter DC. True: WITH_TEXT is what to send there instead, in ROOM, as it runs a script by its SHA-1 that is known here, and DC was
 * not given the text, or IS_ALWAYS. */
bool scripts_bring(struct scripts *scripts, const struct command *row, const struct request *request, unsigned dc, bool is_always, struct arena *room,
                   struct request *with_text);
/* A run, or a load, was answered. BY: as scripts_command gave it. FIRST: its first reply, of the load; REPLY: its answer. */
void scripts_answered(struct scripts *scripts, struct slice by, struct slice first, struct slice reply);
/* The store may have forgotten its forms. */
void scripts_unload(struct scripts *scripts);
/* The store holds this script, or no longer does (BODY.ptr NULL). FIELD: SCRIPTS_FIELD and its SHA-1. */
bool scripts_are_field(struct slice field);
void scripts_learn(struct scripts *scripts, struct slice field, struct slice body);
void scripts_clear(struct scripts *scripts);
/* The next one that is to be written down, or removed (BODY.ptr NULL). False: none is. */
bool scripts_next_news(struct scripts *scripts, char field[sizeof SCRIPTS_FIELD + SHA1_HEX], struct slice *body);
void scripts_free(struct scripts *scripts);

#endif
