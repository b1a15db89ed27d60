/* Pool: a hash table with linear probing over owned texts. */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

struct pool_item {
	char *ptr;              /* owned */
	size_t len;
	uint64_t hash;
};

struct pool {
	struct pool_item *items; /* by id */
	unsigned count;
	unsigned cap;
	uint32_t *slots;         /* id + 1, 0: empty */
	unsigned slot_count;     /* a power of two */
};

void *array_grow(void *items, unsigned count, unsigned *cap, size_t item_size)
{
	if (count < *cap)
		return items;
	*cap = *cap == 0 ? 8 : *cap * 2;
	items = realloc(items, *cap * item_size);
	if (items == NULL)
		abort();
	return items;
}

static uint64_t text_hash(struct slice text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 29);
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		abort();
	pool->slot_count = 1024;
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	if (pool->slots == NULL)
		abort();
	pool_intern(pool, SLICE(""));
	return pool;
}

void pool_free(struct pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		free(pool->items[i].ptr);
	free(pool->items);
	free(pool->slots);
	free(pool);
}

static void slots_double(struct pool *pool)
{
	free(pool->slots);
	pool->slot_count *= 2;
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	if (pool->slots == NULL)
		abort();
	for (unsigned id = 0; id < pool->count; id++) {
		uint64_t slot = pool->items[id].hash;

		while (pool->slots[slot & (pool->slot_count - 1)] != 0)
			slot++;
		pool->slots[slot & (pool->slot_count - 1)] = id + 1;
	}
}

uint32_t pool_intern(struct pool *pool, struct slice text)
{
	uint64_t hash = text_hash(text);
	uint64_t slot = hash;
	struct pool_item *item;

	for (; pool->slots[slot & (pool->slot_count - 1)] != 0; slot++) {
		uint32_t id = pool->slots[slot & (pool->slot_count - 1)] - 1;

		item = &pool->items[id];
		if (item->hash == hash && item->len == text.len && (text.len == 0 || memcmp(item->ptr, text.ptr, text.len) == 0))
			return id;
	}
	pool->slots[slot & (pool->slot_count - 1)] = pool->count + 1;
	pool->items = array_grow(pool->items, pool->count, &pool->cap, sizeof(*pool->items));
	item = &pool->items[pool->count++];
	item->ptr = malloc(text.len + 1);
	if (item->ptr == NULL)
		abort();
	if (text.len > 0)
		memcpy(item->ptr, text.ptr, text.len);
	item->ptr[text.len] = '\0';
	item->len = text.len;
	item->hash = hash;
	if (pool->count * 2 > pool->slot_count)
		slots_double(pool);
	return pool->count - 1;
}

struct slice pool_text(const struct pool *pool, uint32_t id)
{
	return (struct slice){ pool->items[id].ptr, pool->items[id].len };
}
