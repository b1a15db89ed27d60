/* Envelope, writing: measured first, then written in one go into room reserved once (see envelope.h). */
#include "envelope.h"

#include "envelope_fields.h"

#include <assert.h>

/* ---- header ---- */

static size_t position_len(const struct position *position)
{
	return wire_text_len(position->dc) + wire_uint_len(position->incarnation) + wire_uint_len(position->seq) +
	       wire_uint_len(position->is_floor);
}

static void add_position(struct buffer *out, unsigned tag, const struct position *position)
{
	size_t len = position_len(position);
	char *at = buffer_grow(out, 1 + wire_varint_len(len) + len);
	*at++ = (char)tag;
	at = wire_put_varint(at, len);
	at = wire_put_text(at, POSITION_DC, position->dc);
	at = wire_put_uint(at, POSITION_INCARNATION, position->incarnation);
	at = wire_put_uint(at, POSITION_SEQ, position->seq);
	wire_put_uint(at, POSITION_FLOOR, position->is_floor);
}

static void add_reading(struct buffer *out, const struct reading *reading)
{
	uint64_t min = wire_zigzag(reading->ahead_min_ms), max = wire_zigzag(reading->ahead_max_ms);
	size_t len = wire_text_len(reading->dc) + wire_uint_len(reading->clock) + wire_uint_len(reading->sent_ms) +
	             wire_uint_len(reading->received_ms) + wire_uint_len(reading->is_compared) + wire_uint_len(min) + wire_uint_len(max);
	char *at = buffer_grow(out, wire_varint_len(BATCH_READING) + wire_varint_len(len) + len);
	at = wire_put_varint(wire_put_varint(at, BATCH_READING), len);
	at = wire_put_text(at, READING_DC, reading->dc);
	at = wire_put_uint(at, READING_CLOCK, reading->clock);
	at = wire_put_uint(at, READING_SENT_MS, reading->sent_ms);
	at = wire_put_uint(at, READING_RECEIVED_MS, reading->received_ms);
	at = wire_put_uint(at, READING_COMPARED, reading->is_compared);
	at = wire_put_uint(at, READING_AHEAD_MIN_MS, min);
	wire_put_uint(at, READING_AHEAD_MAX_MS, max);
}

static void add_uint(struct buffer *out, unsigned tag, uint64_t value)
{
	if (value != 0)
		wire_put_uint(buffer_grow(out, wire_varint_len(tag) + wire_varint_len(value)), tag, value);
}

static void add_text(struct buffer *out, unsigned tag, struct slice text)
{
	if (text.len > 0)
		wire_put_text(buffer_grow(out, wire_varint_len(tag) + wire_varint_len(text.len) + text.len), tag, text);
}

static void add_known(struct buffer *out, const struct known *known)
{
	size_t len = wire_text_len(known->dc) + wire_text_len(known->id) + wire_uint_len(known->incarnation);
	char *at = buffer_grow(out, wire_varint_len(BATCH_KNOWN) + wire_varint_len(len) + len);
	at = wire_put_varint(wire_put_varint(at, BATCH_KNOWN), len);
	at = wire_put_text(wire_put_text(at, KNOWN_DC, known->dc), KNOWN_ID, known->id);
	wire_put_uint(at, KNOWN_INCARNATION, known->incarnation);
}

void envelope_begin(struct buffer *out, const struct batch *header)
{
	assert(header->dc.len > 0);
	assert(header->first_seq > 0);
	add_uint(out, BATCH_FORMAT, ENVELOPE_FORMAT);
	add_text(out, BATCH_DC, header->dc);
	add_uint(out, BATCH_INCARNATION, header->incarnation);
	add_uint(out, BATCH_SHARD, header->shard);
	add_uint(out, BATCH_FIRST_SEQ, header->first_seq);
	add_uint(out, BATCH_HLC, header->hlc);
	for (unsigned i = 0; i < header->context_count; i++)
		add_position(out, BATCH_CONTEXT, &header->context[i]);
	wire_put_fixed64(buffer_grow(out, wire_fixed64_len(header->rules_digest)), BATCH_RULES_DIGEST, header->rules_digest);
	for (unsigned i = 0; i < header->path_count; i++)
		add_text(out, BATCH_PATH, header->path[i]);
	add_uint(out, BATCH_HELLO, header->hello);
	add_uint(out, BATCH_LIFTED, header->is_lifted);
	add_uint(out, BATCH_WALL_MS, header->wall_ms);
	add_uint(out, BATCH_CLOCK, header->clock);
	add_uint(out, BATCH_STEADY_MS, header->steady_ms);
	for (unsigned i = 0; i < header->reading_count; i++)
		add_reading(out, &header->readings[i]);
	add_text(out, BATCH_ID, header->id);
	add_text(out, BATCH_CANDIDATE, header->candidate);
	for (unsigned i = 0; i < header->known_count; i++)
		add_known(out, &header->known[i]);
	if (header->homes_digest != 0)
		wire_put_fixed64(buffer_grow(out, wire_varint_len(BATCH_HOMES_DIGEST) + 8), BATCH_HOMES_DIGEST, header->homes_digest);
	add_uint(out, BATCH_ASKS, header->asks);
	add_uint(out, BATCH_STOPPED, header->is_stopped);
	add_uint(out, BATCH_ENTRIES_FROM_MS, header->entries_from_ms);
	if (header->part_count > 1) {
		add_uint(out, BATCH_PART, header->part);
		add_uint(out, BATCH_PART_COUNT, header->part_count);
		add_text(out, BATCH_PART_BYTES, header->part_bytes);
	}
}

