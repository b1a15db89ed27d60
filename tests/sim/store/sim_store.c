/* Store: the simulated Redis as a whole: its transactions, its expiry, and the journal from which it is brought back to an earlier state. */
#include "sim_command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim_store_state.h"

#define KEY_BYTES 64
#define ELEMENT_BYTES 16

struct sim_store *sim_store_new(struct pool *pool, uint64_t seed, const struct sim_observer *observer)
{
	struct sim_store *store = memory_new(sizeof(*store));

	store->pool = pool;
	store->seed = seed;
	store->observer = *observer;
	return store;
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

static void store_record(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms)
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

unsigned sim_store_journal_since(const struct sim_store *store, uint64_t now_ms)
{
	unsigned count = store->journal_count;

	while (count > 0 && store->journal[count - 1].now_ms >= now_ms)
		count--;
	return count;
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

static uint64_t key_bytes(const struct sim_store *store, const struct sim_key *key)
{
	uint64_t bytes = KEY_BYTES + pool_text(store->pool, key->name).len;

	for (unsigned i = 0; i < key->count; i++)
		bytes += ELEMENT_BYTES + pool_text(store->pool, key->elements[i].name).len + pool_text(store->pool, key->elements[i].value).len;
	for (unsigned i = 0; i < key->entry_count; i++)
		bytes += ELEMENT_BYTES + pool_text(store->pool, key->entries[i].value).len;
	return bytes;
}

uint64_t sim_store_bytes(const struct sim_store *store, bool is_with_reserved)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < store->key_count; i++)
		if (is_with_reserved || store->keys[i]->db != SIM_RESERVED_DB)
			bytes += key_bytes(store, store->keys[i]);
	return bytes;
}

void sim_store_meddle(struct sim_store *store, struct slice bytes, uint64_t now_ms)
{
	struct sim_replies ignored = { .count = 0 };

	store->is_replaying = true;
	store_run(store, bytes, 2, now_ms, &ignored);
	store->is_replaying = false;
	store_record(store, bytes, 2, now_ms);
	sim_replies_free(&ignored);
}

const char *sim_store_execute(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms, struct sim_replies *replies)
{
	const char *wrong = store_run(store, bytes, protocol, now_ms, replies);

	store_record(store, bytes, protocol, now_ms);
	return wrong;
}
