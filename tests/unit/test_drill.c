/* Facts about drills: who is moved, how long that took, which limits stop it, and what a report says. */
#include "base/text.h"
#include "proxy/ctl/drill_report.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_drill(void);

/* Users user:0, user:1, … have moved; the Nth took N ms. */
static void drill_open(struct drill *drill, unsigned count)
{
	*drill = (struct drill){ .from = "us", .to = "eu" };
	for (unsigned i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "user:%05u", i);
		drill_add_user(drill, name);
	}
	drill_sort_users(drill);
	for (unsigned i = 0; i < count; i++)
		drill_note(drill, &drill->users[i], DRILL_MOVED, i + 1, NULL);
}

static void each_user_is_taken_once(void)
{
	static const char *const names[] = { "user:2", "user:1", "user:2", "user:10", "user:1", "user:1" };
	struct drill drill = { .from = "us", .to = "eu" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		drill_add_user(&drill, names[i]);
	drill_sort_users(&drill);
	CU_ASSERT_FATAL(drill.count == 3 && drill.results[DRILL_WAITS] == 3);
	CU_ASSERT_STRING_EQUAL(drill.users[0].name, "user:1");
	CU_ASSERT_STRING_EQUAL(drill.users[1].name, "user:10");
	CU_ASSERT_STRING_EQUAL(drill.users[2].name, "user:2");
	drill_free(&drill);
}

static void percentiles_are_of_those_who_moved(void)
{
	struct drill drill;

	drill_open(&drill, 1000);
	CU_ASSERT(drill_took(&drill, 500) == 500 && drill_took(&drill, 990) == 990 && drill_took(&drill, 1000) == 1000);
	/* The slowest stayed: nobody knows how long its move would have taken. Who was moved back had moved. */
	drill_note(&drill, &drill.users[999], DRILL_REFUSED, 5000, "no answer");
	drill_note(&drill, &drill.users[998], DRILL_BACK, 0, NULL);
	CU_ASSERT(drill_took(&drill, 1000) == 999 && drill.results[DRILL_MOVED] == 998 && drill.results[DRILL_BACK] == 1);
	drill_free(&drill);
	CU_ASSERT(drill_took(&drill, 990) == 0);
}

static void limits_are_read_and_crossed(void)
{
	static const char *const wrong[] = { "", "held_p99", "held_p99>", "held_p99>100", "held_p99<100ms", "held>1ms", "failed>-1", "failed>1ms", "conflicts>x" };
	struct buffer error = { 0 };
	struct drill drill;

	drill_open(&drill, 100);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_FALSE(drill_limit_read(&drill, wrong[i], &error));
	CU_ASSERT(error.len > 0 && drill.limit_count == 0);
	CU_ASSERT_TRUE(drill_limit_read(&drill, "held_p99>100ms", &error));
	CU_ASSERT_TRUE(drill_limit_read(&drill, "failed>0", &error));
	CU_ASSERT_TRUE(drill_limit_read(&drill, "conflicts>2", &error));
	CU_ASSERT_PTR_NULL(drill_crossed(&drill));
	drill.conflicts = 3;
	CU_ASSERT(drill_crossed(&drill) == &drill.limits[2]);
	drill_note(&drill, &drill.users[0], DRILL_REFUSED, 0, "no");
	CU_ASSERT(drill_crossed(&drill) == &drill.limits[1]);
	drill_note(&drill, &drill.users[1], DRILL_MOVED, 400, NULL);
	drill_note(&drill, &drill.users[2], DRILL_MOVED, 400, NULL);
	CU_ASSERT(drill_crossed(&drill) == &drill.limits[0]);
	while (drill.limit_count < DRILL_LIMITS_MAX)
		CU_ASSERT_TRUE(drill_limit_read(&drill, "failed>9", &error));
	CU_ASSERT_FALSE(drill_limit_read(&drill, "failed>9", &error));
	buffer_free(&error);
	drill_free(&drill);
}

static void report_tells_numbers_and_names(void)
{
	struct buffer text = { 0 };
	struct drill drill;

	drill_open(&drill, 4);
	drill_note(&drill, &drill.users[3], DRILL_REFUSED, 0, "eu <is> away & \"gone\"");
	drill_sample(&drill, 10);
	drill.lasted_ms = 1500;
	json_t *json = drill_report_json(&drill, "2026-01-01T00:00:00Z");

	CU_ASSERT(json_integer_value(json_object_get(json_object_get(json, "users"), "moved")) == 3);
	CU_ASSERT(json_integer_value(json_object_get(json_object_get(json, "held_ms"), "max")) == 3);
	CU_ASSERT(json_array_size(json_object_get(json, "failures")) == 1 && json_array_size(json_object_get(json, "timeline")) == 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "result")), "complete");
	CU_ASSERT(json_is_false(json_object_get(json, "whole")));
	json_decref(json);
	drill_report_text(&drill, &text);
	buffer_add_byte(&text, '\0');
	CU_ASSERT_PTR_NOT_NULL(strstr(text.ptr, "us -> eu: 3 of 4 users moved, in 1.5 s\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text.ptr, "  user:00003: eu <is> away"));
	buffer_reset(&text);
	drill_report_html(&drill, "2026-01-01T00:00:00Z", &text);
	buffer_add_byte(&text, '\0');
	CU_ASSERT_PTR_NOT_NULL(strstr(text.ptr, "eu &lt;is&gt; away &amp; &quot;gone&quot;"));
	CU_ASSERT_PTR_NULL(strstr(text.ptr, "<is>"));
	buffer_free(&text);
	drill_free(&drill);
}

/* It has written numbers 0 to 9, each acknowledged at 10 ms times its number, begun 5 ms before. */
static void canary_open(struct canary *canary)
{
	*canary = (struct canary){ .user = text_copy("user:c"), .key = text_copy("user:c:k") };
	for (uint64_t number = 0; number < 10; number++)
		canary_note_write(canary, number, number == 0 ? 0 : 10 * number - 5, 10 * number);
}

static void a_canary_misses_what_is_not_there(void)
{
	bool is_there[10] = { true, true, true, true, true, true, true, true, true, true };
	struct canary canary;

	canary_open(&canary);
	CU_ASSERT(canary.rto_ms == 5 && !canary.has_switched);
	canary_note_switch(&canary, is_there, 10);
	CU_ASSERT(canary.has_switched && canary.unseen == 0 && canary.rpo_ms == 0);
	/* 7 and 9 are missing: all is there up to 6, of 60 ms; the last was at 90. */
	is_there[7] = is_there[9] = false;
	canary_note_switch(&canary, is_there, 10);
	CU_ASSERT(canary.unseen == 2 && canary.rpo_ms == 30);
	/* What lies beyond those that were listed is missing, too. */
	canary_note_end(&canary, is_there, 5);
	CU_ASSERT(canary.is_compared && canary.lost == 5);
	canary_note_read(&canary, true);
	canary_note_read(&canary, false);
	CU_ASSERT(canary.reads == 2 && canary.stale == 1);
	canary_free(&canary);
}

static void what_was_not_measured_is_not_told_as_a_number(void)
{
	struct drill drill;
	struct buffer text = { 0 };

	drill_open(&drill, 1);
	struct drill_measured none = drill_measure_canaries(&drill);

	CU_ASSERT(none.lost == -1 && none.stale == -1 && none.unseen == -1 && none.rpo_ms == -1 && none.rto_ms == -1);
	drill_report_text(&drill, &text);
	buffer_add_byte(&text, '\0');
	CU_ASSERT(strstr(text.ptr, "writes lost: not measured\n") != NULL && strstr(text.ptr, "RPO: not measured\n") != NULL && strstr(text.ptr, "was cut off") == NULL);
	json_t *json = drill_report_json(&drill, "now");

	CU_ASSERT(json_is_null(json_object_get(json, "writes_lost")) && json_is_null(json_object_get(json, "rpo_ms")) && json_is_null(json_object_get(json, "isolation")));
	json_decref(json);
	/* One canary of two was not compared in the end, and none has switched: RTO and stale reads are known, the rest is not. */
	drill.canaries = memory_new(2 * sizeof(*drill.canaries));
	drill.canary_count = 2;
	canary_open(&drill.canaries[0]);
	canary_open(&drill.canaries[1]);
	canary_note_end(&drill.canaries[0], (const bool[]){ true }, 1);
	struct drill_measured some = drill_measure_canaries(&drill);

	CU_ASSERT(some.lost == -1 && some.stale == 0 && some.unseen == -1 && some.rpo_ms == -1 && some.rto_ms == 5);
	canary_note_end(&drill.canaries[1], NULL, 0);
	CU_ASSERT(drill_measure_canaries(&drill).lost == 9 + 10);
	buffer_free(&text);
	drill_free(&drill);
}

void suite_drill(void)
{
	CU_pSuite suite = CU_add_suite("drill", NULL, NULL);

	CU_ADD_TEST(suite, each_user_is_taken_once);
	CU_ADD_TEST(suite, percentiles_are_of_those_who_moved);
	CU_ADD_TEST(suite, limits_are_read_and_crossed);
	CU_ADD_TEST(suite, report_tells_numbers_and_names);
	CU_ADD_TEST(suite, a_canary_misses_what_is_not_there);
	CU_ADD_TEST(suite, what_was_not_measured_is_not_told_as_a_number);
}
