/* Waiters: the table of keys that are waited for (see waiters.h). */
#include "waiters.h"

#include <assert.h>

static struct waited_key *key_of(struct table_node *node)
{
	return (struct waited_key *)(void *)node;
}

/* ---- keys that are due ---- */

static void key_is_due(struct waiters *waiters, struct waited_key *key)
{
	if (key->is_due)
		return;
	key->is_due = true;
	key->previous_due = waiters->last_due;
	key->next_due = NULL;
	*(waiters->last_due == NULL ? &waiters->first_due : &waiters->last_due->next_due) = key;
	waiters->last_due = key;
}

static void key_is_not_due(struct waiters *waiters, struct waited_key *key)
{
	if (!key->is_due)
		return;
	key->is_due = false;
	*(key->previous_due == NULL ? &waiters->first_due : &key->previous_due->next_due) = key->next_due;
	*(key->next_due == NULL ? &waiters->last_due : &key->next_due->previous_due) = key->previous_due;
}

static bool key_has_something(const struct waited_key *key)
{
	return key->is_read ? key->found == WAITED_STREAM : key->found == WAITED_LIST || key->found == WAITED_ZSET;
}

static void keys_are_due(struct waiters *waiters, const struct waiter *waiter)
{
	for (uint32_t i = 0; i < waiter->place_count; i++)
		if (key_has_something(waiter->places[i].key))
			key_is_due(waiters, waiter->places[i].key);
}

/* ---- keys ---- */

struct waited_key *waiters_named(const struct waiters *waiters, struct slice name, const struct waited_key *key)
{
	struct table_node *node = key == NULL ? table_first(&waiters->keys, slice_hash(name)) : table_same(&key->node);
	while (node != NULL && !slice_equal(key_of(node)->name, name))
		node = table_same(node);
	return node == NULL ? NULL : key_of(node);
}

static struct waited_key *key_find(const struct waiters *waiters, uint32_t db, struct slice name, bool is_read)
{
	struct waited_key *key = waiters_named(waiters, name, NULL);
	while (key != NULL && (key->db != db || key->is_read != is_read))
		key = waiters_named(waiters, name, key);
	return key;
}

static struct waited_key *key_make(struct waiters *waiters, uint32_t db, struct slice name, bool is_read)
{
	struct waited_key *key = key_find(waiters, db, name, is_read);
	if (key != NULL)
		return key;
	key = memory_new(sizeof(*key));
	key->db = db;
	key->is_read = is_read;
	key->name = buffer_copy(name);
	table_add(&waiters->keys, &key->node, slice_hash(name));
	return key;
}

static void key_drop(struct waiters *waiters, struct waited_key *key)
{
	key_is_not_due(waiters, key);
	table_remove(&waiters->keys, &key->node);
	bytes_free(key->name);
	memory_free(key);
}

/* ---- coming and going ---- */

static void place_take(struct waiter_place *place, struct waiter_place *before)
{
	struct waited_key *key = place->key;
	place->next = before;
	place->previous = before == NULL ? key->last : before->previous;
	*(place->previous == NULL ? &key->first : &place->previous->next) = place;
	*(before == NULL ? &key->last : &before->previous) = place;
}

static void place_leave(struct waiter_place *place)
{
	struct waited_key *key = place->key;
	*(place->previous == NULL ? &key->first : &place->previous->next) = place->next;
	*(place->next == NULL ? &key->last : &place->next->previous) = place->previous;
}

void waiters_enter(struct waiters *waiters, struct waiter *waiter, uint32_t db, const struct slice *keys, uint32_t count)
{
	waiter->places = memory_new(count * sizeof(*waiter->places));
	waiter->place_count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct waiter_place *place = &waiter->places[i];
		place->waiter = waiter;
		place->key = key_make(waiters, db, keys[i], waiter->wanted == WAITED_STREAM);
		place->tried_tellings = place->key->tellings;    /* it tries when it comes */
		place_take(place, NULL);
	}
	waiter->previous = waiters->last;
	*(waiters->last == NULL ? &waiters->first : &waiters->last->next) = waiter;
	waiters->last = waiter;
	waiters->count++;
}

