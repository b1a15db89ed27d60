#include "stream_id.h"

#include <string.h>

/* Digits only, without zeros in front, as Redis writes it. */
static bool read_number(struct slice text, uint64_t *number)
{
	*number = 0;
	if (text.len == 0 || text.len > 20 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || __builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(text.ptr[i] - '0'), number))
			return false;
	}
	return true;
}

bool stream_id_read_short(struct slice text, uint64_t seq, struct stream_id *id)
{
	const char *dash = text.len == 0 ? NULL : memchr(text.ptr, '-', text.len);
	size_t at = dash == NULL ? text.len : (size_t)(dash - text.ptr);
	id->seq = seq;
	return read_number((struct slice){ text.ptr, at }, &id->ms) &&
	       (dash == NULL || read_number((struct slice){ dash + 1, text.len - at - 1 }, &id->seq));
}

bool stream_id_read(struct slice text, struct stream_id *id)
{
	return text.len > 0 && memchr(text.ptr, '-', text.len) != NULL && stream_id_read_short(text, 0, id);
}

void stream_id_add(struct buffer *out, struct stream_id id)
{
	buffer_add_uint64(out, id.ms);
	buffer_add_byte(out, '-');
	buffer_add_uint64(out, id.seq);
}

int stream_id_compare(struct stream_id a, struct stream_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

unsigned stream_ids_bits(unsigned dc_count)
{
	unsigned bits = 0;
	while (dc_count > 1U << bits)
		bits++;
	return bits;
}

/* Incarnations are named after the moment, in microseconds. What is left of it are three days, in eighths of a second. */
#define MOMENT_BITS 17
#define MOMENTS_BITS 21
#define AHEAD_BITS 18                /* so many ids follow each */

void stream_ids_begin(struct stream_ids *ids, uint64_t incarnation)
{
	ids->first_ahead = (incarnation >> MOMENT_BITS & ((UINT64_C(1) << MOMENTS_BITS) - 1)) << AHEAD_BITS;
}

struct stream_id stream_ids_next(struct stream_ids *ids)
{
	if (ids->now_ms > ids->newest.ms)
		ids->newest = (struct stream_id){ ids->now_ms, ids->place };
	else
		ids->newest.seq = (((ids->newest.seq >> ids->bits) + 1) << ids->bits) + ids->place;
	if (ids->newest.ms > ids->clock_ms && ids->newest.seq < ids->first_ahead)
		ids->newest.seq = ids->first_ahead + ids->place;
	return ids->newest;
}

void stream_ids_reserve(struct stream_ids *ids, unsigned count, struct buffer *out)
{
	struct stream_ids after = *ids;
	buffer_add_uint64(out, UINT64_C(1) << ids->bits);
	buffer_add_byte(out, ':');
	stream_id_add(out, stream_ids_next(&after));
	if (count == 0)
		return;
	*ids = after;
	/* Those ahead of the own clock are few. */
	if (ids->newest.ms > ids->clock_ms)
		count = 1 + count / 64;
	ids->newest.seq += (uint64_t)(count - 1) << ids->bits;
}

struct stream_id stream_ids_next_at(struct stream_ids *ids, uint64_t ms)
{
	ids->part_count = ms == ids->part_ms ? ids->part_count + 1 : 0;
	ids->part_ms = ms;
	struct stream_id id = { ms, (ids->part_count << ids->bits) + ids->place };
	return id.ms == 0 && id.seq == 0 ? stream_ids_next_at(ids, ms) : id;          /* 0-0 names no entry */
}

void stream_ids_see(struct stream_ids *ids, struct stream_id id)
{
	if (stream_id_compare(id, ids->newest) > 0 && id.seq >> 40 == 0)
		ids->newest = id;
}
