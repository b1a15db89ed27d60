/* Asks: clients that deal with versions themselves, handlers, and the dots of settled versions that both need.
 *
 *   ask.c        waits until it can be answered         resolve.c  which versions a decision chooses
 *   ask_write.c  its write                              handle.c   conflicts are given to handlers
 *   ask_reply.c  its answer                             spill.c    dots of settled versions, in the store
 *   asked.c      the list of them                       sweep.c    those of which the data is gone are dropped
 *   token.c      a context as clients are told it */
#ifndef CORE_ASKS_H
#define CORE_ASKS_H

#include "proxy/core/local/local.h"
#include "sweep.h"

struct asked;

struct handling {                    /* the handler that runs: one at a time */
	uint64_t id;                         /* 0: none */
	uint32_t db;
	enum kind kind;
	struct slice key, element;           /* owned */
	struct context *context;             /* what it was shown; held */
	uint64_t due_ms;                     /* nobody answered until then: it is given up */
};

struct asks {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct onlookers *onlookers;
	struct groups *groups;
	struct local *local;
	struct keyspace *keyspace;
	struct policies *policies;
	struct asked *first, **end;          /* owned; in the order they came */
	uint64_t next_internal;              /* tokens of our own asks count down from here */
	struct handling handling;
	struct handle_version *handled;      /* owned; of the step's EFFECT_HANDLE */
	uint64_t next_handle_id;
	uint64_t looked_ms, look_pause_ms;   /* for a conflict that a handler is to merge: when last, and until the next time */
	struct sweep sweep;
};

void asks_init(struct asks *asks);
void asks_close(struct asks *asks);                      /* the connection is lost: nobody waits any more */
void asks_free(struct asks *asks);
/* ask.c */
void ask_take(struct asks *asks, const struct event *event);
void ask_pump(struct asks *asks);
void ask_answered(struct asks *asks, const struct group *group, const struct event *event);
void ask_written(struct asks *asks, uint64_t token, struct slice raw);       /* its write was answered */
void ask_refused(struct asks *asks, uint64_t token, struct slice error);     /* the store refused its group */
/* handle.c */
void handle_pump(struct asks *asks);
void handle_ended(struct asks *asks, const struct event *event);
/* spill.c */
void spill_write(struct asks *asks, struct group *group);            /* dots of settled versions, beside the data for good */
void spill_retry(struct asks *asks, struct group *group);            /* the store refused the group */
/* sweep.c */
void sweep_pump(struct asks *asks);
void sweep_answered(struct asks *asks, const struct event *event);
void sweep_refused(struct asks *asks);                   /* the store did not take the step: the same again later */

#endif
