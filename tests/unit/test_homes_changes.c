/* Homes changes: what a reader gets that knows a version, and when. */
#include "proxy/homes/homes_changes.h"

#include <CUnit/CUnit.h>
#include <event2/event.h>
#include <string.h>

void suite_homes_changes(void);

static void add(struct homes_changes *changes, const char *user, uint64_t epoch)
{
	homes_changes_add(changes, &(struct home_change){ .user = slice_of(user), .dc = 1, .epoch = epoch });
}

/* The version in the current tag, which has to be known. */
static uint64_t tagged(const struct homes_changes *changes)
{
	struct buffer tag = { 0 };
	uint64_t version = 0;
	homes_changes_add_tag(&tag, changes);
	CU_ASSERT_TRUE(homes_changes_read_tag(changes, buffer_slice(&tag), &version));
	buffer_free(&tag);
	return version;
}

static void a_reader_gets_what_is_newer_than_it_knows(void)
{
	struct event_base *loop = event_base_new();
	struct homes_changes *changes = homes_changes_new(loop, 7);
	uint64_t version = tagged(changes);
	CU_ASSERT_EQUAL(version, homes_changes_version(changes));
	add(changes, "user:1", 3);
	CU_ASSERT_EQUAL(homes_changes_version(changes), version + 1);
	CU_ASSERT_EQUAL(homes_changes_at(changes, version + 1)->epoch, 3);
	CU_ASSERT(slice_equal(homes_changes_at(changes, version + 1)->user, SLICE("user:1")));
	CU_ASSERT_TRUE(homes_changes_read_tag(changes, SLICE("7-0"), &version));
	CU_ASSERT_FALSE(homes_changes_read_tag(changes, SLICE("8-0"), &version));
	CU_ASSERT_FALSE(homes_changes_read_tag(changes, SLICE("7-2"), &version));
	CU_ASSERT_FALSE(homes_changes_read_tag(changes, SLICE("7"), &version));
	CU_ASSERT_FALSE(homes_changes_read_tag(changes, SLICE(""), &version));
	homes_changes_free(changes);
	event_base_free(loop);
}

static void a_reader_that_is_too_far_behind_begins_anew(void)
{
	struct event_base *loop = event_base_new();
	struct homes_changes *changes = homes_changes_new(loop, 7);
	uint64_t version;
	for (unsigned i = 0; i < HOMES_CHANGES_KEPT; i++)
		add(changes, "user:1", i);
	CU_ASSERT_TRUE(homes_changes_read_tag(changes, SLICE("7-0"), &version));
	CU_ASSERT_EQUAL(homes_changes_at(changes, 1)->epoch, 0);
	add(changes, "user:1", HOMES_CHANGES_KEPT);
	CU_ASSERT_FALSE(homes_changes_read_tag(changes, SLICE("7-0"), &version));
	CU_ASSERT_TRUE(homes_changes_read_tag(changes, SLICE("7-1"), &version));
	CU_ASSERT_EQUAL(homes_changes_at(changes, 2)->epoch, 1);
	homes_changes_free(changes);
	event_base_free(loop);
}

static void count(void *context)
{
	++*(unsigned *)context;
}

static void whoever_waits_is_told_once(void)
{
	struct event_base *loop = event_base_new();
	struct homes_changes *changes = homes_changes_new(loop, 7);
	unsigned first = 0, second = 0, forgotten = 0;
	homes_changes_wait(changes, 60000, count, &first);
	homes_changes_wait(changes, 60000, count, &forgotten);
	homes_changes_forget(changes, &forgotten);
	add(changes, "user:1", 1);
	event_base_loop(loop, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(first, 1);
	/* One that comes later is not told of what was before. Its time is over at once. */
	homes_changes_wait(changes, 60000, count, &first);
	homes_changes_wait(changes, 0, count, &second);
	event_base_loop(loop, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(first, 1);
	CU_ASSERT_EQUAL(second, 1);
	CU_ASSERT_EQUAL(forgotten, 0);
	homes_changes_free(changes);
	event_base_free(loop);
}

void suite_homes_changes(void)
{
	CU_pSuite suite = CU_add_suite("homes_changes", NULL, NULL);
	CU_add_test(suite, "a_reader_gets_what_is_newer_than_it_knows", a_reader_gets_what_is_newer_than_it_knows);
	CU_add_test(suite, "a_reader_that_is_too_far_behind_begins_anew", a_reader_that_is_too_far_behind_begins_anew);
	CU_add_test(suite, "whoever_waits_is_told_once", whoever_waits_is_told_once);
}
