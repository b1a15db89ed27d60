/* Facts about another process that reads a log in our name. */
#include "connectors/stream/namesake.h"

#include <CUnit/CUnit.h>

void suite_namesake(void);

static void what_this_process_wrote_is_no_other(void)
{
	struct namesake namesake = { .mark = ":7" };
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_FALSE(namesake_hear(&namesake, i % 2 == 0 ? SLICE("1:1:7") : SLICE("2:1:7")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("")));
}

static void what_an_earlier_process_left_is_no_other(void)
{
	struct namesake namesake = { .mark = ":7" };
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("1:1:8")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("2:1:8")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("2:1:8")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("3:1:7")));
}

static void who_goes_on_writing_is_another(void)
{
	struct namesake namesake = { .mark = ":7" };
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("1:1:8")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("2:1:8")));
	CU_ASSERT_TRUE(namesake_hear(&namesake, SLICE("3:1:8")));
	CU_ASSERT_FALSE(namesake_hear(&namesake, SLICE("3:1:7")));
	CU_ASSERT_TRUE(namesake_hear(&namesake, SLICE("4:1:8")));
}

void suite_namesake(void)
{
	CU_pSuite suite = CU_add_suite("namesake", NULL, NULL);
	CU_ADD_TEST(suite, what_this_process_wrote_is_no_other);
	CU_ADD_TEST(suite, what_an_earlier_process_left_is_no_other);
	CU_ADD_TEST(suite, who_goes_on_writing_is_another);
}
