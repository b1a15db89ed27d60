/* Conflicts parcels (see conflicts_parcels.h). */
#include "conflicts_parcels.h"

#include "proxy/core/wire/record.h"

#include <assert.h>

#define PARCELS_BYTES_MAX (8u << 20)

struct parcel *parcels_at(struct parcels *parcels, uint64_t id)
{
	return &parcels->ring[id % PARCELS_MAX];
}

uint64_t parcels_count(const struct parcels *parcels)
{
	return parcels->next - parcels->first;
}

bool parcels_have_room(const struct parcels *parcels, unsigned count)
{
	return parcels_count(parcels) + count <= PARCELS_MAX && parcels->bytes < PARCELS_BYTES_MAX;
}

/* A record that is too large for a message is published with its values cut. They are whole in Redis, as long as the conflict is open. */
static struct slice record_fitting(const struct record *record, struct slice bytes, const struct settings *settings)
{
	if (bytes.len <= settings->limits_message_bytes)
		return buffer_copy(bytes);
	struct record_side *sides = memory_new(record->side_count * sizeof(*sides));
	struct record cut = *record;
	struct buffer out = { 0 };
	cut.sides = sides;
	if (cut.value.len > settings->conflicts_value_bytes)
		cut.value.len = settings->conflicts_value_bytes;
	for (unsigned i = 0; i < record->side_count; i++) {
		sides[i] = record->sides[i];
		if (sides[i].value.len > settings->conflicts_value_bytes)
			sides[i].value.len = settings->conflicts_value_bytes;
	}
	record_encode(&out, &cut);
	memory_free(sides);
	return buffer_slice(&out);
}

bool parcels_add(struct parcels *parcels, struct slice bytes, const struct settings *settings)
{
	struct record_scratch scratch = { 0 };
	struct record record;
	bool is_read = record_decode(bytes, &scratch, &record);
	if (is_read) {
		assert(parcels_count(parcels) < PARCELS_MAX);
		struct parcel *parcel = parcels_at(parcels, parcels->next++);
		*parcel = (struct parcel){ .key = buffer_copy(record.id), .bytes = record_fitting(&record, bytes, settings) };
		parcels->bytes += parcel->bytes.len;
	}
	memory_free(scratch.sides);
	return is_read;
}

void parcels_drop_first(struct parcels *parcels)
{
	struct parcel *parcel = parcels_at(parcels, parcels->first++);
	parcels->bytes -= parcel->bytes.len;
	memory_free((void *)parcel->entry.ptr);
	memory_free((void *)parcel->key.ptr);
	memory_free((void *)parcel->bytes.ptr);
}

void parcels_drop_all(struct parcels *parcels)
{
	while (parcels->first < parcels->next)
		parcels_drop_first(parcels);
}
