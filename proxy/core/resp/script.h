/* Script: store commands under construction, inside an open MULTI.
 * Plain SETs that follow each other go to the store as one MSET, and so do fields or members of one key as one HSET, SADD, …: a *run*. That does the same
 * for a fraction of its time: all that Redis spends on a command (finding it, queueing it, counting, answering) is spent once. */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include "base/bytes.h"

/* Long bytes that belong between those of OUT. They stay where they are, and are sent from there. */
struct splice {
	size_t at;                   /* in OUT: they come before what begins there */
	const struct buffer *from;   /* borrowed; may still grow */
	size_t start, len;           /* in FROM */
};

struct splices { struct splice *items; unsigned count, cap; };   /* owned */

struct script {
	struct buffer *out;          /* RESP, without what is spliced in */
	struct splices *splices;
	struct buffer *pairs;        /* the arguments of all runs, as RESP */
	size_t run_at;               /* in PAIRS: where those begin that are not in OUT yet */
	unsigned run_count;          /* of them; 0: no run is under way */
	struct slice run_command;    /* a literal; empty: SETs */
	size_t run_key_at, run_key_len;      /* in PAIRS: the key of such a command */
	uint32_t db;                 /* selected now */
	uint32_t reserved_db;        /* what DB_RESERVED stands for */
	bool is_selected;
	unsigned count;              /* commands so far, SELECTs included: the next one's index among the replies */
};
#define SCRIPT_DB_RESERVED (UINT32_MAX - 1)
void script_select(struct script *script, uint32_t db);
void script_add(struct script *script, unsigned argc, const struct slice *argv);
/* Likewise, with one more argument at the end: what FROM holds from START on. */
void script_add_from(struct script *script, unsigned argc, const struct slice *argv, const struct buffer *from, size_t start);
/* Likewise, with COUNT more arguments at the end, WORDS, which are RESP already. */
void script_add_words(struct script *script, const struct slice *argv, unsigned argc, struct slice words, unsigned count);
/* SET key value without options. PAIR: both as RESP. Returns the index of its reply, which it may share. */
unsigned script_set(struct script *script, struct slice pair);
unsigned script_set_value(struct script *script, struct slice key, struct slice value);
/* COMMAND, a literal, for one element of KEY: it may share its reply with its neighbours, whose arguments stand in the same command. */
void script_add_element(struct script *script, struct slice command, struct slice key, unsigned argc, const struct slice *argv);
/* The run so far is complete. To be called before anything is added to OUT other than by these functions. */
void script_end_run(struct script *script);

#endif
