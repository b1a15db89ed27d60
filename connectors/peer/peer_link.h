/* Peer link: a connection to the sidecar of another datacenter, on which requests are pipelined. It logs in, makes sure that the right datacenter answers,
 * and reconnects when it breaks. Each request has a tag, and its answer is an array of that tag and the reply itself: so answers come as they are ready, and a
 * request that is held up there holds up no other.
 * It connects when the first request is sent. While it is connecting, requests wait; while it pauses after a failure, they are refused at once. */
#ifndef CONNECTORS_PEER_LINK_H
#define CONNECTORS_PEER_LINK_H

#include "connectors/net/endpoint.h"

struct event_base;
struct peer_link;

struct peer_link_options {               /* all borrowed for the link's life */
	struct event_base *loop;
	struct endpoint endpoint;
	const char *username, *password; /* NULL: none. Without a password it does not log in */
	const char *own_dc, *peer_dc;
	unsigned protocol;               /* 2 or 3 */
	uint32_t timeout_ms;             /* how long an answer may be due while no byte moves. A request may take longer: then it is asked whether anybody is there */
	uint64_t bytes_max;              /* of requests that are not answered */
};

enum peer_failure {
	PEER_NOT_SENT,               /* the request was not executed */
	PEER_UNKNOWN,                /* it was sent, and its answer is lost: nobody knows here whether it was executed */
};

/* Called from the loop, never from within peer_link_send. Both may send again. ITEM is what the request was sent with. */
struct peer_link_callbacks {
	void *context;
	void (*replied)(void *context, void *item, struct slice reply);
	void (*failed)(void *context, void *item, enum peer_failure failure, const char *why);
};

struct peer_link *peer_link_new(const struct peer_link_options *options, const struct peer_link_callbacks *callbacks);
/* Of requests under way, FORGET is told the item. NULL is fine. */
void peer_link_free(struct peer_link *link, void (*forget)(void *item));
/* Queues REQUEST, one command in RESP that bears TAG, which is not 0, and above all earlier ones. NULL: it was taken. Else: it was not, and this is why. */
const char *peer_link_send(struct peer_link *link, uint64_t tag, void *item, struct slice request);
/* Why the last attempt to connect failed; NULL: it is connected, or was never needed. */
const char *peer_link_trouble(const struct peer_link *link);

#endif
