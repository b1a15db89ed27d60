/* Store: keyspace, expiry and journal of the simulated Redis. Commands are in sim_command.c and its neighbours. */
#include "sim_command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim_store_state.h"

struct sim_store *sim_store_new(struct pool *pool, uint64_t seed, const struct sim_observer *observer)
{
	struct sim_store *store = memory_new(sizeof(*store));

	store->pool = pool;
	store->seed = seed;
	store->observer = *observer;
	return store;
}

void key_release_content(struct sim_key *key)
{
	free(key->elements);
	free(key->entries);
}

static void key_free(struct sim_key *key)
{
	key_release_content(key);
	memory_free(key);
}

static void keys_free(struct sim_store *store)
{
	for (unsigned i = 0; i < store->key_count; i++)
		key_free(store->keys[i]);
	store->key_count = 0;
}

void sim_store_free(struct sim_store *store)
{
	keys_free(store);
	for (unsigned i = 0; i < store->journal_count; i++)
		memory_free(store->journal[i].bytes);
	free(store->journal);
	free(store->keys);
	memory_free(store);
}

/* ---- keys ---- */

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

static void key_expire(struct sim_store *store, struct sim_key *key)
{
	uint32_t db = key->db, name = key->name;

	store_remove(store, key);
	if (!store->is_replaying)
		store->observer.expired(store->observer.context, db, name);
}

static bool key_is_expired(const struct sim_key *key, uint64_t now_ms)
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
	to->expire_at_ms = from->expire_at_ms;
}

/* ---- expiry and journal ---- */

static void expire_all(struct sim_store *store, uint64_t now_ms)
{
	for (unsigned i = store->key_count; i-- > 0;)
		if (key_is_expired(store->keys[i], now_ms))
			key_expire(store, store->keys[i]);
}

static bool has_expired(const struct sim_store *store, uint64_t now_ms)
{
	for (unsigned i = 0; i < store->key_count; i++)
		if (key_is_expired(store->keys[i], now_ms))
			return true;
	return false;
}

void store_record(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms)
{
	struct journal_entry *entry;

	store->journal = array_grow(store->journal, store->journal_count, &store->journal_cap, sizeof(*store->journal));
	entry = &store->journal[store->journal_count++];
	entry->bytes = memory_new(bytes.len + 1);
	if (bytes.len > 0)
		memcpy(entry->bytes, bytes.ptr, bytes.len);
	entry->len = bytes.len;
	entry->protocol = protocol;
	entry->now_ms = now_ms;
}

void sim_store_expire(struct sim_store *store, uint64_t now_ms)
{
	if (!has_expired(store, now_ms))
		return;
	store_record(store, (struct slice){ NULL, 0 }, 0, now_ms);
	expire_all(store, now_ms);
}

unsigned sim_store_journal(const struct sim_store *store)
{
	return store->journal_count;
}

void sim_store_rewind(struct sim_store *store, unsigned count)
{
	struct sim_replies ignored = { .count = 0 };

	assert(count <= store->journal_count);
	for (unsigned i = count; i < store->journal_count; i++)
		memory_free(store->journal[i].bytes);
	keys_free(store);
	store->is_replaying = true;
	for (store->journal_count = 0; store->journal_count < count; store->journal_count++) {
		const struct journal_entry *entry = &store->journal[store->journal_count];

		if (entry->len == 0)
			expire_all(store, entry->now_ms);
		else
			store_run(store, (struct slice){ entry->bytes, entry->len }, entry->protocol, entry->now_ms, &ignored);
	}
	store->is_replaying = false;
	sim_replies_free(&ignored);
}

void sim_store_drop_expired(struct sim_store *store, uint64_t now_ms, void (*lost)(void *context, uint32_t db, uint32_t key), void *context)
{
	if (!has_expired(store, now_ms))
		return;
	store_record(store, (struct slice){ NULL, 0 }, 0, now_ms);
	for (unsigned i = store->key_count; i-- > 0;) {
		struct sim_key *key = store->keys[i];

		if (!key_is_expired(key, now_ms))
			continue;
		lost(context, key->db, key->name);
		store_remove(store, key);
	}
}
