/* Facts about notices of expired keys: which pushes of Redis are one, and what they say. */
#include "connectors/store/expired_notice.h"

#include <CUnit/CUnit.h>

void suite_expired_notice(void);

#define PATTERN "$9\r\n__keyev*_\r\n"

static bool reads(struct slice push)
{
	struct expired_notice notice;
	return expired_notice_read(push, &notice);
}

static void a_notice_names_its_database_and_key(void)
{
	struct expired_notice notice;
	CU_ASSERT_FATAL(expired_notice_read(SLICE("*4\r\n$8\r\npmessage\r\n" PATTERN "$23\r\n__keyevent@12__:expired\r\n$4\r\ncart\r\n"), &notice));
	CU_ASSERT(notice.db == 12);
	CU_ASSERT(slice_equal(notice.key, SLICE("cart")));
}

static void other_pushes_are_no_notice(void)
{
	CU_ASSERT(!reads(SLICE("*3\r\n$10\r\npsubscribe\r\n" PATTERN ":1\r\n")));
	CU_ASSERT(!reads(SLICE("*4\r\n$8\r\npmessage\r\n" PATTERN "$7\r\nexpired\r\n$1\r\nk\r\n")));
	CU_ASSERT(!reads(SLICE("*4\r\n$8\r\npmessage\r\n" PATTERN "$23\r\n__keyevent@-1_:expired_\r\n$1\r\nk\r\n")));
	CU_ASSERT(!reads(SLICE("*4\r\n$8\r\npmessage\r\n" PATTERN "$32\r\n__keyevent@4294967295__:expired_\r\n$1\r\nk\r\n")));
	CU_ASSERT(!reads(SLICE("$4\r\nPONG\r\n")));
	CU_ASSERT(!reads(SLICE("")));
}

void suite_expired_notice(void)
{
	CU_pSuite suite = CU_add_suite("expired_notice", NULL, NULL);
	CU_ADD_TEST(suite, a_notice_names_its_database_and_key);
	CU_ADD_TEST(suite, other_pushes_are_no_notice);
}
