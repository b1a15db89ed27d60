/* Facts about hash tables. */
#include "base/table.h"

#include <CUnit/CUnit.h>

void suite_table(void);

#define NODES 10000
#define DOUBLES 3                        /* nodes of one hash */

static uint64_t hash_of(unsigned index)
{
	return (uint64_t)(index / DOUBLES) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool holds(const struct table *table, const struct table_node *wanted, uint64_t hash)
{
	const struct table_node *node = table_first(table, hash);
	while (node != NULL && node != wanted)
		node = table_same(node);
	return node != NULL;
}

static void count(void *context, struct table_node *node)
{
	(void)node;
	++*(unsigned *)context;
}

static unsigned visited(const struct table *table)
{
	unsigned nodes = 0;
	table_each(table, count, &nodes);
	return nodes;
}

/* In the midst of growing, too: half of the nodes are in either part then. */
static void every_node_is_found_while_it_grows(void)
{
	static struct table_node nodes[NODES];
	struct table table = { 0 };
	unsigned growing = 0;
	for (unsigned i = 0; i < NODES; i++) {
		table_add(&table, &nodes[i], hash_of(i));
		if (table.old_count == 0 || table.old_at * 2 != table.old_count)
			continue;
		growing++;
		CU_ASSERT_EQUAL(visited(&table), i + 1);
		for (unsigned j = 0; j <= i; j++)
			CU_ASSERT(holds(&table, &nodes[j], hash_of(j)));
		for (unsigned j = 0; j <= i; j += 2)
			table_remove(&table, &nodes[j]);
		CU_ASSERT_EQUAL(visited(&table), (i + 1) / 2);
		for (unsigned j = 0; j <= i; j++)
			CU_ASSERT_EQUAL(holds(&table, &nodes[j], hash_of(j)), j % 2 == 1);
		for (unsigned j = 0; j <= i; j += 2)
			table_add(&table, &nodes[j], hash_of(j));
	}
	CU_ASSERT(growing > 3);
	CU_ASSERT_EQUAL(table.count, NODES);
	CU_ASSERT_EQUAL(visited(&table), NODES);
	table_free(&table);
}

static unsigned moved_by_one(struct table *table, struct table_node *node, unsigned index)
{
	uint32_t at = table->old_at, slots = table->old_count;
	table_add(table, node, hash_of(index));
	return table->old_count == slots ? table->old_at - at : 0;
}

static void it_grows_some_slots_at_a_time(void)
{
	static struct table_node nodes[NODES];
	struct table table = { 0 };
	unsigned most = 0, times = 0;
	for (unsigned i = 0; i < NODES; i++) {
		unsigned moved = moved_by_one(&table, &nodes[i], i);
		most = moved > most ? moved : most;
		times += moved > 0;
	}
	CU_ASSERT(most > 0 && most <= 8);
	CU_ASSERT(times > NODES / 8);
	table_free(&table);
}

void suite_table(void)
{
	CU_pSuite suite = CU_add_suite("table", NULL, NULL);
	CU_ADD_TEST(suite, every_node_is_found_while_it_grows);
	CU_ADD_TEST(suite, it_grows_some_slots_at_a_time);
}
