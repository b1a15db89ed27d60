/* Facts about batches that come in parts: their writes are checked as they come. */
#include "proxy/core/wire/envelope.h"

#include <CUnit/CUnit.h>

void suite_envelope_parts(void);

static void add_write(struct buffer *out, unsigned count, bool is_explicit)
{
	const struct position seen = { SLICE("us"), 7, 3, false };
	struct changes changes = { 0 };
	struct buffer context = { 0 };
	for (unsigned i = 0; i < count; i++) {
		struct change *change = changes_add(&changes, CHANGE_FIELD_SET, 0, SLICE("k"));
		change->element = SLICE("field");
		change->value = SLICE("a value");
	}
	if (is_explicit)
		envelope_add_context(&context, &seen, 1);
	changes.facts = (struct write_facts){ .command = SLICE("hset"), .is_explicit = is_explicit, .context = buffer_slice(&context) };
	envelope_add_write(out, PLAN_NONE, &changes);
	changes_free(&changes);
	buffer_free(&context);
}

static struct buffer encode(void)
{
	struct buffer out = { 0 };
	envelope_begin(&out, &(struct batch){ .dc = SLICE("eu"), .incarnation = 5, .first_seq = 42, .hlc = 99 });
	add_write(&out, 3, false);
	add_write(&out, 0, false);
	add_write(&out, 5, true);
	add_write(&out, 1, false);
	return out;
}

/* In parts of PART bytes, each looked at when it comes. Memory is not where it was, as it is in an inbox. */
static struct envelope_progress check_in_parts(struct slice bytes, size_t part)
{
	struct envelope_progress progress = { 0 };
	for (size_t len = part; len < bytes.len + part; len += part) {
		struct slice come = buffer_copy((struct slice){ bytes.ptr, len < bytes.len ? len : bytes.len });
		envelope_check_some(come, &progress);
		bytes_free(come);
	}
	return progress;
}

static void expect_the_same(struct slice bytes, size_t part)
{
	struct envelope_scratch *scratch = envelope_scratch_new();
	struct batch whole, checked;
	struct envelope_progress progress = check_in_parts(bytes, part);
	enum envelope_error error = envelope_decode(bytes, scratch, &whole);
	CU_ASSERT_EQUAL(envelope_decode_checked(bytes, scratch, &progress, &checked), error);
	if (error == ENVELOPE_OK) {
		CU_ASSERT_EQUAL(checked.write_count, whole.write_count);
		CU_ASSERT_EQUAL(checked.changes_max, whole.changes_max);
		CU_ASSERT(checked.writes.ptr == whole.writes.ptr && checked.writes.len == whole.writes.len);
	}
	envelope_scratch_free(scratch);
}

static void all_of_it_is_checked_by_the_time_it_is_there(void)
{
	struct buffer out = encode();
	for (size_t part = 1; part <= out.len; part++) {
		struct envelope_progress progress = check_in_parts(buffer_slice(&out), part);
		CU_ASSERT_EQUAL(progress.checked, out.len);
		CU_ASSERT_EQUAL(progress.changes_max, 5);
		expect_the_same(buffer_slice(&out), part);
	}
	buffer_free(&out);
}

static void what_is_wrong_is_found_in_parts_as_in_one(void)
{
	struct buffer out = encode();
	for (size_t at = 0; at < out.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			out.ptr[at] = (char)(out.ptr[at] ^ (1 << bit));
			expect_the_same(buffer_slice(&out), 1 + at % 7);
			out.ptr[at] = (char)(out.ptr[at] ^ (1 << bit));
		}
	}
	buffer_free(&out);
}

static void a_walk_gives_every_change_once(void)
{
	struct buffer out = { 0 };
	struct envelope_scratch *scratch = envelope_scratch_new();
	struct changes some = { 0 };
	struct batch batch;
	unsigned count = 0;
	envelope_begin(&out, &(struct batch){ .dc = SLICE("eu"), .incarnation = 5, .first_seq = 42, .hlc = 99 });
	add_write(&out, 1000, false);
	add_write(&out, 0, false);
	add_write(&out, 3, true);
	CU_ASSERT_EQUAL_FATAL(envelope_decode(buffer_slice(&out), scratch, &batch), ENVELOPE_OK);
	for (struct envelope_walk walk = { .writes = batch.writes }; envelope_walk_next(&walk, &some);) {
		CU_ASSERT(some.count < 1000);
		count += some.count;
	}
	CU_ASSERT_EQUAL(count, 1003);
	envelope_scratch_free(scratch);
	changes_free(&some);
	buffer_free(&out);
}

void suite_envelope_parts(void)
{
	CU_pSuite suite = CU_add_suite("envelope, in parts", NULL, NULL);
	CU_ADD_TEST(suite, all_of_it_is_checked_by_the_time_it_is_there);
	CU_ADD_TEST(suite, what_is_wrong_is_found_in_parts_as_in_one);
	CU_ADD_TEST(suite, a_walk_gives_every_change_once);
}
