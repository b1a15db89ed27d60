/* Facts about batches on the wire. */
#include "proxy/core/wire/envelope.h"

#include "proxy/core/wire/wire.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

void suite_envelope(void);

static enum envelope_error decode_error(struct slice bytes)
{
	struct envelope_scratch *scratch = envelope_scratch_new();
	struct batch batch;
	enum envelope_error error = envelope_decode(bytes, scratch, &batch);
	envelope_scratch_free(scratch);
	return error;
}

static const struct position context[] = {
	{ { "eu", 2 }, 1700000000000000, 41, false },
	{ { "us", 2 }, 1700000000000001, UINT64_MAX / 2 - 1, true },
};
static const struct slice path[] = { { "ap", 2 } };
static const struct reading readings[] = {
	{ { "us", 2 }, 1700000000000000, 12345, 67890, true, -30002, -29998 },
	{ { "ap", 2 }, 1, 0, BATCH_TIME_MS_MAX, false, 0, 0 },
};
static const struct batch header = {
	.dc = { "eu", 2 }, .incarnation = 1700000000000000, .first_seq = 42, .hlc = UINT64_C(1700000000000) << 16,
	.context = context, .context_count = 2, .rules_digest = UINT64_C(0x8000000000000001), .path = path, .path_count = 1, .is_lifted = true,
	.homes_digest = UINT64_C(0x9000000000000003), .asks = true, .is_stopped = true, .entries_from_ms = 1700000000123,
	.wall_ms = 1700000000001, .clock = 1700000000000000, .steady_ms = 4711, .readings = readings, .reading_count = 2,
};

/* One change of every kind, with all that it may carry. */
static void add_every_kind(struct changes *changes)
{
	for (int kind = CHANGE_SET; kind <= CHANGE_BITS; kind++) {
		if (kind == CHANGE_SIBLING)
			continue;
		bool is_flush = kind == CHANGE_FLUSH;
		struct change *change = changes_add(changes, (enum change_kind)kind, is_flush ? DB_ALL : 3, is_flush ? SLICE("") : SLICE("k\0ey"));
		if (kind >= CHANGE_FIELD_SET && kind <= CHANGE_SCORE_INCREMENT)
			change->element = SLICE("element");
		if (kind == CHANGE_SET || kind == CHANGE_FIELD_SET)
			change->value = SLICE("\r\n\xff");
		if (kind == CHANGE_SET || kind == CHANGE_EXPIRE)
			change->expire_at_ms = INT64_MAX;
		if (kind == CHANGE_INCREMENT || kind == CHANGE_FIELD_INCREMENT)
			change->number = INT64_MIN;
		if (kind == CHANGE_CLEAR || kind == CHANGE_RANGE || kind == CHANGE_BITS)
			change->number = 1;
		if (kind == CHANGE_APPEND || kind == CHANGE_RANGE || kind == CHANGE_BITS)
			change->value = SLICE("-5");
		if (kind == CHANGE_INCREMENT_FLOAT || kind == CHANGE_FIELD_INCREMENT_FLOAT)
			change->value = SLICE("-0.5");
		if (kind == CHANGE_SCORE_SET || kind == CHANGE_SCORE_INCREMENT)
			change->score = -INFINITY;
		if (kind == CHANGE_INCREMENT_FLOAT || kind == CHANGE_FIELD_INCREMENT_FLOAT || kind == CHANGE_SCORE_INCREMENT)
			change->result = SLICE("1.5");
	}
}

static bool change_equal(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->db == b->db && slice_equal(a->key, b->key) && slice_equal(a->element, b->element) &&
	       slice_equal(a->value, b->value) && slice_equal(a->result, b->result) && a->number == b->number &&
	       memcmp(&a->score, &b->score, sizeof(a->score)) == 0 && a->expire_at_ms == b->expire_at_ms;
}

