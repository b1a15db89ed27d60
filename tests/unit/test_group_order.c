/* Facts about group order: pipelines take turns without overtaking. */
#include "connectors/store/group_order.h"

#include <CUnit/CUnit.h>

void suite_group_order(void);

static void one_pipeline_never_waits(void)
{
	struct group_order order = { 0 };
	group_order_add(&order, 1, 0);
	group_order_add(&order, 1, 100);
	CU_ASSERT(group_order_gate(&order, 1) == GROUP_ORDER_FREE && group_order_gate(&order, 0) == GROUP_ORDER_FREE);
	CU_ASSERT(!group_order_answered(&order) && !group_order_answered(&order));
	CU_ASSERT(order.last_pipeline == 1);
	group_order_free(&order);
}

static void a_pipeline_waits_for_earlier_groups_of_the_other(void)
{
	struct group_order order = { 0 };
	group_order_add(&order, 0, 10);
	group_order_add(&order, 1, 20);
	group_order_add(&order, 0, 30);
	group_order_add(&order, 0, 40);
	CU_ASSERT(group_order_gate(&order, 0) == 30 && group_order_gate(&order, 1) == 20);
	CU_ASSERT(group_order_answered(&order));
	CU_ASSERT(group_order_gate(&order, 0) == 30 && group_order_gate(&order, 1) == GROUP_ORDER_FREE);
	CU_ASSERT(group_order_answered(&order));
	CU_ASSERT(group_order_gate(&order, 0) == GROUP_ORDER_FREE);
	CU_ASSERT(!group_order_answered(&order) && !group_order_answered(&order));
	group_order_free(&order);
}

void suite_group_order(void)
{
	CU_pSuite suite = CU_add_suite("group_order", NULL, NULL);
	CU_ADD_TEST(suite, one_pipeline_never_waits);
	CU_ADD_TEST(suite, a_pipeline_waits_for_earlier_groups_of_the_other);
}
