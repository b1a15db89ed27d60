/* Happenings: a binary heap by (time, order of planning). */
#include "happening.h"

#include <stdlib.h>

#include "tests/sim/store/pool.h"

static bool is_earlier(const struct happening *a, const struct happening *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void happenings_plan(struct happenings *happenings, const struct happening *happening)
{
	struct happening planned = *happening;
	unsigned at = happenings->count;

	planned.order = happenings->planned++;
	happenings->items = array_grow(happenings->items, happenings->count, &happenings->cap, sizeof(*happenings->items));
	happenings->count++;
	while (at > 0 && is_earlier(&planned, &happenings->items[(at - 1) / 2])) {
		happenings->items[at] = happenings->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	happenings->items[at] = planned;
}

bool happenings_take(struct happenings *happenings, struct happening *happening)
{
	struct happening last;
	unsigned at = 0;

	if (happenings->count == 0)
		return false;
	*happening = happenings->items[0];
	last = happenings->items[--happenings->count];
	for (;;) {
		unsigned child = at * 2 + 1;

		if (child >= happenings->count)
			break;
		if (child + 1 < happenings->count && is_earlier(&happenings->items[child + 1], &happenings->items[child]))
			child++;
		if (!is_earlier(&happenings->items[child], &last))
			break;
		happenings->items[at] = happenings->items[child];
		at = child;
	}
	if (happenings->count > 0)
		happenings->items[at] = last;
	return true;
}

void happenings_free(struct happenings *happenings)
{
	free(happenings->items);
	*happenings = (struct happenings){ .count = 0 };
}
