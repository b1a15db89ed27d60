/* Homes: what the sidecar does about users whose home is another datacenter, beside the core, which decides: it words refusals and redirects, forwards commands
 * and orders to the home's sidecar, and tells programs where users live and when that changes. A map of the room, lowest first:
 *
 *   forward_form.c   a forwarded request as bytes
 *   homes_words.c    errors that clients get
 *   homes.c          all of it, made and freed
 *   forwards.c       requests on their way to another sidecar, and their answers
 *   homes_asked.c    orders that are not answered
 *   homes_order.c    orders to move a user
 *   homes_isolation.c  orders to cut a datacenter off for a drill, and to heal it
 *   homes_batch.c    many of them at a time
 *   homes_tell.c     where a user lives; how many live where
 *   homes_list.c     users with a home of their own, read from Redis
 *   homes_users.c    whose keys there are, and who of them lives where
 *   homes_changes.c  what has changed lately */
#ifndef PROXY_HOMES_H
#define PROXY_HOMES_H

#include "proxy/core/vocabulary/effect.h"
#include "proxy/ops/status.h"

struct event_base;
struct homes;
struct turn;
struct turn_clock;

/* Who waits for an answer. One of the three is called, once, from the loop and never from within the call that asks. Slices are borrowed for the call. */
struct homes_asker {
	void *context;
	uint64_t token;
	/* A client's: its user has come home meanwhile. The core gets the request now, and answers. HOPS: how often it was sent elsewhere. NULL for orders. */
	void (*here)(void *context, uint64_t token, unsigned hops);
	void (*answered)(void *context, uint64_t token, struct slice reply);    /* the whole reply, as the home gave it */
	void (*refused)(void *context, uint64_t token, struct slice error);     /* without '-' */
	void (*from)(void *context, uint64_t token, unsigned dc);               /* before `answered`: who answers. May be NULL */
};

struct homes_options {               /* all borrowed as long as the homes live */
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
};

struct homes *homes_new(const struct homes_options *options);
/* Before the turn is freed. Askers are told nothing any more. */
void homes_free(struct homes *homes);
/* The report of a drill was given. DRILLS of it is counted here. */
void homes_note_drill(struct homes *homes, const struct drill_status *drill);
void homes_connect(struct homes *homes, struct turn *turn);

#define HOMES_HOPS_MAX 3             /* datacenters that a command is sent to, one after the other, while its user moves */

#endif