void waiters_leave(struct waiters *waiters, struct waiter *waiter)
{
	keys_are_due(waiters, waiter);
	for (uint32_t i = 0; i < waiter->place_count; i++) {
		place_leave(&waiter->places[i]);
		if (waiter->places[i].key->first == NULL)
			key_drop(waiters, waiter->places[i].key);
	}
	memory_free(waiter->places);
	*(waiter->previous == NULL ? &waiters->first : &waiter->previous->next) = waiter->next;
	*(waiter->next == NULL ? &waiters->last : &waiter->next->previous) = waiter->previous;
	waiters->count--;
}

bool waiters_have(const struct waiters *waiters, uint32_t db, const struct slice *keys, uint32_t count)
{
	for (uint32_t i = 0; waiters->count > 0 && i < count; i++)
		if (key_find(waiters, db, keys[i], false) != NULL)
			return true;
	return false;
}

void waiters_free(struct waiters *waiters)
{
	assert(waiters->count == 0);
	table_free(&waiters->keys);
}

/* ---- trying ---- */

static void key_tell(struct waiters *waiters, struct waited_key *key, enum waited_type found)
{
	if (key == NULL)
		return;
	key->found = found;
	key->tellings++;
	if (key_has_something(key))
		key_is_due(waiters, key);
}

void waiters_tell(struct waiters *waiters, uint32_t db, struct slice name, enum waited_type found)
{
	key_tell(waiters, key_find(waiters, db, name, false), found);
	key_tell(waiters, key_find(waiters, db, name, true), found);
}

void waiters_try_all(struct waiter *waiter)
{
	waiter->is_trying = true;
	waiter->tried = NULL;
}

static struct waiter *key_next_popper(const struct waited_key *key)
{
	struct waiter_place *place = key->first;
	while (place != NULL && place->waiter->wanted != key->found)
		place = place->next;
	return place == NULL || place->waiter->is_trying ? NULL : place->waiter;
}

/* One that is trying already is passed over: it counts as not having tried when it has missed. */
static struct waiter *key_next_reader(struct waited_key *key)
{
	struct waiter_place *place = key->first;
	while (place != NULL && place->tried_tellings != key->tellings) {
		place->tried_tellings = key->tellings;
		place_leave(place);
		place_take(place, NULL);
		if (!place->waiter->is_trying)
			return place->waiter;
		place->is_passed = true;
		place = key->first;
	}
	return NULL;
}

/* A key whose next waiter is trying comes again when that one has missed, or leaves. */
struct waiter *waiters_next(struct waiters *waiters, struct waited_key **key)
{
	while (waiters->first_due != NULL) {
		struct waited_key *due = waiters->first_due;
		struct waiter *waiter = due->is_read ? key_next_reader(due) : key_next_popper(due);
		if (waiter == NULL || !due->is_read)
			key_is_not_due(waiters, due);
		if (waiter == NULL)
			continue;
		waiter->is_trying = true;
		waiter->tried = *key = due;
		waiter->tried_tellings = due->tellings;
		return waiter;
	}
	return NULL;
}

static void reader_misses(struct waiter *waiter)
{
	for (uint32_t i = 0; i < waiter->place_count; i++) {
		struct waiter_place *place = &waiter->places[i];
		if (!place->is_passed)
			continue;
		place->is_passed = false;
		place->tried_tellings = 0;
		place_leave(place);
		place_take(place, place->key->first);
	}
}

/* Unless the key was told anew meanwhile, there is nothing in it to pop, and who has emptied it will be told of. */
void waiters_miss(struct waiters *waiters, struct waiter *waiter)
{
	struct waited_key *tried = waiter->tried;
	if (waiter->wanted == WAITED_STREAM)
		reader_misses(waiter);
	else if (tried != NULL && tried->tellings == waiter->tried_tellings)
		tried->found = WAITED_NOTHING;
	waiter->is_trying = false;
	waiter->tried = NULL;
	keys_are_due(waiters, waiter);
}
