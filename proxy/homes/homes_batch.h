/* Homes batch: many users are moved to one datacenter at a time. */
#ifndef PROXY_HOMES_BATCH_H
#define PROXY_HOMES_BATCH_H

#include "homes_order.h"
#include "proxy/conflicts/teller.h"

#define HOMES_BATCH_MAX 1000             /* users of one batch */

struct homes_batch;

struct homes_batcher {
	void *context;
	void (*ended)(void *context, struct homes_batch *batch);     /* every order was answered; the batch is the callee's */
};

/* BATCHER is called from the loop later on, also where COUNT is 0. ORDER says all but the user. */
void homes_batch(struct homes *homes, const struct slice *users, unsigned count, const struct homes_order *order, const struct homes_batcher *batcher);
/* Tells an object: moves, in the order that was asked for: user, moved, confirmed (the new home knows it), took_ms, held_ms (how long its writes may have waited), error. */
void homes_batch_tell(const struct homes_batch *batch, struct teller *teller);
void homes_batch_free(struct homes_batch *batch);
/* Whoever waits with this context is told nothing any more. */
void homes_batches_forget(struct homes *homes, const void *context);
void homes_batches_end(struct homes *homes);

#endif
