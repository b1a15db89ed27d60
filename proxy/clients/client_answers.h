/* Answers: what one client is owed, released in the order in which it asked.
 * Answers come in any order: reads overtake a group that is still gathering, and an aborted group is run again. An answer whose
 * predecessors are still due is held; the oldest one goes straight to the output.
 * Invariant: what is in the output is a prefix of the conversation Redis itself would have had. */
#ifndef PROXY_CLIENT_ANSWERS_H
#define PROXY_CLIENT_ANSWERS_H

#include "base/bytes.h"

struct client_answer {
	struct buffer held;          /* owned: what has come of it while an earlier answer is due */
	uint64_t asked_us;           /* when the command was taken in */
	uint32_t parts;              /* replies it consists of: 1, or the commands of a transaction */
	uint32_t parts_due;
	uint8_t kind;                /* the session's own mark */
	bool is_array;               /* a transaction's: its parts are the elements of one array */
	bool is_muted;               /* CLIENT REPLY OFF or SKIP: the client wants no answer */
};

/* Zero-initialised is empty. */
struct answers {
	struct client_answer *ring;         /* owned */
	uint32_t cap;                /* a power of two */
	uint32_t first;              /* number of the oldest answer due; numbers wrap around */
	uint32_t next;               /* number of the next question */
};

void answers_free(struct answers *answers);
uint32_t answers_due(const struct answers *answers);
/* Remembers a question; TERMS tell parts, kind, asked_us and the flags. Returns its number. */
uint32_t answers_expect(struct answers *answers, const struct client_answer *terms);
/* The question with this number; NULL: it is not due (any more). */
struct client_answer *answers_find(struct answers *answers, uint32_t number);
/* One reply to the question NUMBER, which is due. OUT gets what can be released now. Parts come in order. */
void answers_fill(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out);
/* REPLY instead of everything that is still missing; no part has come yet. */
void answers_settle(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out);
/* A question that needs nobody: REPLY stands behind all that is due. */
void answers_add(struct answers *answers, struct slice reply, bool is_muted, struct buffer *out);

#endif
