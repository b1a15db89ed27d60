/* Groups: those that were sent to the store and not yet answered, oldest first, and who gets which of their replies. Private to this room. */
#ifndef PROXY_TURN_GROUPS_H
#define PROXY_TURN_GROUPS_H

#include "proxy/core/vocabulary/effect.h"

struct turn_group {
	uint64_t id;
	const struct slot *slots;    /* borrowed from the core until it has the answer */
	unsigned slot_count;
	bool has_entry;              /* as in EFFECT_GROUP */
	unsigned entry_reply;
	unsigned protocol;           /* likewise */
};

/* Zero-initialised is empty. */
struct turn_groups {
	struct turn_group *ring;     /* owned */
	uint32_t cap;                /* a power of two */
	uint32_t first, next;        /* count up, and wrap around */
};

void turn_groups_free(struct turn_groups *groups);
void turn_groups_clear(struct turn_groups *groups);
void turn_groups_add(struct turn_groups *groups, const struct effect *group);
struct turn_group turn_groups_take(struct turn_groups *groups);

#endif
