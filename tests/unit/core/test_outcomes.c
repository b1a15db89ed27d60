/* Which writes that have not seen each other are conflicts, as a table: what b and c say of the key k, and what is counted here: of which kind, with
 * which outcome, how often. The same, whichever comes first. (What then is visible, and all other pairs: tests/tables/outcomes.def.) */
#include "peers.h"

#include <CUnit/CUnit.h>

void suite_outcomes(void);

#define SAID_MAX 2

#define FIELDS "$1\r\nf\r\n$1\r\nx\r\n"       /* of an entry of a stream */

static const struct row {
	const char *name, *rule;
	struct said b[SAID_MAX], c[SAID_MAX];
	const char *counted;
} rows[] = {
	{ "two values", "lww", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_SET, .value = "2" } }, "string newest 1" },
	{ "two values that are the same", "lww", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_SET, .value = "1" } }, "string newest 1" },
	{ "two values under priority", "priority", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_SET, .value = "2" } }, "string priority 1" },
	{ "two values that are kept", "record", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_SET, .value = "2" } }, "string open 1" },
	{ "two values for a handler", "custom", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_SET, .value = "2" } }, "string open 1" },
	{ "two increments", "lww", { { .kind = CHANGE_INCREMENT, .number = 1 } }, { { .kind = CHANGE_INCREMENT, .number = 2 } }, "string sum 1" },
	{ "an increment and a value", "lww", { { .kind = CHANGE_INCREMENT, .number = 1 } }, { { .kind = CHANGE_SET, .value = "2" } }, "string sum 1" },
	{ "two different fields", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" } }, { { .kind = CHANGE_FIELD_SET, .element = "g", .value = "2" } }, "" },
	{ "one field", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" } }, { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "2" } }, "hash newest 1" },
	{ "a field and its removal", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" } }, { { .kind = CHANGE_FIELD_REMOVE, .element = "f" } }, "hash newest 1" },
	{ "two removals of a field", "lww", { { .kind = CHANGE_FIELD_REMOVE, .element = "f" } }, { { .kind = CHANGE_FIELD_REMOVE, .element = "f" } }, "hash newest 1" },
	{ "a member and its removal under merge", "merge", { { .kind = CHANGE_MEMBER_ADD, .element = "m" } }, { { .kind = CHANGE_MEMBER_REMOVE, .element = "m" } }, "set add-wins 1" },
	{ "a member that both add", "merge", { { .kind = CHANGE_MEMBER_ADD, .element = "m" } }, { { .kind = CHANGE_MEMBER_ADD, .element = "m" } }, "set newest 1" },
	{ "two scores", "lww", { { .kind = CHANGE_SCORE_SET, .element = "m", .score = 1 } }, { { .kind = CHANGE_SCORE_SET, .element = "m", .score = 2 } }, "zset newest 1" },
	{ "two elements of a list", "lww", { { .kind = CHANGE_LIST_INSERT, .value = "x" } }, { { .kind = CHANGE_LIST_INSERT, .value = "y" } }, "" },
	{ "two ends of a list", "lww", { { .kind = CHANGE_LIST_REMOVE, .amount = 1, .length = 3 } }, { { .kind = CHANGE_LIST_REMOVE, .number = 2, .amount = 1, .length = 3 } }, "" },
	{ "an element that both remove", "lww", { { .kind = CHANGE_LIST_REMOVE, .amount = 2, .length = 3 } }, { { .kind = CHANGE_LIST_REMOVE, .number = 1, .amount = 2, .length = 3 } },
	  "list newest 1" },
	{ "an element that one removes and one sets", "lww", { { .kind = CHANGE_LIST_REMOVE, .amount = 1, .length = 3 } }, { { .kind = CHANGE_LIST_SET, .value = "v", .length = 3 } },
	  "list newest 1" },
	{ "two entries of a stream", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = FIELDS } }, { { .kind = CHANGE_STREAM_ADD, .element = "5-2", .value = FIELDS } }, "" },
	{ "one id for two entries", "priority", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = FIELDS } }, { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = FIELDS } },
	  "stream newest 1" },
	{ "an entry and a removal of the key", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = FIELDS } }, { { .kind = CHANGE_CLEAR } }, "stream add-wins 1" },
	{ "an entry and a trim above it", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = FIELDS } }, { { .kind = CHANGE_STREAM_TRIM, .value = "9-0" } }, "" },
	{ "an entry is given to two", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "pending:5-1:g", .value = "9 1 c" } }, { { .kind = CHANGE_STREAM_ADD, .element = "pending:5-1:g", .value = "9 1 d" } },
	  "stream newest 1" },
	{ "an entry is given, and acknowledged", "merge", { { .kind = CHANGE_STREAM_ADD, .element = "pending:5-1:g", .value = "9 1 c" } }, { { .kind = CHANGE_STREAM_REMOVE, .element = "pending:5-1:g", .number = 1 } }, "" },
	{ "two read in a group", "record", { { .kind = CHANGE_STREAM_ADD, .element = "group:g", .value = "5-1" } }, { { .kind = CHANGE_STREAM_ADD, .element = "group:g", .value = "6-1" } }, "" },
	{ "one reads in a group, one removes the key", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "group:g", .value = "5-1" } }, { { .kind = CHANGE_CLEAR } }, "" },
	{ "two trims", "lww", { { .kind = CHANGE_STREAM_TRIM, .value = "5-0" } }, { { .kind = CHANGE_STREAM_TRIM, .value = "9-0" } }, "" },
	{ "two deadlines", "lww", { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, { { .kind = CHANGE_EXPIRE, .deadline = 1900000000000 } }, "ttl newest 1" },
	{ "a value writes the deadline, too", "lww", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, "ttl newest 1" },
	{ "unless it leaves it", "lww", { { .kind = CHANGE_SET, .value = "1", .deadline = EXPIRE_KEEP } },
	  { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, "" },
	{ "a removal of the key and a deadline", "lww", { { .kind = CHANGE_CLEAR } }, { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, "ttl newest 1" },
	{ "a flush and a value", "lww", { { .kind = CHANGE_FLUSH } }, { { .kind = CHANGE_SET, .value = "1" } }, "string newest 1" },
	{ "two flushes", "lww", { { .kind = CHANGE_FLUSH } }, { { .kind = CHANGE_FLUSH } }, "key newest 1" },
	{ "a deadline and a field", "lww", { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" } }, "" },
	{ "two types", "lww", { { .kind = CHANGE_SET, .value = "1" } }, { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" } }, "key type 1" },
	{ "two removals of the key", "lww", { { .kind = CHANGE_CLEAR } }, { { .kind = CHANGE_CLEAR } }, "key newest 1" },
	{ "two expiries of the key", "lww", { { .kind = CHANGE_CLEAR, .number = 1 } }, { { .kind = CHANGE_CLEAR, .number = 1 } }, "" },
	{ "a removal of the key and a value", "lww", { { .kind = CHANGE_CLEAR } }, { { .kind = CHANGE_SET, .value = "1" } }, "string newest 1" },
	{ "each change counts for itself", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" }, { .kind = CHANGE_FIELD_SET, .element = "g", .value = "1" } },
	  { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "2" }, { .kind = CHANGE_FIELD_SET, .element = "g", .value = "2" } }, "hash newest 2" },
};

static void add_counts(const struct core_status *status, struct buffer *out)
{
	for (unsigned rule = 0; core_rule_text(rule) != NULL; rule++)
		for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
			for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
				if (status->conflicts[rule][kind][outcome] == 0)
					continue;
				buffer_add_text(out, out->len > 0 ? "; " : "");
				buffer_add_text(out, core_kind_text(kind));
				buffer_add_text(out, " ");
				buffer_add_text(out, outcome_text((enum outcome)outcome));
				buffer_add_text(out, " ");
				buffer_add_uint64(out, status->conflicts[rule][kind][outcome]);
			}
}

static void play(const struct row *row, bool is_reversed)
{
	struct buffer counted = { 0 };
	struct stage stage;
	peers_open(&stage, row->rule);
	for (unsigned i = 0; i < 2; i++) {
		bool is_b = (i == 0) != is_reversed;
		peers_say(&stage, is_b ? PEER_B : PEER_C, is_b ? 1000 : 2000, is_b ? row->b : row->c, SAID_MAX);
		peers_settle(&stage, NULL);
	}
	add_counts(core_status(stage.core), &counted);
	stage_expect(row->name, is_reversed ? "when c's comes first, counted is" : "counted is", buffer_slice(&counted), row->counted);
	buffer_free(&counted);
	stage_close(&stage);
}

static void writes_that_have_not_seen_each_other_are_counted(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		play(&rows[i], false);
		play(&rows[i], true);
	}
}

/* The same rows, where c had seen what b wrote: then nothing is a conflict. */
static void writes_that_have_seen_each_other_are_none(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer counted = { 0 };
		struct stage stage;
		peers_open(&stage, rows[i].rule);
		peers_say(&stage, PEER_B, 1000, rows[i].b, SAID_MAX);
		peers_settle(&stage, NULL);
		peers_say_after(&stage, PEER_C, 2000, rows[i].c, SAID_MAX, 1);
		peers_settle(&stage, NULL);
		add_counts(core_status(stage.core), &counted);
		stage_expect(rows[i].name, "when c has seen b's, counted is", buffer_slice(&counted), "");
		buffer_free(&counted);
		stage_close(&stage);
	}
}

void suite_outcomes(void)
{
	CU_pSuite suite = CU_add_suite("outcomes", NULL, NULL);
	CU_ADD_TEST(suite, writes_that_have_not_seen_each_other_are_counted);
	CU_ADD_TEST(suite, writes_that_have_seen_each_other_are_none);
}
