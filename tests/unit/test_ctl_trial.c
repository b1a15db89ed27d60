/* Trials of recorded conflicts: which sides compete, and what each rule, or a handler, makes of them. */
#include "proxy/conflicts/conflicts_tell.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/core/wire/record.h"
#include "proxy/ctl/ctl_trial.h"

#include <CUnit/Basic.h>
#include <string.h>

void suite_ctl_trial(void);

#define SIDE(dc, seq, hlc, context, more) \
	"{\"dc\":\"" dc "\",\"dot\":\"" dc "/7/" #seq "\",\"hlc\":\"" hlc "\",\"context\":[" context "]," more "}"
#define VALUE(value) "\"value\":\"" value "\",\"value_len\":2,\"is_removal\":false,\"is_live\":false"
#define REMOVAL "\"value\":null,\"value_len\":0,\"is_removal\":true,\"is_live\":false"
#define RECORD(rule, winner, sides) \
	"{\"id\":\"x\",\"kind\":\"write-write\",\"status\":\"auto\",\"type\":\"string\",\"rule\":\"" rule "\",\"key\":\"k:1\",\"element\":\"\"," \
	"\"winner\":" winner ",\"sides\":[" sides "]}"

/* ap is the newest and a removal, us comes before it, eu is the oldest. */
static const char three[] = RECORD("lww", "\"ap/7/1\"",
	SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "\"mars/1/1\"", VALUE("us")) ","
	SIDE("ap", 1, "0000000000030000", "null", REMOVAL));

static char *eu_us[] = { (char[]){ "eu" }, (char[]){ "us" } };
static char *us_only[] = { (char[]){ "us" } };

static json_t *parse(const char *text)
{
	json_t *record = json_loads(text, 0, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(record);
	return record;
}

/* Under a rule of this name and order: the datacenter whose side is visible; "": none. */
static void expect(const char *text, const char *name, char **order, unsigned order_count, const char *dc)
{
	struct settings_rule rule = { .match = (char[]){ "k:*" }, .rule = (char *)(uintptr_t)name, .order = order, .order_count = order_count };
	json_t *record = parse(text);
	struct trial trial;

	CU_ASSERT_FATAL(trial_read(&trial, record));
	const struct trial_side *side = trial_decide(&trial, name != NULL ? &rule : NULL);

	CU_ASSERT_STRING_EQUAL(side != NULL ? side->dc : "", dc);
	trial_free(&trial);
	json_decref(record);
}

static void each_rule_chooses_as_the_core_does(void)
{
	expect(three, NULL, NULL, 0, "ap");
	expect(three, "lww", NULL, 0, "ap");
	expect(three, "record", NULL, 0, "ap");
	expect(three, "merge", NULL, 0, "us");
	expect(three, "priority", eu_us, 2, "eu");
	expect(three, "priority", us_only, 1, "us");
}

/* The winner is the write that the handler made: none of the sides. */
static void what_was_resolved_is_no_sum(void)
{
	static const char resolved[] =
		"{\"id\":\"x\",\"kind\":\"write-write\",\"status\":\"resolved\",\"type\":\"string\",\"rule\":\"custom\",\"key\":\"k:1\",\"element\":\"\","
		"\"winner\":\"eu/7/9\",\"value\":\"both\",\"resolved_by\":\"handler\",\"sides\":["
		SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "", VALUE("us")) "]}";
	json_t *record = parse(resolved);
	struct trial trial;

	CU_ASSERT_FATAL(trial_read(&trial, record));
	CU_ASSERT_FALSE(trial.is_sum);
	CU_ASSERT_PTR_NULL(trial.winner);
	CU_ASSERT_STRING_EQUAL(trial.resolved_by, "handler");
	CU_ASSERT_TRUE(slice_equal(buffer_slice(&trial.resolution), SLICE("both")));
	CU_ASSERT_TRUE(trial_is_mergeable(&trial));
	trial_free(&trial);
	json_decref(record);
	expect(resolved, "lww", NULL, 0, "us");
}

