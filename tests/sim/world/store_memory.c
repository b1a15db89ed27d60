/* Store memory: what a store's reserved database tells a sidecar that connects. */
#include "store_memory.h"

static const struct sim_key *reserved_key(const struct world *world, const struct dc *dc, const char *name)
{
	return sim_store_find(dc->store, SIM_RESERVED_DB, pool_intern(world->pool, slice_of(name)));
}

static struct stored_pair *read_pairs(const struct world *world, const struct sim_key *hash, unsigned *count)
{
	struct stored_pair *pairs = memory_new(((hash == NULL ? 0 : hash->count) + 1) * sizeof(*pairs));

	*count = hash == NULL ? 0 : hash->count;
	for (unsigned i = 0; i < *count; i++) {
		pairs[i].field = pool_text(world->pool, hash->elements[i].name);
		pairs[i].value = pool_text(world->pool, hash->elements[i].value);
	}
	return pairs;
}

static bool is_marked(const struct world *world, const struct dc *dc, const char *name)
{
	const struct sim_key *hash = reserved_key(world, dc, name);

	return hash != NULL && sim_key_element(hash, pool_intern(world->pool, slice_of(CORE_MARK))) != NULL;
}

static unsigned marked_parts(const struct world *world, const struct dc *dc)
{
	unsigned parts = reserved_key(world, dc, CORE_OUTBOX_KEY) != NULL ? 1u << PART_OUTBOX : 0;

	parts |= is_marked(world, dc, CORE_POSITIONS_KEY) ? 1u << PART_POSITIONS : 0;
	parts |= is_marked(world, dc, CORE_EPISODES_KEY) ? 1u << PART_EPISODES : 0;
	parts |= is_marked(world, dc, CORE_HOMES_KEY) ? 1u << PART_HOMES : 0;
	return parts | (is_marked(world, dc, CORE_VERSIONS_KEY) ? 1u << PART_VERSIONS : 0);
}

static bool has_data(const struct dc *dc)
{
	for (unsigned i = 0; i < sim_store_key_count(dc->store); i++)
		if (sim_store_key_at(dc->store, i)->db != SIM_RESERVED_DB)
			return true;
	return false;
}

struct event store_memory_read(const struct world *world, const struct dc *dc, struct store_memory *memory)
{
	const struct sim_key *outbox = reserved_key(world, dc, CORE_OUTBOX_KEY);
	struct event event = { .type = EVENT_OPENED };

	memory->homes = NULL;
	memory->positions = read_pairs(world, reserved_key(world, dc, CORE_POSITIONS_KEY), &event.opened.position_count);
	memory->episodes = read_pairs(world, reserved_key(world, dc, CORE_EPISODES_KEY), &event.opened.episode_count);
	event.opened.outbox_count = outbox == NULL ? 0 : outbox->entry_count;
	memory->outbox = memory_new((event.opened.outbox_count + 1) * sizeof(*memory->outbox));
	for (unsigned i = 0; i < event.opened.outbox_count; i++) {
		const struct sim_entry *entry = &outbox->entries[i];

		memory->outbox[i] = (struct stored_entry){ entry->ms, entry->seq, pool_text(world->pool, entry->field), pool_text(world->pool, entry->value) };
	}
	event.opened.positions = memory->positions;
	event.opened.episodes = memory->episodes;
	event.opened.outbox = memory->outbox;
	event.opened.parts = marked_parts(world, dc);
	event.opened.is_data_there = has_data(dc);
	return event;
}

struct event store_memory_homes(const struct world *world, const struct dc *dc, struct store_memory *memory)
{
	struct event event = { .type = EVENT_HOMES, .homes.is_first = true };

	memory->homes = read_pairs(world, reserved_key(world, dc, CORE_HOMES_KEY), &event.homes.count);
	event.homes.pairs = memory->homes;
	return event;
}

void store_memory_free(struct store_memory *memory)
{
	memory_free(memory->positions);
	memory_free(memory->episodes);
	memory_free(memory->outbox);
	memory_free(memory->homes);
}
