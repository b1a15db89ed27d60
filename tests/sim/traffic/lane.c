/* Lane: two ordered pipes kept as one list. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

void lane_send(struct lane *lane, const struct lane_group *group)
{
	struct lane_group *sent = memory_new(sizeof(*sent));

	*sent = *group;
	sent->bytes = buffer_copy(group->bytes);
	sent->slots = memory_new((group->slot_count + 1) * sizeof(*sent->slots));
	if (group->slot_count > 0)
		memcpy(sent->slots, group->slots, group->slot_count * sizeof(*sent->slots));
	lane->groups = array_grow(lane->groups, lane->count, &lane->cap, sizeof(struct lane_group *));
	lane->groups[lane->count++] = sent;
}

struct lane_group *lane_next(const struct lane *lane)
{
	unsigned unexecuted = lane_unexecuted(lane);

	return unexecuted == 0 ? NULL : lane->groups[lane->count - unexecuted];
}

unsigned lane_unexecuted(const struct lane *lane)
{
	unsigned unexecuted = 0;

	while (unexecuted < lane->count && !lane->groups[lane->count - 1 - unexecuted]->is_executed)
		unexecuted++;
	return unexecuted;
}

struct lane_group *lane_take_answer(struct lane *lane)
{
	struct lane_group *group;

	if (lane->count == 0 || !lane->groups[0]->is_executed)
		return NULL;
	group = lane->groups[0];
	lane->count--;
	memmove(lane->groups, lane->groups + 1, lane->count * sizeof(struct lane_group *));
	return group;
}

void lane_group_free(struct lane_group *group)
{
	sim_replies_free(&group->replies);
	bytes_free(group->bytes);
	memory_free(group->slots);
	memory_free(group);
}

void lane_break(struct lane *lane)
{
	for (unsigned i = 0; i < lane->count; i++)
		lane_group_free(lane->groups[i]);
	free(lane->groups);
	*lane = (struct lane){ .count = 0 };
}
