/* Tracking: CLIENT TRACKING. All clients share the sidecar's connections to Redis, so Redis cannot know which client has read what. It knows which keys were
 * read for clients that track: their reads go the usual way, each behind a CLIENT CACHING YES. When one changes, by whatever write, Redis says so once, and
 * the sidecar knows who is to be told (tracked_keys.h). Clients that track all keys of a prefix (BCAST) are told from a connection on which Redis tells of all keys.
 *
 *   tracking_feed.c   a connection on which Redis tells     tracked_keys.c      who has read what
 *   tracking_dues.c   requests that are under way           tracking_tell.c     what clients are told
 *   tracking_requests.c   what their requests read and write
 *
 * Never is a client left with what has changed. It may be told of a key that has not: where a read could not be remembered it is told at once. */
#ifndef PROXY_TRACKING_H
#define PROXY_TRACKING_H

#include "tracking_state.h"

struct tracking_options {
	bool is_broadcast, is_optin, is_optout, is_noloop;
	uint64_t redirect, target;
	const struct slice *prefixes;
	unsigned prefix_count;
};

/* CLIENT TRACKING ON: the options are good. It is answered here, perhaps later. */
void tracking_begin(struct session *session, const struct tracking_options *options);
void tracking_end(struct session *session);
/* The client is gone. */
void tracking_leave(struct session *session);
/* It speaks another version of the protocol from now on. */
void tracking_follow_protocol(struct session *session);
/* NULL: it does not track. */
const struct tracker *tracking_of(const struct session *session);

/* As turn_callbacks.tracked; CONTEXT is the sessions. */
void sessions_tracked(void *context, unsigned protocol, struct slice push);
void sessions_lose_tracking(struct sessions *sessions);
void sessions_resume_tracking(struct sessions *sessions);
void sessions_free_tracking(struct sessions *sessions);

#endif
