/* Key looks: a connection of the sidecar's own that looks at keys, and is told by Redis when one that was looked at has changed, by whatever write: that is
 * CLIENT TRACKING. Redis remembers the keys that were looked at, so no other write costs anything. It tells no database with a key.
 * A key that has changed is told of once, and again only after another look. */
#ifndef PROXY_KEY_LOOKS_H
#define PROXY_KEY_LOOKS_H

#include "upstream.h"
#include "waiters.h"

struct key_looks;

struct key_looks_callbacks {
	void *context;
	void (*found)(void *context, uint64_t token, uint32_t db, struct slice key, enum waited_type type);
	void (*changed)(void *context, struct slice key);
	void (*changed_all)(void *context);              /* it may be any key */
	/* Free it: it tells nothing any more. ERROR: Redis's refusal, a whole reply; empty: the connection broke. */
	void (*lost)(void *context, struct slice error);
};

struct key_looks *key_looks_new(struct event_base *loop, const struct sidecar_status *status, const struct key_looks_callbacks *callbacks);
void key_looks_free(struct key_looks *looks);        /* NULL is fine */
/* Answered by FOUND, in the order of asking. TOKEN is the caller's. */
void key_looks_at(struct key_looks *looks, uint32_t db, struct slice key, uint64_t token);

#endif
