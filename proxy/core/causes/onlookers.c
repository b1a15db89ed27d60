/* Onlookers: keys whose changes somebody wants to hear of, because an answer of the store about them is under way or at hand. */
#include "onlookers.h"

void onlookers_add(struct onlookers *onlookers, struct onlooker *onlooker)
{
	onlooker->next = onlookers->first;
	onlookers->first = onlooker;
}

void onlookers_remove(struct onlookers *onlookers, struct onlooker *onlooker)
{
	struct onlooker **link = &onlookers->first;
	while (*link != onlooker)
		link = &(*link)->next;
	*link = onlooker->next;
}

void onlookers_touch(struct onlookers *onlookers, uint32_t db, struct slice key)
{
	for (struct onlooker *onlooker = onlookers->first; onlooker != NULL; onlooker = onlooker->next)
		onlooker->is_touched |= onlooker->db == db && slice_equal(onlooker->key, key);
}

void onlookers_touch_changed(struct onlookers *onlookers, const struct changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		if (change->kind != CHANGE_FLUSH)
			onlookers_touch(onlookers, change->db, change->key);
		for (struct onlooker *onlooker = onlookers->first; change->kind == CHANGE_FLUSH && onlooker != NULL; onlooker = onlooker->next)
			onlooker->is_touched |= change->db == DB_ALL || change->db == onlooker->db;
	}
}
