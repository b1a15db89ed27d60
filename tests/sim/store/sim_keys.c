/* Keys: the keyspace of the simulated Redis, with lazy expiry, and what a key holds. */
#include "sim_command.h"

#include <assert.h>
#include <stdlib.h>

#include "sim_store_state.h"

void key_release_content(struct sim_key *key)
{
	free(key->elements);
	free(key->entries);
	free(key->parts);
}

void key_free(struct sim_key *key)
{
	key_release_content(key);
	memory_free(key);
}

static struct sim_key *key_find(const struct sim_store *store, uint32_t db, uint32_t name)
{
	for (unsigned i = 0; i < store->key_count; i++)
		if (store->keys[i]->name == name && store->keys[i]->db == db)
			return store->keys[i];
	return NULL;
}

const struct sim_key *sim_store_find(const struct sim_store *store, uint32_t db, uint32_t name)
{
	return key_find(store, db, name);
}

unsigned sim_store_key_count(const struct sim_store *store)
{
	return store->key_count;
}

const struct sim_key *sim_store_key_at(const struct sim_store *store, unsigned index)
{
	return store->keys[index];
}

void store_remove(struct sim_store *store, struct sim_key *key)
{
	for (unsigned i = 0; i < store->key_count; i++) {
		if (store->keys[i] != key)
			continue;
		store->keys[i] = store->keys[--store->key_count];
		key_free(key);
		return;
	}
	assert(false && "the key is in the store");
}

void store_remove_if_empty(struct sim_store *store, struct sim_key *key)
{
	if (key->count == 0)
		store_remove(store, key);
}

void key_expire(struct sim_store *store, struct sim_key *key)
{
	uint32_t db = key->db, name = key->name;

	store_remove(store, key);
	if (!store->is_replaying)
		store->observer.expired(store->observer.context, db, name);
}

bool key_is_expired(const struct sim_key *key, uint64_t now_ms)
{
	return key->expire_at_ms != 0 && (uint64_t)key->expire_at_ms <= now_ms;
}

struct sim_key *store_lookup_in(struct sim_call *call, uint32_t db, struct slice name)
{
	struct sim_key *key = key_find(call->store, db, store_intern(call, name));

	if (key == NULL || !key_is_expired(key, call->now_ms))
		return key;
	key_expire(call->store, key);
	return NULL;
}

struct sim_key *store_lookup(struct sim_call *call, struct slice name)
{
	return store_lookup_in(call, call->db, name);
}

struct sim_key *store_lookup_typed(struct sim_call *call, struct slice name, enum sim_type type, bool *is_wrong)
{
	struct sim_key *key = store_lookup(call, name);

	*is_wrong = key != NULL && key->type != type;
	if (*is_wrong)
		reply_error(call, "WRONGTYPE Operation against a key holding the wrong kind of value");
	return *is_wrong ? NULL : key;
}

struct sim_key *store_create(struct sim_call *call, uint32_t db, uint32_t name, enum sim_type type)
{
	struct sim_store *store = call->store;
	struct sim_key *key = memory_new(sizeof(*key));

	assert(key_find(store, db, name) == NULL);
	key->db = db;
	key->name = name;
	key->type = type;
	store->keys = array_grow(store->keys, store->key_count, &store->key_cap, sizeof(struct sim_key *));
	store->keys[store->key_count++] = key;
	return key;
}

void store_flush(struct sim_store *store, uint32_t db)
{
	for (unsigned i = store->key_count; i-- > 0;)
		if (store->keys[i]->db == db)
			store_remove(store, store->keys[i]);
}

uint32_t store_intern(struct sim_call *call, struct slice text)
{
	return pool_intern(call->store->pool, text);
}

struct slice store_text(struct sim_call *call, uint32_t id)
{
	return pool_text(call->store->pool, id);
}

/* ---- elements ---- */

struct sim_element *key_element(struct sim_key *key, uint32_t name)
{
	for (unsigned i = 0; i < key->count; i++)
		if (key->elements[i].name == name)
			return &key->elements[i];
	return NULL;
}

const struct sim_element *sim_key_element(const struct sim_key *key, uint32_t name)
{
	for (unsigned i = 0; i < key->part_count; i++)
		if (key->parts[i].name == name)
			return &key->parts[i];
	return key_element((struct sim_key *)key, name);
}

struct sim_element *key_element_add(struct sim_key *key, uint32_t name)
{
	struct sim_element *element = key_element(key, name);

	if (element != NULL)
		return element;
	key->elements = array_grow(key->elements, key->count, &key->cap, sizeof(*key->elements));
	element = &key->elements[key->count++];
	*element = (struct sim_element){ .name = name };
	return element;
}

void key_element_remove(struct sim_key *key, struct sim_element *element)
{
	*element = key->elements[--key->count];
}

void key_copy_content(struct sim_key *to, const struct sim_key *from)
{
	for (unsigned i = 0; i < from->count; i++)
		*key_element_add(to, from->elements[i].name) = from->elements[i];
	for (unsigned i = 0; i < from->part_count; i++) {
		to->parts = array_grow(to->parts, to->part_count, &to->part_cap, sizeof(*to->parts));
		to->parts[to->part_count++] = from->parts[i];
	}
	to->last_ms = from->last_ms;
	to->last_seq = from->last_seq;
	to->expire_at_ms = from->expire_at_ms;
}