/* ---- writes ---- */

static uint64_t double_bits(double number)
{
	uint64_t bits;
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static size_t change_len(const struct change *change)
{
	return wire_uint_len((uint64_t)change->kind) + wire_uint_len(change->db) + wire_text_len(change->key) +
	       wire_text_len(change->element) + wire_text_len(change->value) + wire_uint_len(wire_zigzag(change->number)) +
	       wire_fixed64_len(double_bits(change->score)) + wire_uint_len(wire_zigzag(change->expire_at_ms)) +
	       wire_text_len(change->result) + wire_text_len(change->dc) + wire_uint_len(change->incarnation) +
	       wire_uint_len(change->seq) + wire_uint_len(change->hlc) + wire_uint_len(change->length) + wire_uint_len(change->amount);
}

static char *put_change(char *at, const struct change *change, size_t len)
{
	*at++ = (char)WRITE_CHANGE;
	at = wire_put_varint(at, len);
	at = wire_put_uint(at, CHANGE_TAG_KIND, (uint64_t)change->kind);
	at = wire_put_uint(at, CHANGE_TAG_DB, change->db);
	at = wire_put_text(at, CHANGE_TAG_KEY, change->key);
	at = wire_put_text(at, CHANGE_TAG_ELEMENT, change->element);
	at = wire_put_text(at, CHANGE_TAG_VALUE, change->value);
	at = wire_put_uint(at, CHANGE_TAG_NUMBER, wire_zigzag(change->number));
	at = wire_put_fixed64(at, CHANGE_TAG_SCORE, double_bits(change->score));
	at = wire_put_uint(at, CHANGE_TAG_EXPIRE_AT_MS, wire_zigzag(change->expire_at_ms));
	at = wire_put_text(at, CHANGE_TAG_RESULT, change->result);
	at = wire_put_uint(at, CHANGE_TAG_LENGTH, change->length);
	at = wire_put_uint(at, CHANGE_TAG_AMOUNT, change->amount);
	if (change->kind != CHANGE_SIBLING)
		return at;
	at = wire_put_text(at, CHANGE_TAG_DC, change->dc);
	at = wire_put_uint(at, CHANGE_TAG_INCARNATION, change->incarnation);
	at = wire_put_uint(at, CHANGE_TAG_SEQ, change->seq);
	return wire_put_uint(at, CHANGE_TAG_HLC, change->hlc);
}

static size_t facts_len(const struct write_facts *facts)
{
	return wire_text_len(facts->command) + wire_text_len(facts->client) + facts->context.len + wire_uint_len(facts->is_explicit) +
	       wire_uint_len((uint64_t)facts->choice) + wire_text_len(facts->by);
}

static char *put_facts(char *at, const struct write_facts *facts)
{
	at = wire_put_text(at, WRITE_COMMAND, facts->command);
	at = wire_put_text(at, WRITE_CLIENT, facts->client);
	if (facts->context.len > 0)
		memcpy(at, facts->context.ptr, facts->context.len);
	at = wire_put_uint(at + facts->context.len, WRITE_EXPLICIT, facts->is_explicit);
	at = wire_put_uint(at, WRITE_CHOICE, (uint64_t)facts->choice);
	return wire_put_text(at, WRITE_BY, facts->by);
}

void envelope_add_context(struct buffer *out, const struct position *positions, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_position(out, WRITE_CONTEXT, &positions[i]);
}

void envelope_add_changes(struct buffer *out, const struct changes *changes)
{
	size_t len = 0;
	for (unsigned i = 0; i < changes->count; i++) {
		size_t change = change_len(&changes->items[i]);
		len += 1 + wire_varint_len(change) + change;
	}
	char *at = buffer_grow(out, len);
	for (unsigned i = 0; i < changes->count; i++)
		at = put_change(at, &changes->items[i], change_len(&changes->items[i]));
}

static void add_write_of(struct buffer *out, enum plan pending, const struct changes *changes, struct slice added)
{
	size_t len = wire_uint_len((uint64_t)pending) + facts_len(&changes->facts) + added.len;
	for (unsigned i = 0; i < changes->count; i++) {
		size_t change = change_len(&changes->items[i]);
		len += 1 + wire_varint_len(change) + change;
	}
	size_t whole = 1 + wire_varint_len(len) + len;
	char *start = buffer_grow(out, whole);
	char *at = start;
	*at++ = (char)BATCH_WRITE;
	at = wire_put_varint(at, len);
	at = wire_put_uint(at, WRITE_PENDING, (uint64_t)pending);
	for (unsigned i = 0; i < changes->count; i++)
		at = put_change(at, &changes->items[i], change_len(&changes->items[i]));
	if (added.len > 0)
		memcpy(at, added.ptr, added.len);
	at = put_facts(at + added.len, &changes->facts);
	assert(at == start + whole);
}

void envelope_add_write(struct buffer *out, enum plan pending, const struct changes *changes)
{
	add_write_of(out, pending, changes, (struct slice){ "", 0 });
}

void envelope_add_write_with(struct buffer *out, struct slice changes, const struct write_facts *facts)
{
	add_write_of(out, PLAN_NONE, &(const struct changes){ .facts = *facts }, changes);
}

void envelope_add_write_raw(struct buffer *out, struct slice write)
{
	buffer_add(out, write);
}
