/* Facts about conflict records as bytes. */
#include "proxy/core/wire/record.h"

#include "proxy/core/wire/wire.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_record(void);

static struct buffer covers, context, stretches;

static void fill_pieces(void)
{
	buffer_reset(&context);
	buffer_reset(&stretches);
	buffer_reset(&covers);
	record_add_cover(&covers, &(struct record_dot){ SLICE("cpt"), 1, 2, false }, false);
	record_add_cover(&covers, &(struct record_dot){ SLICE("ams"), 7, 50, false }, true);
	record_add_position(&context, &(struct record_dot){ SLICE("ams"), 7, 41, false });
	record_add_position(&context, &(struct record_dot){ SLICE("bom"), UINT64_MAX, UINT64_MAX, false });
	record_add_stretch(&stretches, &(struct record_stretch){ SLICE("ams"), 7, 42, 44 });
	record_add_stretch(&stretches, &(struct record_stretch){ SLICE("bom"), 9, 3, 3 });
}

static void fill(struct record *record, struct record_side *sides)
{
	fill_pieces();
	sides[0] = (struct record_side){
		.dot = { SLICE("bom"), 9, 3 }, .hlc = 900, .context = buffer_slice(&context), .command = SLICE("set"), .client = SLICE("app\0x"),
		.value = SLICE("cu"), .value_len = 3, .value_hash = UINT64_C(0x8000000000000001), .is_live = true, .is_dead = true, .is_clearing = true,
	};
	sides[1] = (struct record_side){ .dot = { SLICE("ams"), 7, 44 }, .hlc = 800, .command = SLICE("del"), .is_removal = true, .is_explicit = true, .is_increment = true, .is_covered = true, .is_again = true,
		.covers = buffer_slice(&covers) };
	*record = (struct record){
		.id = SLICE("ams-7-42-0123456789abcdef"), .kind = RECORD_WRITE_DELETE, .status = RECORD_RESOLVED, .db = 3, .key = SLICE("k\0ey"),
		.element = SLICE("f"), .type = SLICE("hash"), .rule = SLICE("record"), .rules_digest = UINT64_MAX, .sides = sides, .side_count = 2,
		.stretches = buffer_slice(&stretches), .first_hlc = 700, .pairs = 3, .winner = { SLICE("bom"), 9, 3 }, .value = SLICE("cu"),
		.resolution = { SLICE("cpt"), 1, 2 }, .resolved_by = SLICE("ann"), .opened_hlc = 800, .ended_hlc = 1000, .attempts = 2,
		.last_error = SLICE("no"), .merged_into = SLICE("other"),
	};
}

static bool dot_equal(const struct record_dot *a, const struct record_dot *b)
{
	return slice_equal(a->dc, b->dc) && a->incarnation == b->incarnation && a->seq == b->seq;
}

static bool side_equal(const struct record_side *a, const struct record_side *b)
{
	return dot_equal(&a->dot, &b->dot) && a->hlc == b->hlc && slice_equal(a->context, b->context) && slice_equal(a->command, b->command) &&
	       slice_equal(a->client, b->client) && slice_equal(a->value, b->value) && a->value_len == b->value_len &&
	       slice_equal(a->covers, b->covers) && a->value_hash == b->value_hash && a->is_removal == b->is_removal && a->is_live == b->is_live && a->is_dead == b->is_dead &&
	       a->is_explicit == b->is_explicit && a->is_increment == b->is_increment && a->is_covered == b->is_covered && a->is_again == b->is_again && a->is_clearing == b->is_clearing;
}