static void what_is_encoded_decodes_the_same(void)
{
	struct buffer out = { 0 };
	struct changes changes = { 0 }, found = { 0 }, none = { 0 };
	add_every_kind(&changes);
	envelope_begin(&out, &header);
	envelope_add_write(&out, PLAN_NONE, &changes);
	envelope_add_write(&out, PLAN_RENAME, &none);

	struct envelope_scratch *scratch = envelope_scratch_new();
	struct batch batch;
	CU_ASSERT_EQUAL_FATAL(envelope_decode(buffer_slice(&out), scratch, &batch), ENVELOPE_OK);
	CU_ASSERT(slice_equal(batch.dc, header.dc));
	CU_ASSERT_EQUAL(batch.incarnation, header.incarnation);
	CU_ASSERT_EQUAL(batch.first_seq, 42);
	CU_ASSERT_EQUAL(batch.hlc, header.hlc);
	CU_ASSERT_EQUAL(batch.rules_digest, header.rules_digest);
	CU_ASSERT_EQUAL(batch.is_lifted, header.is_lifted);
	CU_ASSERT_EQUAL(batch.homes_digest, header.homes_digest);
	CU_ASSERT_EQUAL(batch.entries_from_ms, header.entries_from_ms);
	CU_ASSERT_EQUAL(batch.asks, header.asks);
	CU_ASSERT_EQUAL(batch.is_stopped, header.is_stopped);
	CU_ASSERT(batch.wall_ms == header.wall_ms && batch.clock == header.clock && batch.steady_ms == header.steady_ms);
	CU_ASSERT_EQUAL_FATAL(batch.reading_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct reading *found_reading = &batch.readings[i], *wanted = &readings[i];
		CU_ASSERT(slice_equal(found_reading->dc, wanted->dc) && found_reading->clock == wanted->clock);
		CU_ASSERT(found_reading->sent_ms == wanted->sent_ms && found_reading->received_ms == wanted->received_ms);
		CU_ASSERT(found_reading->is_compared == wanted->is_compared && found_reading->ahead_min_ms == wanted->ahead_min_ms);
		CU_ASSERT_EQUAL(found_reading->ahead_max_ms, wanted->ahead_max_ms);
	}
	CU_ASSERT_EQUAL_FATAL(batch.context_count, 2);
	CU_ASSERT(slice_equal(batch.context[1].dc, SLICE("us")));
	CU_ASSERT_EQUAL(batch.context[1].seq, UINT64_MAX / 2 - 1);
	CU_ASSERT(!batch.context[0].is_floor && batch.context[1].is_floor);
	CU_ASSERT_EQUAL_FATAL(batch.path_count, 1);
	CU_ASSERT(slice_equal(batch.path[0], SLICE("ap")));
	CU_ASSERT_EQUAL(batch.write_count, 2);

	enum plan pending;
	struct slice raw, writes = batch.writes;
	CU_ASSERT(envelope_write_next(&writes, &pending, &found, &raw));
	CU_ASSERT_EQUAL(pending, PLAN_NONE);
	CU_ASSERT_EQUAL_FATAL(found.count, changes.count);
	for (unsigned i = 0; i < found.count; i++)
		CU_ASSERT(change_equal(&found.items[i], &changes.items[i]));
	CU_ASSERT(envelope_write_next(&writes, &pending, &found, &raw));
	CU_ASSERT_EQUAL(pending, PLAN_RENAME);
	CU_ASSERT_EQUAL(found.count, 0);
	CU_ASSERT(!envelope_write_next(&writes, &pending, &found, &raw));

	envelope_scratch_free(scratch);
	changes_free(&changes);
	changes_free(&found);
	buffer_free(&out);
}

static void a_raw_write_is_the_same_in_another_batch(void)
{
	struct buffer first = { 0 }, second = { 0 };
	struct changes changes = { 0 };
	changes_add(&changes, CHANGE_SET, 0, SLICE("k"))->value = SLICE("v");
	envelope_begin(&first, &header);
	envelope_add_write(&first, PLAN_NONE, &changes);

	struct slice raw, writes = buffer_slice(&first);
	enum plan pending;
	CU_ASSERT(envelope_write_next(&writes, &pending, &changes, &raw));
	envelope_begin(&second, &header);
	envelope_add_write_raw(&second, raw);
	CU_ASSERT(slice_equal(buffer_slice(&first), buffer_slice(&second)));
	changes_free(&changes);
	buffer_free(&first);
	buffer_free(&second);
}

static void a_cut_batch_is_never_taken_for_a_whole_one(void)
{
	struct buffer out = { 0 };
	struct changes changes = { 0 };
	add_every_kind(&changes);
	envelope_begin(&out, &header);
	size_t header_len = out.len;
	envelope_add_write(&out, PLAN_NONE, &changes);
	for (size_t len = 0; len < out.len; len++) {
		/* Protobuf has no end mark: a cut between two fields shows only in what must be there. */
		struct slice copy = buffer_copy((struct slice){ out.ptr, len });
		CU_ASSERT(decode_error(copy) != ENVELOPE_OK || len <= header_len);
		bytes_free(copy);
	}
	changes_free(&changes);
	buffer_free(&out);
}