static void what_another_side_had_seen_does_not_compete(void)
{
	/* us had seen eu. */
	expect(RECORD("lww", "\"ap/7/1\"",
	              SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "\"eu/7/1\"", VALUE("us")) ","
	              SIDE("ap", 1, "0000000000030000", "", VALUE("ap"))),
	       "priority", eu_us, 2, "us");
	/* us had seen all that incarnations of eu before 8 wrote; … */
	expect(RECORD("lww", "\"ap/7/1\"",
	              SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "\"eu/<8\"", VALUE("us")) ","
	              SIDE("ap", 1, "0000000000030000", "", VALUE("ap"))),
	       "priority", eu_us, 2, "us");
	/* … but nothing of 7; … */
	expect(RECORD("lww", "\"ap/7/1\"",
	              SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "\"eu/<8\",\"eu/7/0\"", VALUE("us")) ","
	              SIDE("ap", 1, "0000000000030000", "", VALUE("ap"))),
	       "priority", eu_us, 2, "eu");
	/* … or all before 7, and nothing more. */
	expect(RECORD("lww", "\"ap/7/1\"",
	              SIDE("eu", 1, "0000000000010000", "", VALUE("eu")) "," SIDE("us", 1, "0000000000020000", "\"eu/<7\"", VALUE("us")) ","
	              SIDE("ap", 1, "0000000000030000", "", VALUE("ap"))),
	       "priority", eu_us, 2, "eu");
	/* The same datacenter wrote again. */
	expect(RECORD("lww", "\"ap/7/1\"",
	              SIDE("eu", 1, "0000000000010000", "", VALUE("e1")) "," SIDE("eu", 2, "0000000000020000", "", VALUE("e2")) ","
	              SIDE("ap", 1, "0000000000030000", "", VALUE("ap"))),
	       "priority", eu_us, 2, "eu");
}

static void sums_and_strangers_are_left_alone(void)
{
	struct trial trial;
	json_t *record = parse("{\"id\":\"x\",\"sides\":[]}");

	expect(RECORD("lww", "null", SIDE("eu", 1, "0000000000010000", "", VALUE("eu"))), "priority", eu_us, 2, "");
	CU_ASSERT_FALSE(trial_read(&trial, record));
	json_decref(record);
	record = parse(RECORD("lww", "null", "{\"dot\":\"eu\"}"));
	CU_ASSERT_FALSE(trial_read(&trial, record));
	json_decref(record);
}

static void a_handler_gets_the_competing_sides_newest_first(void)
{
	static const struct handler_limits limits = { .steps = 100000, .memory_bytes = 1024 * 1024, .time_ms = 10000, .result_bytes = 1000 };
	struct buffer result = { 0 }, error = { 0 };
	struct handler *handler = handler_new(slice_of("function resolve(key, versions) local all = {} for i, v in ipairs(versions) do\n"
	                                               "all[i] = v.dc .. '=' .. tostring(v.value) .. '@' .. v.time end\n"
	                                               "return key .. ' ' .. table.concat(all, ' ') end"),
	                                      "test.lua", &limits, &error);
	json_t *record = parse(three);
	struct trial trial;

	CU_ASSERT_PTR_NOT_NULL_FATAL(handler);
	CU_ASSERT_FATAL(trial_read(&trial, record));
	CU_ASSERT_TRUE(trial_is_mergeable(&trial));
	CU_ASSERT_TRUE(trial_handle(&trial, handler, &result, &error));
	CU_ASSERT(slice_equal(buffer_slice(&result), SLICE("k:1 ap=nil@3 us=us@2 eu=eu@1")));
	trial.sides[0].is_cut = true;
	CU_ASSERT_FALSE(trial_handle(&trial, handler, &result, &error));
	CU_ASSERT(slice_equal(buffer_slice(&error), SLICE("the record has not the whole value (conflicts.value_max)")));
	trial.type = "set";
	CU_ASSERT_FALSE(trial_is_mergeable(&trial));
	trial_free(&trial);
	json_decref(record);
	handler_free(handler);
	buffer_free(&result);
	buffer_free(&error);
}

