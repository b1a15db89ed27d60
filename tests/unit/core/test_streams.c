/* Facts about streams that are read in order: what of an answer is shown, and what a datacenter promises of its entries. */
#include "peers.h"

#include "proxy/core/commands/stream_cut.h"

#include <CUnit/CUnit.h>

void suite_streams(void);

static bool is_ordered(void *context, struct slice key)
{
	(void)context;
	return key.ptr[0] == 's';
}

/* Of REPLY all up to UNTIL_MS is shown as SHOWN; NULL: nothing is. The first that is not has the time HIDDEN_MS. */
static void expect_cut(uint64_t until_ms, const char *reply, const char *shown, uint64_t hidden_ms)
{
	struct stream_cut cut = { .until_ms = until_ms, .is_ordered = is_ordered };
	struct buffer out = { 0 };
	CU_ASSERT_EQUAL(stream_cut(&cut, slice_of(reply), &out), shown != NULL);
	CU_ASSERT(slice_equal(buffer_slice(&out), slice_of(shown == NULL ? "" : shown)));
	CU_ASSERT_EQUAL(cut.hidden_ms, hidden_ms);
	buffer_free(&out);
}

#define ENTRY_5 "*2\r\n$3\r\n5-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
#define ENTRY_7 "*2\r\n$3\r\n7-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n"

static void entries_are_shown_up_to_the_time_that_is_in_order(void)
{
	expect_cut(8, "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7, "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7, 0);
	expect_cut(7, "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7, "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" ENTRY_5, 7);
	expect_cut(5, "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7, NULL, 5);
	expect_cut(0, "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7, NULL, 5);
}

static void streams_of_other_rules_are_shown_at_once(void)
{
	expect_cut(5, "*2\r\n*2\r\n$1\r\ns\r\n*1\r\n" ENTRY_7 "*2\r\n$1\r\nx\r\n*1\r\n" ENTRY_7, "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n" ENTRY_7, 7);
	expect_cut(6, "%2\r\n$1\r\ns\r\n*2\r\n" ENTRY_5 ENTRY_7 "$1\r\nx\r\n*1\r\n" ENTRY_7, "%2\r\n$1\r\ns\r\n*1\r\n" ENTRY_5 "$1\r\nx\r\n*1\r\n" ENTRY_7, 7);
}

static void what_holds_no_entries_is_shown_as_it_is(void)
{
	expect_cut(5, "*-1\r\n", "*-1\r\n", 0);
	expect_cut(5, "_\r\n", "_\r\n", 0);
	expect_cut(5, "-WRONGTYPE no\r\n", "-WRONGTYPE no\r\n", 0);
}

void suite_streams(void)
{
	CU_pSuite suite = CU_add_suite("streams", NULL, NULL);
	CU_ADD_TEST(suite, entries_are_shown_up_to_the_time_that_is_in_order);
	CU_ADD_TEST(suite, streams_of_other_rules_are_shown_at_once);
	CU_ADD_TEST(suite, what_holds_no_entries_is_shown_as_it_is);
}