/* The header without its first two bytes (the format), behind other ones. */
static enum envelope_error error_behind(struct slice start)
{
	struct buffer out = { 0 }, plain = { 0 };
	envelope_begin(&plain, &header);
	buffer_add(&out, start);
	buffer_add(&out, (struct slice){ plain.ptr + 2, plain.len - 2 });
	enum envelope_error error = decode_error(buffer_slice(&out));
	buffer_free(&out);
	buffer_free(&plain);
	return error;
}

static void formats_are_told_apart(void)
{
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01")), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x02")), ENVELOPE_TOO_NEW);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x81\x00")), ENVELOPE_MALFORMED);
	CU_ASSERT_EQUAL(error_behind(SLICE("")), ENVELOPE_MALFORMED);
	CU_ASSERT_EQUAL(decode_error(SLICE("")), ENVELOPE_TRUNCATED);
	CU_ASSERT_EQUAL(decode_error(SLICE("\x08\x02\xff\xff\xff")), ENVELOPE_TOO_NEW);
	CU_ASSERT_EQUAL(decode_error(SLICE("\x08\x01")), ENVELOPE_MALFORMED);
}

static void unknown_fields_are_skipped_and_mistyped_ones_are_not(void)
{
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\xf2\x01\x03zzz\xf1\x01\x01\x02\x03\x04\x05\x06\x07\x08")), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\xf5\x01\x01\x02\x03\x04")), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\x10\x01")), ENVELOPE_MALFORMED);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\x7a\x03zzz")), ENVELOPE_MALFORMED);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\x03")), ENVELOPE_MALFORMED);
	CU_ASSERT_EQUAL(error_behind(SLICE("\x08\x01\x00\x00")), ENVELOPE_MALFORMED);
}

static enum envelope_error error_of_change(const struct change *change, enum plan pending)
{
	struct buffer out = { 0 };
	struct changes changes = { 0 };
	*changes_add(&changes, CHANGE_SET, 0, SLICE("")) = *change;
	envelope_begin(&out, &header);
	envelope_add_write(&out, pending, &changes);
	enum envelope_error error = decode_error(buffer_slice(&out));
	changes_free(&changes);
	buffer_free(&out);
	return error;
}