static void values_come_as_text_or_base64(void)
{
	json_t *record = parse(RECORD("lww", "null", SIDE("eu", 1, "0000000000010000", "",
		"\"value\":\"/wA=\",\"value_encoding\":\"base64\",\"value_len\":2,\"is_live\":true") ","
		SIDE("us", 1, "0000000000010000", "", "\"value\":null,\"value_len\":2")));
	struct trial trial;

	CU_ASSERT_FATAL(trial_read(&trial, record));
	CU_ASSERT(slice_equal(buffer_slice(&trial.sides[0].value), SLICE("\xff\0")));
	CU_ASSERT_FALSE(trial.sides[0].is_cut);
	CU_ASSERT_TRUE(trial.sides[0].is_competing);
	CU_ASSERT_TRUE(trial.sides[1].is_hidden);
	CU_ASSERT_FALSE(trial.sides[1].is_competing);
	trial_free(&trial);
	json_decref(record);
}

/* What a sidecar tells is what is read here. */
static void records_are_read_as_they_are_told(void)
{
	struct buffer context = { 0 }, text = { 0 };
	struct trial trial;

	record_add_position(&context, &(struct record_dot){ SLICE("eu"), 7, 3, false });
	struct record_side sides[] = {
		{ .dot = { SLICE("us"), 9, 4 }, .hlc = (UINT64_C(2000) << 16) + 5, .context = buffer_slice(&context), .value = SLICE("a\xff"), .value_len = 2 },
		{ .dot = { SLICE("eu"), 7, 3, false }, .hlc = UINT64_C(1000) << 16, .value = SLICE("cut"), .value_len = 300 },
		{ .dot = { SLICE("eu"), 7, 4 }, .hlc = (UINT64_C(2000) << 16) + 6, .is_removal = true },
	};
	struct record record = {
		.id = SLICE("id"), .kind = RECORD_WRITE_DELETE, .status = RECORD_AUTO, .key = SLICE("k:\xff"), .element = SLICE("f"), .type = SLICE("hash"),
		.rule = SLICE("lww"), .sides = sides, .side_count = 3, .winner = { SLICE("eu"), 7, 4 },
	};
	struct teller *teller = teller_json_new(true);

	conflict_tell(&record, &(struct conflicts_view){ .is_redacted = false }, (struct slice){ "", 0 }, teller, NULL);
	teller_json_finish(teller, &text);
	buffer_add_byte(&text, '\0');
	json_t *told = parse(text.ptr);

	CU_ASSERT_FATAL(trial_read(&trial, told));
	CU_ASSERT(slice_equal(buffer_slice(&trial.key), SLICE("k:\xff")) && slice_equal(buffer_slice(&trial.element), SLICE("f")));
	CU_ASSERT_EQUAL_FATAL(trial.count, 3);
	CU_ASSERT_EQUAL(trial.sides[0].hlc, sides[0].hlc);
	CU_ASSERT(slice_equal(buffer_slice(&trial.sides[0].value), SLICE("a\xff")));
	CU_ASSERT(!trial.sides[0].is_cut && trial.sides[1].is_cut && trial.sides[2].is_removal);
	/* us had seen eu's first write. */
	CU_ASSERT(trial.sides[0].is_competing && !trial.sides[1].is_competing && trial.sides[2].is_competing);
	CU_ASSERT_PTR_EQUAL(trial.winner, &trial.sides[2]);
	trial_free(&trial);
	json_decref(told);
	buffer_free(&context);
	buffer_free(&text);
}

void suite_ctl_trial(void)
{
	CU_pSuite suite = CU_add_suite("ctl_trial", NULL, NULL);

	CU_add_test(suite, "each_rule_chooses_as_the_core_does", each_rule_chooses_as_the_core_does);
	CU_add_test(suite, "what_another_side_had_seen_does_not_compete", what_another_side_had_seen_does_not_compete);
	CU_add_test(suite, "what_was_resolved_is_no_sum", what_was_resolved_is_no_sum);
	CU_add_test(suite, "sums_and_strangers_are_left_alone", sums_and_strangers_are_left_alone);
	CU_add_test(suite, "a_handler_gets_the_competing_sides_newest_first", a_handler_gets_the_competing_sides_newest_first);
	CU_add_test(suite, "records_are_read_as_they_are_told", records_are_read_as_they_are_told);
	CU_add_test(suite, "values_come_as_text_or_base64", values_come_as_text_or_base64);
}
