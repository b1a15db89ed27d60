/* Tracking dues: requests of clients that track, which are under way, as far as something is to be done about them: when they are answered, or when Redis has
 * told all that had changed until then (which the answer to a PING says, where Redis tells).
 *
 * A client that tracks all keys (BCAST) has what it has changed itself told on another connection than the answer comes on. The answer waits, so that its
 * client does not go on with what it has just changed: a muted answer stands before it. */
#ifndef PROXY_TRACKING_DUES_H
#define PROXY_TRACKING_DUES_H

#include "tracking_state.h"

struct tracking_keys { struct slice *names; unsigned count, cap; };    /* owned, as they are */

struct tracking_due {
	struct tracking_due *next;
	struct tracker *tracker;
	enum tracking_source kind;
	uint64_t token;              /* names its answer */
	uint64_t gate;               /* names the muted answer before it; 0: there is none */
	bool is_grouped;             /* its group's reads are to be remembered */
	bool is_answered;            /* the pong is awaited */
	bool is_own;                 /* it writes, and its client does not want to be told what it has changed itself: */
	bool is_script;              /* this may be any key */
	struct tracking_keys written;
	struct tracking_keys unseen; /* was read, and is not remembered */
	uint32_t groups_sent;        /* before it */
	uint64_t gathering;          /* its group */
};

/* A new last one. */
struct tracking_due *tracking_due_add(struct tracker *tracker, uint64_t token);
/* NULL: nothing is to be done when it is answered. */
struct tracking_due *tracking_due_find(const struct tracker *tracker, uint64_t token);
void tracking_keys_note(struct tracking_keys *keys, struct slice name);
/* It is answered, and nothing is left but to wait for the pong. */
void tracking_due_await(struct tracking_due *due);
void tracking_due_end(struct tracking_due *due);
/* Of all that is under way nothing is done any more. */
void tracking_drop_dues(struct tracker *tracker);
/* As tracking_feed_callbacks.ponged. */
void tracking_on_pong(void *context, void *due);
/* Has this client written KEY itself, and nobody else anything, in this moment? */
bool tracking_is_own(const struct tracker *tracker, struct slice key);

#endif
