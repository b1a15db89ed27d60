/* Errands: questions of the sidecar itself, to the store or to the core, and who waits for the answers.
 * Answers are handed over by the loop, never from within the call that asks or the step that answers: whoever gets one may ask again. */
#ifndef PROXY_TURN_ERRANDS_H
#define PROXY_TURN_ERRANDS_H

#include "base/bytes.h"

struct event_base;
struct turn_errands;

/* How an errand of the sidecar's own ends. */
enum errand_end {
	ERRAND_ANSWERED,             /* REPLY is the whole reply, RESP; it may be an error of the store's */
	ERRAND_REFUSED,              /* nothing was executed; REPLY is the error's line, without '-' */
	ERRAND_LOST,                 /* the store is away: the outcome is unknown */
};

/* Who waits for it. DONE is called once, by the loop, never from within the call that asks. */
struct errand {
	void *context;
	void (*done)(void *context, enum errand_end end, struct slice reply);
};

struct turn_errands *turn_errands_new(struct event_base *loop);
/* Nobody is told any more. */
void turn_errands_free(struct turn_errands *errands);
/* Remembers that ERRAND waits. Returns its token: below 2^32, where no client's token is. */
uint64_t turn_errands_add(struct turn_errands *errands, const struct errand *errand);
bool turn_errands_are_meant(uint64_t token);
/* The answer to TOKEN; REPLY is copied. */
void turn_errands_end(struct turn_errands *errands, uint64_t token, enum errand_end end, struct slice reply);
/* The store is lost: all that wait learn it. */
void turn_errands_lose(struct turn_errands *errands);
/* Who waits with this context waits no more. */
void turn_errands_drop(struct turn_errands *errands, const void *context);

#endif
