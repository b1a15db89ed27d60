#include "doubt.h"

#define FIELD "homes"

void doubt_begin_opening(struct topology *topology)
{
	topology->stored_digest = 0;
}

bool doubt_read(struct topology *topology, struct slice field, struct slice value)
{
	int64_t digest;
	if (!slice_equal(field, SLICE(FIELD)))
		return false;
	if (slice_to_int64(value, &digest))
		topology->stored_digest = (uint64_t)digest;
	return true;
}

static void agree(struct topology *topology)
{
	topology->is_agreed = true;
	topology->doubted_ms = 0;
	held_list_move(&topology->waiting, &topology->ready);
}

static void agree_if_all_do(struct topology *topology)
{
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++)
		if (!topology->is_heard[dc] || topology->heard_digests[dc] != topology->patterns.digest)
			return;
	agree(topology);
}

void doubt_end_reading(struct topology *topology)
{
	if (topology->is_agreed)
		return;
	if (!topology->is_on || topology->stored_digest == topology->patterns.digest)
		agree(topology);
	else if (topology->doubted_ms == 0)
		topology->doubted_ms = topology->step->steady_ms;
	if (!topology->is_agreed)
		agree_if_all_do(topology);
}

/* Not before all agree: who ends in doubt must begin in doubt. */
bool doubt_is_write_due(const struct topology *topology)
{
	return topology->is_agreed && topology->stored_digest != topology->patterns.digest;
}

void doubt_write(const struct topology *topology, struct buffer *field, struct buffer *value)
{
	buffer_add_text(field, FIELD);
	buffer_add_int64(value, (int64_t)topology->patterns.digest);
}

static bool has_read_us(const struct topology *topology, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->reading_count; i++)
		if (slice_equal(batch->readings[i].dc, slice_of(topology->causes->origins.dcs[0])) && batch->readings[i].clock == topology->causes->clock)
			return true;
	return false;
}

void doubt_hear(struct topology *topology, unsigned dc, const struct batch *batch)
{
	if (topology->is_agreed || !has_read_us(topology, batch))
		return;
	topology->is_heard[dc] = true;
	topology->heard_digests[dc] = batch->homes_digest;
	if (topology->doubted_ms != 0)
		agree_if_all_do(topology);
}
