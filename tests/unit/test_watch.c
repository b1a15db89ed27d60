/* Facts about watched keys: what touches them. */
#include "proxy/sessions/watch.h"

#include <CUnit/CUnit.h>

void suite_watch(void);

static void write_is_made(struct watches *watches, uint32_t db, unsigned argc, struct slice *argv)
{
	struct request request = { .argv = argv, .argc = argc };
	watches_touch_request(watches, db, command_find(argc, argv), &request);
}

static void group_is_sent(struct watches *watches, struct slice bytes)
{
	struct effect group = { .type = EFFECT_GROUP, .group = { .pieces = &bytes, .piece_count = 1 } };
	watches_touch_group(watches, &group);
}

static void only_writes_to_the_key_in_its_database_touch_it(void)
{
	struct watches *watches = watches_new();
	struct watch_list list = { 0 };
	watches_add(watches, &list, 1, SLICE("k"));
	watches_add(watches, &list, 1, SLICE("k"));
	write_is_made(watches, 0, 3, (struct slice[]){ SLICE("SET"), SLICE("k"), SLICE("v") });
	write_is_made(watches, 1, 3, (struct slice[]){ SLICE("SET"), SLICE("other"), SLICE("v") });
	write_is_made(watches, 1, 2, (struct slice[]){ SLICE("GET"), SLICE("k") });
	CU_ASSERT(!list.is_touched);
	write_is_made(watches, 1, 5, (struct slice[]){ SLICE("mset"), SLICE("a"), SLICE("1"), SLICE("k"), SLICE("2") });
	CU_ASSERT(list.is_touched);
	watches_drop(watches, &list);
	CU_ASSERT(!list.is_touched && !watches_are_any(watches));
	watches_free(watches);
}

static void flushing_touches_every_key_it_can_remove(void)
{
	struct watches *watches = watches_new();
	struct watch_list zero = { 0 }, one = { 0 };
	watches_add(watches, &zero, 0, SLICE("k"));
	watches_add(watches, &one, 1, SLICE("k"));
	write_is_made(watches, 1, 1, (struct slice[]){ SLICE("FLUSHDB") });
	CU_ASSERT(!zero.is_touched && one.is_touched);
	write_is_made(watches, 1, 1, (struct slice[]){ SLICE("FLUSHALL") });
	CU_ASSERT(zero.is_touched);
	watches_drop(watches, &zero);
	watches_drop(watches, &one);
	watches_free(watches);
}

static void a_group_touches_what_it_writes_in_the_databases_it_selects(void)
{
	struct watches *watches = watches_new();
	struct watch_list list = { 0 };
	watches_add(watches, &list, 2, SLICE("k"));
	group_is_sent(watches, SLICE("*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n"));
	CU_ASSERT(!list.is_touched);
	group_is_sent(watches, SLICE("*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n"));
	CU_ASSERT(list.is_touched);
	watches_drop(watches, &list);
	watches_free(watches);
}

static void each_client_watches_for_itself(void)
{
	struct watches *watches = watches_new();
	struct watch_list first = { 0 }, second = { 0 };
	watches_add(watches, &first, 0, SLICE("k"));
	watches_touch(watches, 0, SLICE("k"));
	watches_add(watches, &second, 0, SLICE("k"));
	CU_ASSERT(first.is_touched && !second.is_touched);
	watches_drop(watches, &first);
	watches_touch(watches, 0, SLICE("k"));
	CU_ASSERT(!first.is_touched && second.is_touched);
	watches_drop(watches, &second);
	watches_free(watches);
}

void suite_watch(void)
{
	CU_pSuite suite = CU_add_suite("watch", NULL, NULL);
	CU_ADD_TEST(suite, only_writes_to_the_key_in_its_database_touch_it);
	CU_ADD_TEST(suite, flushing_touches_every_key_it_can_remove);
	CU_ADD_TEST(suite, a_group_touches_what_it_writes_in_the_databases_it_selects);
	CU_ADD_TEST(suite, each_client_watches_for_itself);
}
