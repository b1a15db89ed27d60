/* Tracking feed: a connection to Redis on which it tells what has changed. Either all keys (CLIENT TRACKING ON BCAST), or those that were read on another connection
 * that names this one (REDIRECT). */
#ifndef PROXY_TRACKING_FEED_H
#define PROXY_TRACKING_FEED_H

#include "upstream.h"

struct tracking_feed;

/* None may free the feed, but LOST. */
struct tracking_feed_callbacks {
	void *context;
	void (*ready)(void *context, int64_t id);        /* the connection's own number: CLIENT ID */
	void (*pushed)(void *context, struct slice push);
	void (*ponged)(void *context, void *who);        /* all that had changed before tracking_feed_ping was told */
	void (*lost)(void *context, struct slice error); /* ERROR: Redis's refusal, a whole reply; empty: the connection broke. Free it */
};

struct tracking_feed *tracking_feed_new(struct event_base *loop, const struct sidecar_status *status, bool is_broadcast, const struct tracking_feed_callbacks *callbacks);
void tracking_feed_free(struct tracking_feed *feed);        /* NULL is fine */
void tracking_feed_ping(struct tracking_feed *feed, void *who);
/* WHO is not told any more. */
void tracking_feed_forget(struct tracking_feed *feed, const void *who);

#endif
