/* Record, written: each message goes into room for the most that it can need, which is measured once. Fields above 15 have a tag of two bytes. */
#include "record.h"

#include "record_fields.h"

#include <assert.h>

#define FIELD_ROOM 12                /* a tag, and a number or the length of what follows */

static inline char *put_raw(char *at, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

static inline size_t dot_len(const struct record_dot *dot)
{
	return wire_text_len(dot->dc) + wire_uint_len(dot->incarnation) + wire_uint_len(dot->seq) + wire_uint_len(dot->is_floor);
}

static inline size_t dot_room(const struct record_dot *dot)
{
	return 5 * FIELD_ROOM + dot->dc.len;
}

static inline char *put_dot_fields(char *at, const struct record_dot *dot)
{
	at = wire_put_text(at, DOT_DC, dot->dc);
	at = wire_put_uint(at, DOT_INCARNATION, dot->incarnation);
	at = wire_put_uint(at, DOT_SEQ, dot->seq);
	return wire_put_uint(at, DOT_FLOOR, dot->is_floor);
}

static inline char *put_dot(char *at, unsigned tag, const struct record_dot *dot)
{
	at = wire_put_varint(wire_put_varint(at, tag), dot_len(dot));
	return put_dot_fields(at, dot);
}

/* OUT ends at AT: the rest of the room that was made for the message was not needed. */
static inline void end_at(struct buffer *out, const char *at)
{
	out->len = (size_t)(at - out->ptr);
}

static void add_dot(struct buffer *out, unsigned tag, const struct record_dot *dot)
{
	end_at(out, put_dot(buffer_grow(out, dot_room(dot)), tag, dot));
}

void record_add_position(struct buffer *out, const struct record_dot *position)
{
	add_dot(out, SIDE_CONTEXT, position);
}

void record_add_cover(struct buffer *out, const struct record_dot *by, bool is_kill)
{
	add_dot(out, is_kill ? SIDE_KILL : SIDE_COVER, by);
}

void record_add_stretch(struct buffer *out, const struct record_stretch *stretch)
{
	struct record_dot first = { stretch->dc, stretch->incarnation, stretch->first_seq, false };
	char *at = buffer_grow(out, dot_room(&first) + FIELD_ROOM);
	at = wire_put_varint(at, RECORD_TAG_STRETCH);
	at = wire_put_varint(at, dot_len(&first) + wire_uint_len(stretch->last_seq));
	at = put_dot_fields(at, &first);
	end_at(out, wire_put_uint(at, DOT_LAST_SEQ, stretch->last_seq));
}

static size_t side_len(const struct record_side *side)
{
	size_t dot = dot_len(&side->dot);
	return 1 + wire_varint_len(dot) + dot + wire_uint_len(side->hlc) + side->context.len + wire_text_len(side->command) +
	       wire_text_len(side->client) + wire_text_len(side->value) + wire_uint_len(side->value_len) +
	       wire_fixed64_len(side->value_hash) + wire_uint_len(side->is_removal) + wire_uint_len(side->is_live) +
	       wire_uint_len(side->is_dead) + wire_uint_len(side->is_explicit) +
	       wire_uint_len(side->is_increment) + wire_uint_len(side->is_covered) +
	       wire_uint_len(side->is_clearing) + side->covers.len + (side->is_again ? 3 : 0) + (side->is_take_over ? 3 : 0);
}

static size_t side_room(const struct record_side *side)
{
	return (1 + SIDE_FIELD_MAX) * FIELD_ROOM + dot_room(&side->dot) + side->context.len + side->command.len + side->client.len + side->value.len +
	       side->covers.len;
}

static char *put_side(char *at, const struct record_side *side)
{
	size_t len = side_len(side);
	at = wire_put_varint(wire_put_varint(at, RECORD_TAG_SIDE), len);
	const char *start = at;
	at = put_dot(at, SIDE_DOT, &side->dot);
	at = wire_put_uint(at, SIDE_HLC, side->hlc);
	at = put_raw(at, side->context);
	at = wire_put_text(at, SIDE_COMMAND, side->command);
	at = wire_put_text(at, SIDE_CLIENT, side->client);
	at = wire_put_text(at, SIDE_VALUE, side->value);
	at = wire_put_uint(at, SIDE_VALUE_LEN, side->value_len);
	at = wire_put_fixed64(at, SIDE_VALUE_HASH, side->value_hash);
	at = wire_put_uint(at, SIDE_REMOVAL, side->is_removal);
	at = wire_put_uint(at, SIDE_LIVE, side->is_live);
	at = wire_put_uint(at, SIDE_DEAD, side->is_dead);
	at = wire_put_uint(at, SIDE_EXPLICIT, side->is_explicit);
	at = wire_put_uint(at, SIDE_INCREMENT, side->is_increment);
	at = wire_put_uint(at, SIDE_COVERED, side->is_covered);
	at = wire_put_uint(at, SIDE_CLEARING, side->is_clearing);
	at = put_raw(at, side->covers);
	at = wire_put_uint(at, SIDE_AGAIN, side->is_again);
	at = wire_put_uint(at, SIDE_TAKE_OVER, side->is_take_over);
	assert(at == start + len);
	return at;
}

static size_t record_room(const struct record *record)
{
	size_t room = RECORD_FIELD_MAX * FIELD_ROOM + record->id.len + record->key.len + record->element.len + record->type.len + record->rule.len +
	              dot_room(&record->winner) + record->value.len + dot_room(&record->resolution) + record->resolved_by.len +
	              record->last_error.len + record->stretches.len + record->merged_into.len;
	for (unsigned i = 0; i < record->side_count; i++)
		room += side_room(&record->sides[i]);
	return room;
}

void record_encode(struct buffer *out, const struct record *record)
{
	assert(record->id.len > 0 && record->id.len <= RECORD_ID_MAX);
	assert(record_kind_text(record->kind) != NULL && record_status_text(record->status) != NULL);
	char *at = buffer_grow(out, record_room(record));
	at = wire_put_uint(at, RECORD_TAG_FORMAT, RECORD_FORMAT);
	at = wire_put_text(at, RECORD_TAG_ID, record->id);
	at = wire_put_uint(at, RECORD_TAG_KIND, (uint64_t)record->kind);
	at = wire_put_uint(at, RECORD_TAG_STATUS, (uint64_t)record->status);
	at = wire_put_uint(at, RECORD_TAG_DB, record->db);
	at = wire_put_text(at, RECORD_TAG_KEY, record->key);
	at = wire_put_text(at, RECORD_TAG_ELEMENT, record->element);
	at = wire_put_text(at, RECORD_TAG_TYPE, record->type);
	at = wire_put_text(at, RECORD_TAG_RULE, record->rule);
	at = wire_put_fixed64(at, RECORD_TAG_RULES_DIGEST, record->rules_digest);
	for (unsigned i = 0; i < record->side_count; i++)
		at = put_side(at, &record->sides[i]);
	at = wire_put_uint(at, RECORD_TAG_PAIRS, record->pairs);
	if (record->winner.seq != 0)
		at = put_dot(at, RECORD_TAG_WINNER, &record->winner);
	at = wire_put_text(at, RECORD_TAG_VALUE, record->value);
	if (record->resolution.seq != 0)
		at = put_dot(at, RECORD_TAG_RESOLUTION, &record->resolution);
	at = wire_put_text(at, RECORD_TAG_RESOLVED_BY, record->resolved_by);
	at = wire_put_uint(at, RECORD_TAG_OPENED_HLC, record->opened_hlc);
	at = wire_put_uint(at, RECORD_TAG_ENDED_HLC, record->ended_hlc);
	at = wire_put_uint(at, RECORD_TAG_ATTEMPTS, record->attempts);
	at = wire_put_text(at, RECORD_TAG_LAST_ERROR, record->last_error);
	at = wire_put_uint(at, RECORD_TAG_FIRST_HLC, record->first_hlc);
	at = put_raw(at, record->stretches);
	at = wire_put_text(at, RECORD_TAG_MERGED_INTO, record->merged_into);
	assert(at <= out->ptr + out->len);
	end_at(out, at);
}

void records_add(struct buffer *out, struct slice record)
{
	end_at(out, wire_put_bytes(buffer_grow(out, FIELD_ROOM + record.len), RECORDS_RECORD, record));
}
