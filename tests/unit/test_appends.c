/* Facts about appends: which messages are asked for again. */
#include "connectors/log/appends.h"

#include <CUnit/CUnit.h>

void suite_appends(void);

static void give(struct appends *appends, uint64_t first, uint64_t last)
{
	for (uint64_t id = first; id <= last; id++)
		CU_ASSERT(appends_give(appends, id) != appends->is_dropping);
}

static void what_is_acknowledged_is_not_asked_for_again(void)
{
	struct appends appends = { 0 };
	uint64_t id = 0;
	give(&appends, 1, 10);
	CU_ASSERT(appends_acknowledge(&appends, 4));
	appends_drop_due(&appends);
	CU_ASSERT(!appends_acknowledge(&appends, 5));
	CU_ASSERT(!appends_give(&appends, 11));
	CU_ASSERT(appends_go_on(&appends, &id) && id == 5);
	give(&appends, 5, 11);
	CU_ASSERT(appends_acknowledge(&appends, 11) && !appends_are_under_way(&appends));
}

static void a_full_connector_keeps_what_is_under_way(void)
{
	struct appends appends = { 0 };
	uint64_t id = 0;
	give(&appends, 1, 10);
	appends_drop_last(&appends);
	CU_ASSERT(!appends_give(&appends, 11));
	CU_ASSERT(appends_acknowledge(&appends, 9) && !appends_acknowledge(&appends, 10));
	CU_ASSERT(!appends_are_under_way(&appends));
	CU_ASSERT(appends_go_on(&appends, &id) && id == 10);
}

static void nothing_is_asked_for_when_nothing_was_dropped(void)
{
	struct appends appends = { 0 };
	uint64_t id = 0;
	appends_drop_due(&appends);
	CU_ASSERT(!appends_go_on(&appends, &id));
	give(&appends, 1, 3);
	appends_drop_coming(&appends);
	CU_ASSERT(appends_are_under_way(&appends) && appends_acknowledge(&appends, 3));
	CU_ASSERT(!appends_go_on(&appends, &id) && !appends_go_on(&appends, &id));
}

static void a_loss_while_full_drops_what_was_under_way_too(void)
{
	struct appends appends = { 0 };
	uint64_t id = 0;
	give(&appends, 1, 10);
	appends_drop_coming(&appends);
	give(&appends, 11, 12);
	appends_drop_due(&appends);
	appends_drop_coming(&appends);
	CU_ASSERT(appends_go_on(&appends, &id) && id == 1);
}

static void a_new_series_starts_where_it_starts(void)
{
	struct appends appends = { 0 };
	uint64_t id = 0;
	give(&appends, 1, 5);
	give(&appends, 100, 102);
	CU_ASSERT(!appends_acknowledge(&appends, 5));
	appends_drop_due(&appends);
	CU_ASSERT(appends_go_on(&appends, &id) && id == 100);
}

void suite_appends(void)
{
	CU_pSuite suite = CU_add_suite("appends", NULL, NULL);
	CU_ADD_TEST(suite, what_is_acknowledged_is_not_asked_for_again);
	CU_ADD_TEST(suite, a_full_connector_keeps_what_is_under_way);
	CU_ADD_TEST(suite, nothing_is_asked_for_when_nothing_was_dropped);
	CU_ADD_TEST(suite, a_loss_while_full_drops_what_was_under_way_too);
	CU_ADD_TEST(suite, a_new_series_starts_where_it_starts);
}
