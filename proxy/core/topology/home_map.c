#include "home_map.h"

#include <assert.h>

#define SMALL 8                      /* entries: so few may stand without a gap */

static uint64_t bits_of(const struct explicit_home *home)
{
	assert(home->epoch > 0 && home->epoch <= HOME_EPOCH_MAX && home->dc <= CORE_DC_UNKNOWN);
	return home->epoch << 9 | (uint64_t)home->is_forced << 8 | home->dc;
}

static unsigned dc_of(uint64_t bits)
{
	return (unsigned)(bits & 0xff);
}

/* Where the search for HASH begins. The part is chosen by other bits. */
static uint32_t start_of(const struct home_part *part, struct user_hash hash)
{
	return (uint32_t)((hash.low >> 32) * part->cap >> 32);
}

static struct home_part *part_of(const struct home_map *map, struct user_hash hash)
{
	return (struct home_part *)&map->parts[hash.high % HOME_MAP_PARTS];
}

/* The entry of HASH, or the free one where it belongs. NULL: there is neither. */
static struct home_entry *part_find(const struct home_part *part, struct user_hash hash)
{
	uint32_t at = part->cap == 0 ? 0 : start_of(part, hash);
	for (uint32_t i = 0; i < part->cap; i++) {
		struct home_entry *entry = &part->entries[at];
		if (entry->bits == 0 || (entry->hash.low == hash.low && entry->hash.high == hash.high))
			return entry;
		at = at + 1 == part->cap ? 0 : at + 1;
	}
	return NULL;
}

static bool has_room(uint32_t count, uint32_t cap)
{
	return cap < SMALL ? count <= cap : (uint64_t)count * 5 <= (uint64_t)cap * 4;
}

static void part_grow(struct home_map *map, struct home_part *part)
{
	struct home_part grown = { .count = part->count, .cap = part->cap };
	while (!has_room(part->count + 1, grown.cap))
		grown.cap += 1 + grown.cap / 4;
	if (grown.cap == part->cap)
		return;
	grown.entries = memory_new(grown.cap * sizeof *grown.entries);
	for (uint32_t i = 0; i < part->cap; i++)
		if (part->entries[i].bits != 0)
			*part_find(&grown, part->entries[i].hash) = part->entries[i];
	map->bytes += (uint64_t)(grown.cap - part->cap) * sizeof *grown.entries;
	memory_free(part->entries);
	*part = grown;
}

bool home_map_get(const struct home_map *map, struct user_hash hash, struct explicit_home *home)
{
	const struct home_entry *entry = part_find(part_of(map, hash), hash);
	if (entry == NULL || entry->bits == 0)
		return false;
	*home = (struct explicit_home){ dc_of(entry->bits), entry->bits >> 9, entry->bits >> 8 & 1 };
	return true;
}

void home_map_set(struct home_map *map, struct user_hash hash, const struct explicit_home *home)
{
	struct home_part *part = part_of(map, hash);
	struct home_entry *entry = part_find(part, hash);
	if (entry == NULL || entry->bits == 0) {
		part_grow(map, part);
		entry = part_find(part, hash);
		part->count++;
		map->count++;
	} else {
		map->counts[dc_of(entry->bits)]--;
	}
	*entry = (struct home_entry){ hash, bits_of(home) };
	map->counts[home->dc]++;
}

void home_map_clear(struct home_map *map)
{
	for (unsigned i = 0; i < HOME_MAP_PARTS; i++)
		memory_free(map->parts[i].entries);
	*map = (struct home_map){ .count = 0 };
}
