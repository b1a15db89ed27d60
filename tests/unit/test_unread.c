/* Facts about what readers of a stream log have not read yet. */
#include "connectors/stream/unread.h"

#include <CUnit/CUnit.h>

void suite_unread(void);

static void what_all_have_read_counts_no_more(void)
{
	struct unread unread = { 0 };
	for (int64_t position = 1; position <= 10; position++)
		unread_add(&unread, position, 100);
	CU_ASSERT_EQUAL(unread.bytes, 1000);
	unread_forget(&unread, 0);
	CU_ASSERT_EQUAL(unread.bytes, 1000);
	unread_forget(&unread, 7);
	CU_ASSERT_EQUAL(unread.bytes, 300);
	unread_forget(&unread, 3);
	CU_ASSERT_EQUAL(unread.bytes, 300);
	unread_forget(&unread, INT64_MAX);
	CU_ASSERT(unread.bytes == 0 && unread.count == 0);
	unread_free(&unread);
}

static void room_is_used_again(void)
{
	struct unread unread = { 0 };
	for (int64_t position = 0; position < 100000; position++) {
		unread_add(&unread, position, 1);
		unread_forget(&unread, position - 50);
	}
	CU_ASSERT_EQUAL(unread.bytes, 50);
	CU_ASSERT(unread.cap <= 128);
	CU_ASSERT_EQUAL(unread.entries[unread.head].position, 99950);
	unread_free(&unread);
}

static void order_holds_while_it_grows(void)
{
	struct unread unread = { 0 };
	for (int64_t position = 0; position < 1000; position++) {
		unread_add(&unread, position, (uint64_t)position);
		if (position % 3 == 0)
			unread_forget(&unread, position / 3);
	}
	for (unsigned i = 1; i < unread.count; i++)
		CU_ASSERT_EQUAL(unread.entries[unread.head + i].position, unread.entries[unread.head + i - 1].position + 1);
	CU_ASSERT_EQUAL(unread.entries[unread.head].position, 334);
	unread_free(&unread);
}

void suite_unread(void)
{
	CU_pSuite suite = CU_add_suite("unread", NULL, NULL);
	CU_add_test(suite, "what all have read counts no more", what_all_have_read_counts_no_more);
	CU_add_test(suite, "room is used again", room_is_used_again);
	CU_add_test(suite, "order holds while it grows", order_holds_while_it_grows);
}