static void changes_must_make_sense_for_their_kind(void)
{
	const struct slice k = SLICE("k"), one = SLICE("1"), text = SLICE("x");
	const struct change wrong[] = {
		{ .kind = (enum change_kind)16, .key = k },
		{ .kind = (enum change_kind)0, .key = k },
		{ .kind = CHANGE_SET, .key = k, .expire_at_ms = -2 },
		{ .kind = CHANGE_SET, .key = k, .element = text },
		{ .kind = CHANGE_SET, .key = k, .db = DB_ALL },
		{ .kind = CHANGE_EXPIRE, .key = k, .expire_at_ms = -1 },
		{ .kind = CHANGE_CLEAR, .key = k, .number = 2 },
		{ .kind = CHANGE_FLUSH, .key = k },
		{ .kind = CHANGE_SCORE_SET, .key = k, .score = NAN },
		{ .kind = CHANGE_SCORE_REMOVE, .key = k, .score = 1 },
		{ .kind = CHANGE_INCREMENT_FLOAT, .key = k, .value = text, .result = one },
		{ .kind = CHANGE_INCREMENT_FLOAT, .key = k, .value = one, .result = text },
		{ .kind = CHANGE_SCORE_INCREMENT, .key = k, .score = 1, .result = SLICE("nan") },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(error_of_change(&wrong[i], PLAN_NONE), ENVELOPE_MALFORMED);

	const struct change increment = { .kind = CHANGE_INCREMENT_FLOAT, .key = k, .value = one };
	CU_ASSERT_EQUAL(error_of_change(&increment, PLAN_INCREMENT_FLOAT), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_of_change(&increment, PLAN_NONE), ENVELOPE_OK);
	const struct change nameless = { .kind = CHANGE_FIELD_SET };
	CU_ASSERT_EQUAL(error_of_change(&nameless, PLAN_NONE), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_of_change(&nameless, (enum plan)9999), ENVELOPE_MALFORMED);
}

static enum envelope_error error_of_header(const struct batch *batch, bool has_write)
{
	struct buffer out = { 0 };
	struct changes none = { 0 };
	envelope_begin(&out, batch);
	if (has_write)
		envelope_add_write(&out, PLAN_NONE, &none);
	enum envelope_error error = decode_error(buffer_slice(&out));
	buffer_free(&out);
	return error;
}

static void headers_must_not_contradict_themselves(void)
{
	const struct batch part = { .dc = SLICE("eu"), .first_seq = 1, .part = 1, .part_count = 2, .part_bytes = SLICE("x") };
	struct batch wrong = part;
	CU_ASSERT_EQUAL(error_of_header(&part, false), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_of_header(&part, true), ENVELOPE_MALFORMED);
	wrong.part = 2;
	CU_ASSERT_EQUAL(error_of_header(&wrong, false), ENVELOPE_MALFORMED);
	wrong = part;
	wrong.part_bytes.len = 0;
	CU_ASSERT_EQUAL(error_of_header(&wrong, false), ENVELOPE_MALFORMED);
	wrong = (struct batch){ .dc = SLICE("eu"), .first_seq = UINT64_MAX };
	CU_ASSERT_EQUAL(error_of_header(&wrong, false), ENVELOPE_OK);
	CU_ASSERT_EQUAL(error_of_header(&wrong, true), ENVELOPE_MALFORMED);
}

static void clocks_show_no_more_than_can_be_subtracted(void)
{
	const uint64_t far = BATCH_TIME_MS_MAX + 1;
	const struct reading wrong[] = {
		{ SLICE("us"), 1, far, 0, false, 0, 0 },
		{ SLICE("us"), 1, 0, far, false, 0, 0 },
		{ SLICE("us"), 1, 0, 0, true, 2, 1 },
		{ SLICE("us"), 1, 0, 0, true, 0, INT64_MAX },
		{ SLICE("us"), 1, 0, 0, true, INT64_MIN, 0 },
		{ SLICE(""), 1, 0, 0, false, 0, 0 },
	};
	struct batch batch = { .dc = SLICE("eu"), .first_seq = 1, .wall_ms = BATCH_TIME_MS_MAX, .clock = 1, .steady_ms = BATCH_TIME_MS_MAX, .readings = readings, .reading_count = 2 };
	CU_ASSERT_EQUAL(error_of_header(&batch, false), ENVELOPE_OK);
	batch.reading_count = 1;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		batch.readings = &wrong[i];
		CU_ASSERT_EQUAL(error_of_header(&batch, false), ENVELOPE_MALFORMED);
	}
	batch = (struct batch){ .dc = SLICE("eu"), .first_seq = 1, .wall_ms = far };
	CU_ASSERT_EQUAL(error_of_header(&batch, false), ENVELOPE_MALFORMED);
	batch = (struct batch){ .dc = SLICE("eu"), .first_seq = 1, .steady_ms = far };
	CU_ASSERT_EQUAL(error_of_header(&batch, false), ENVELOPE_MALFORMED);
}

static void varints_are_as_short_as_they_can_be(void)
{
	static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char bytes[11] = { 0x78 };
		char *end = wire_put_varint(bytes + 1, numbers[i]);
		CU_ASSERT_EQUAL((size_t)(end - bytes - 1), wire_varint_len(numbers[i]));
		struct slice cursor = { bytes, (size_t)(end - bytes) };
		struct wire_field field;
		CU_ASSERT_EQUAL(wire_field_next(&cursor, &field), WIRE_OK);
		CU_ASSERT_EQUAL(field.value, numbers[i]);
	}
	struct slice eleven = SLICE("\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), over = SLICE("\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	struct wire_field field;
	CU_ASSERT_EQUAL(wire_field_next(&eleven, &field), WIRE_MALFORMED);
	CU_ASSERT_EQUAL(wire_field_next(&over, &field), WIRE_MALFORMED);
}

void suite_envelope(void)
{
	CU_pSuite suite = CU_add_suite("envelope", NULL, NULL);
	CU_ADD_TEST(suite, what_is_encoded_decodes_the_same);
	CU_ADD_TEST(suite, a_raw_write_is_the_same_in_another_batch);
	CU_ADD_TEST(suite, a_cut_batch_is_never_taken_for_a_whole_one);
	CU_ADD_TEST(suite, formats_are_told_apart);
	CU_ADD_TEST(suite, unknown_fields_are_skipped_and_mistyped_ones_are_not);
	CU_ADD_TEST(suite, changes_must_make_sense_for_their_kind);
	CU_ADD_TEST(suite, headers_must_not_contradict_themselves);
	CU_ADD_TEST(suite, clocks_show_no_more_than_can_be_subtracted);
	CU_ADD_TEST(suite, varints_are_as_short_as_they_can_be);
}
