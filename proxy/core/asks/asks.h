/* Asks: clients that deal with versions themselves, handlers, and the dots of stable versions that both need.
 *
 *   ask.c        waits until it can be answered         resolve.c  which versions a decision chooses
 *   ask_write.c  its write                              handle.c   conflicts are given to handlers
 *   ask_reply.c  its answer                             spill.c    dots of stable versions, in the store
 *   asked.c      the list of them                       sweep.c    those of which the data is gone are dropped
 *   token.c      a context as clients carry it       wait.c     session tokens: given out, waited for */
#ifndef CORE_ASKS_H
#define CORE_ASKS_H

#include "proxy/core/local/local.h"

struct asks;
struct rooms;

struct asks *asks_new(const struct rooms *rooms);
void asks_close(struct asks *asks);                      /* the connection is lost: nobody waits any more */
bool asks_are_idle(const struct asks *asks);      /* nobody waits for an answer */
void asks_free(struct asks *asks);
/* ask.c */
void ask_take(struct asks *asks, const struct event *event);
void ask_pump(struct asks *asks);
void ask_answered(struct asks *asks, const struct group *group, const struct event *event);
void ask_written(struct asks *asks, uint64_t token, struct slice raw);       /* its write was answered */
void ask_refused(struct asks *asks, uint64_t token, struct slice error);     /* the store refused its group */
/* wait.c: ASK_TOKEN and ASK_WAIT */
void wait_take(struct asks *asks, const struct event *event);
void wait_pump(struct asks *asks);
/* handle.c */
void handle_pump(struct asks *asks);
void handle_ended(struct asks *asks, const struct event *event);
/* spill.c */
void spill_write(struct asks *asks, struct group *group);            /* adds the dots of versions that became stable */
void spill_retry(struct asks *asks, struct group *group);            /* the store refused the group */
/* sweep.c */
void sweep_pump(struct asks *asks);
void sweep_answered(struct asks *asks, const struct event *event);
void sweep_refused(struct asks *asks);                   /* the store refused the step: it is repeated later */

#endif
