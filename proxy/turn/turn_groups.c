/* Groups: a ring (see turn_groups.h). */
#include "turn_groups.h"

#include <assert.h>

#define RING_CAP_MIN 64

void turn_groups_free(struct turn_groups *groups)
{
	memory_free(groups->ring);
	*groups = (struct turn_groups){ 0 };
}

void turn_groups_clear(struct turn_groups *groups)
{
	groups->first = groups->next;
}

static void ring_grow(struct turn_groups *groups)
{
	uint32_t cap = groups->cap == 0 ? RING_CAP_MIN : groups->cap * 2;
	struct turn_group *ring = memory_new(cap * sizeof(*ring));
	for (uint32_t i = groups->first; i != groups->next; i++)
		ring[i & (cap - 1)] = groups->ring[i & (groups->cap - 1)];
	memory_free(groups->ring);
	groups->ring = ring;
	groups->cap = cap;
}

void turn_groups_add(struct turn_groups *groups, const struct effect *group)
{
	assert(group->type == EFFECT_GROUP);
	if (groups->next - groups->first == groups->cap)
		ring_grow(groups);
	groups->ring[groups->next++ & (groups->cap - 1)] =
		(struct turn_group){ group->group.id, group->group.slots, group->group.slot_count, group->group.has_entry, group->group.entry_reply, group->group.protocol };
}

struct turn_group turn_groups_take(struct turn_groups *groups)
{
	assert(groups->first != groups->next);
	return groups->ring[groups->first++ & (groups->cap - 1)];
}
