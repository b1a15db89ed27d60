/* Errands: questions of the sidecar itself to the store or to the core, and who waits for their answers. An answer is handed over by the loop
 * later on, never from within the call that asks or the step that answers, so whoever gets it may ask again. */
#ifndef PROXY_TURN_ERRANDS_H
#define PROXY_TURN_ERRANDS_H

#include "base/bytes.h"

struct event_base;
struct turn_errands;

/* How an errand ends. */
enum errand_end {
	ERRAND_ANSWERED,             /* REPLY is the whole reply in RESP; it may be an error of the store */
	ERRAND_REFUSED,              /* nothing was executed; REPLY is the error's line, without '-' */
	ERRAND_LOST,                 /* the store is away: the outcome is unknown */
};

/* Who waits for an errand. DONE is called once. */
struct errand {
	void *context;
	void (*done)(void *context, enum errand_end end, struct slice reply);
};

struct turn_errands *turn_errands_new(struct event_base *loop);
/* Errands that have not ended are dropped. */
void turn_errands_free(struct turn_errands *errands);
/* Remembers that ERRAND waits. Returns its token: below 2^32, where no client's token is. */
uint64_t turn_errands_add(struct turn_errands *errands, const struct errand *errand);
/* Is TOKEN one of an errand, and not of a client? */
bool turn_errands_are_meant(uint64_t token);
/* The errand TOKEN ends so; REPLY is copied. */
void turn_errands_end(struct turn_errands *errands, uint64_t token, enum errand_end end, struct slice reply);
/* The store is lost: all errands end as ERRAND_LOST. */
void turn_errands_lose(struct turn_errands *errands);
/* Drops the errands with this context. */
void turn_errands_drop(struct turn_errands *errands, const void *context);

#endif