static void record_survives_its_bytes(void)
{
	struct record_side sides[2];
	struct record record, read;
	struct record_scratch scratch = { 0 };
	struct buffer bytes = { 0 }, again = { 0 };
	fill(&record, sides);
	record_encode(&bytes, &record);
	CU_ASSERT_FATAL(record_decode(buffer_slice(&bytes), &scratch, &read));
	CU_ASSERT(slice_equal(read.id, record.id) && read.kind == record.kind && read.status == record.status && read.db == 3);
	CU_ASSERT(slice_equal(read.key, record.key) && slice_equal(read.element, record.element) && slice_equal(read.type, record.type));
	CU_ASSERT(slice_equal(read.rule, record.rule) && read.rules_digest == UINT64_MAX && read.first_hlc == 700 && read.pairs == 3);
	CU_ASSERT(dot_equal(&read.winner, &record.winner) && dot_equal(&read.resolution, &record.resolution) && slice_equal(read.value, record.value));
	CU_ASSERT(slice_equal(read.resolved_by, record.resolved_by) && read.opened_hlc == 800 && read.ended_hlc == 1000);
	CU_ASSERT(read.attempts == 2 && slice_equal(read.last_error, record.last_error) && slice_equal(read.merged_into, record.merged_into));
	CU_ASSERT_FATAL(read.side_count == 2);
	CU_ASSERT(side_equal(&read.sides[0], &sides[0]) && side_equal(&read.sides[1], &sides[1]));
	record_encode(&again, &read);
	CU_ASSERT(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
	buffer_free(&bytes);
	buffer_free(&again);
	memory_free(scratch.sides);
}

static void pieces_are_walked_in_order(void)
{
	struct record_dot position;
	struct record_stretch stretch;
	fill_pieces();
	struct slice left = buffer_slice(&context), stretches_left = buffer_slice(&stretches);
	CU_ASSERT(record_position_next(&left, &position) && slice_equal(position.dc, SLICE("ams")) && position.seq == 41);
	CU_ASSERT(record_position_next(&left, &position) && position.incarnation == UINT64_MAX && position.seq == UINT64_MAX);
	CU_ASSERT(!record_position_next(&left, &position));
	CU_ASSERT(record_stretch_next(&stretches_left, &stretch) && stretch.first_seq == 42 && stretch.last_seq == 44);
	CU_ASSERT(record_stretch_next(&stretches_left, &stretch) && slice_equal(stretch.dc, SLICE("bom")));
	CU_ASSERT(!record_stretch_next(&stretches_left, &stretch));
	struct slice covers_left = buffer_slice(&covers);
	struct record_dot by;
	bool is_kill;
	CU_ASSERT(record_cover_next(&covers_left, &by, &is_kill) && !is_kill && by.seq == 2 && slice_equal(by.dc, SLICE("cpt")));
	CU_ASSERT(record_cover_next(&covers_left, &by, &is_kill) && is_kill && by.seq == 50 && by.incarnation == 7);
	CU_ASSERT(!record_cover_next(&covers_left, &by, &is_kill));
	left = SLICE("\x1a\xff");
	CU_ASSERT(!record_position_next(&left, &position));
}

static void several_stand_in_one_value(void)
{
	struct buffer bytes = { 0 };
	struct slice record;
	records_add(&bytes, SLICE("one"));
	records_add(&bytes, SLICE(""));
	/* A field that somebody may add one day. */
	buffer_add(&bytes, SLICE("\x10\x07"));
	records_add(&bytes, SLICE("three"));
	struct slice left = buffer_slice(&bytes);
	CU_ASSERT(records_next(&left, &record) && slice_equal(record, SLICE("one")));
	CU_ASSERT(records_next(&left, &record) && record.len == 0);
	CU_ASSERT(records_next(&left, &record) && slice_equal(record, SLICE("three")));
	CU_ASSERT(!records_next(&left, &record) && left.len == 0);
	buffer_free(&bytes);
	/* Cut, of another type, or a single record as it stands on a topic. */
	const struct slice wrong[] = { SLICE("\x0a\x05" "four"), SLICE("\x08\x01"), SLICE("\x08\x01\x12\x01x"), SLICE("\xff") };
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		left = wrong[i];
		CU_ASSERT(!records_next(&left, &record) && left.len > 0);
	}
}

static bool decodes(struct slice bytes)
{
	struct record_scratch scratch = { 0 };
	struct record record;
	bool is_read = record_decode(bytes, &scratch, &record);
	memory_free(scratch.sides);
	return is_read;
}

static void every_cut_is_refused_or_whole(void)
{
	struct record_side sides[2];
	struct record record;
	struct buffer bytes = { 0 };
	fill(&record, sides);
	record_encode(&bytes, &record);
	/* Only between two fields of the record may it end, and only once it has what it needs. */
	unsigned whole = 0;
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = memory_new(len);
		memcpy(cut, bytes.ptr, len);
		whole += decodes((struct slice){ cut, len });
		memory_free(cut);
	}
	CU_ASSERT(whole > 0 && whole < 24);
	for (size_t at = 0; at < bytes.len; at++) {
		bytes.ptr[at] ^= 0x55;
		(void)decodes(buffer_slice(&bytes));
		bytes.ptr[at] ^= 0x55;
	}
	buffer_free(&bytes);
}

static const char *const smallest = "\x08\x01\x12\x01" "i\x18\x01\x20\x01";

