/* Client answers: what one client is owed, given out in the order in which it asked.
 * Answers may come in another order, since reads overtake a group that is being gathered, and an aborted group is run again. An answer is
 * held until all before it have come; the oldest one due goes straight to the output.
 * Invariant: the output is a prefix of the conversation that the client would have had with Redis itself. Tagged answers, which only other sidecars ask
 * for, are put between whole answers of that conversation. */
#ifndef PROXY_CLIENT_ANSWERS_H
#define PROXY_CLIENT_ANSWERS_H

#include "base/bytes.h"

struct client_answer {
	struct buffer held;          /* owned: the part of it that came while an earlier answer was due */
	uint64_t asked_us;           /* when the command was taken in */
	uint32_t parts;              /* replies that it consists of: 1, or one for each command of a transaction */
	uint32_t parts_due;          /* replies that have not come; 0: it is complete */
	uint8_t kind;                /* for the session: enum answer_kind */
	bool is_array;               /* a transaction's: its parts are the elements of one array */
	bool is_tagged;              /* it is an array of TAG and the answer itself, and is given out as soon as it is complete, whatever is due before it */
	uint64_t tag;
	uint8_t hops;                /* for the session, as are the next ones: how often the command was sent to another datacenter */
	bool is_out;                 /* it was sent there, and is not answered */
	bool is_held;                /* the client was stalled until it is answered */
	bool is_behind_script;       /* it is a read that was sent while a script ran */
	bool is_muted;               /* CLIENT REPLY OFF or SKIP: the client wants no answer */
};

/* Zero-initialised is empty. */
struct answers {
	struct client_answer *ring;         /* owned */
	uint32_t cap;                /* a power of two */
	uint32_t first;              /* number of the oldest answer that is due; numbers wrap around */
	uint32_t next;               /* number of the next question */
};

void answers_free(struct answers *answers);
uint32_t answers_due(const struct answers *answers);
/* Remembers a question; of TERMS all count but HELD and PARTS_DUE. Returns its number. */
uint32_t answers_expect(struct answers *answers, const struct client_answer *terms);
/* The answer with this number; NULL: it is not due, or not any more. */
struct client_answer *answers_find(struct answers *answers, uint32_t number);
/* One reply to the question NUMBER, which is due. Parts come in order. OUT gets all that may be given out now. */
void answers_fill(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out);
/* REPLY is the whole answer in place of its parts, of which none has come. */
void answers_settle(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out);
/* An answer that is known at once: REPLY is given out behind all that is due. */
void answers_add(struct answers *answers, struct slice reply, bool is_muted, struct buffer *out);

#endif