static bool decodes_with(struct slice more)
{
	struct buffer bytes = { 0 };
	buffer_add_text(&bytes, smallest);
	buffer_add(&bytes, more);
	bool is_read = decodes(buffer_slice(&bytes));
	buffer_free(&bytes);
	return is_read;
}

static void malformed_records_are_refused(void)
{
	CU_ASSERT(decodes_with(SLICE("")));
	CU_ASSERT(!decodes(SLICE("")));
	CU_ASSERT(!decodes(SLICE("\x12\x01i\x18\x01\x20\x01")));               /* no format */
	CU_ASSERT(!decodes(SLICE("\x08\x02\x12\x01i\x18\x01\x20\x01")));       /* a newer one */
	CU_ASSERT(!decodes(SLICE("\x08\x01\x18\x01\x20\x01")));                 /* no id */
	CU_ASSERT(!decodes(SLICE("\x08\x01\x12\x01 \x18\x01\x20\x01")));       /* an id with a space */
	CU_ASSERT(!decodes(SLICE("\x08\x01\x12\x01i\x20\x01")));               /* no kind */
	CU_ASSERT(!decodes(SLICE("\x08\x01\x12\x01i\x18\x01")));               /* no status */
	CU_ASSERT(!decodes_with(SLICE("\x18\x08")));                             /* unknown kind, unknown status */
	CU_ASSERT(!decodes_with(SLICE("\x20\x06")));
	CU_ASSERT(!decodes_with(SLICE("\x10\x01")));                             /* a known field of another type */
	CU_ASSERT(!decodes_with(SLICE("\x28\xff\xff\xff\xff\x1f")));             /* a database beyond 32 bits */
	CU_ASSERT(!decodes_with(SLICE("\x5a\x00")));                             /* a side without a dot */
	CU_ASSERT(decodes_with(SLICE("\x5a\x07\x0a\x05\x0a\x01" "a\x18\x01")));
	CU_ASSERT(!decodes_with(SLICE("\x5a\x05\x0a\x03\x0a\x01" "a")));         /* a dot without a seq */
	CU_ASSERT(!decodes_with(SLICE("\x5a\x0a\x0a\x05\x0a\x01" "a\x18\x01\x32\x01v")));   /* longer than its whole value */
	CU_ASSERT(!decodes_with(SLICE("\x5a\x09\x0a\x05\x0a\x01" "a\x18\x01\x48\x02")));     /* a flag that is 2 */
	CU_ASSERT(!decodes_with(SLICE("\x5a\x7f\x0a")));                         /* beyond the end */
	CU_ASSERT(decodes_with(SLICE("\xf8\x07\x05")));                          /* a field of the future */
}

/* Positions that do not stand together would take along what is between them. */
static void scattered_positions_are_refused(void)
{
	CU_ASSERT(decodes_with(SLICE("\x5a\x15\x0a\x05\x0a\x01" "a\x18\x01\x1a\x05\x0a\x01" "b\x18\x01\x1a\x05\x0a\x01" "c\x18\x01")));
	CU_ASSERT(!decodes_with(SLICE("\x5a\x17\x0a\x05\x0a\x01" "a\x18\x01\x1a\x05\x0a\x01" "b\x18\x01\x10\x01\x1a\x05\x0a\x01" "c\x18\x01")));
}

static void hash_is_fnv_1a(void)
{
	CU_ASSERT(record_hash(RECORD_HASH_START, SLICE("")) == UINT64_C(0xcbf29ce484222325));
	CU_ASSERT(record_hash(RECORD_HASH_START, SLICE("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	CU_ASSERT(record_hash(RECORD_HASH_START, SLICE("foobar")) == UINT64_C(0x85944171f73967e8));
	CU_ASSERT(record_hash(record_hash(RECORD_HASH_START, SLICE("foo")), SLICE("bar")) == UINT64_C(0x85944171f73967e8));
}

void suite_record(void)
{
	CU_pSuite suite = CU_add_suite("record", NULL, NULL);
	CU_ADD_TEST(suite, record_survives_its_bytes);
	CU_ADD_TEST(suite, pieces_are_walked_in_order);
	CU_ADD_TEST(suite, several_stand_in_one_value);
	CU_ADD_TEST(suite, every_cut_is_refused_or_whole);
	CU_ADD_TEST(suite, malformed_records_are_refused);
	CU_ADD_TEST(suite, scattered_positions_are_refused);
	CU_ADD_TEST(suite, hash_is_fnv_1a);
}
