/* Waiters: who tries next for a key in which something was found. */
#include "proxy/sessions/waiters.h"

#include <CUnit/CUnit.h>

void suite_waiters(void);

static const struct slice k = { "k", 1 }, l = { "l", 1 }, both[] = { { "k", 1 }, { "l", 1 } };

static void enter(struct waiters *waiters, struct waiter *waiter, const struct slice *keys, uint32_t count, enum waited_type wanted)
{
	*waiter = (struct waiter){ .wanted = wanted };
	waiters_enter(waiters, waiter, 0, keys, count);
}

static struct waiter *next(struct waiters *waiters, const char *name)
{
	struct waited_key *key;
	struct waiter *waiter = waiters_next(waiters, &key);
	if (waiter != NULL)
		CU_ASSERT(slice_equal(key->name, slice_of(name)));
	return waiter;
}

static void who_has_waited_longest_is_first(void)
{
	struct waiters waiters = { 0 };
	struct waiter many[20];
	for (unsigned i = 0; i < 20; i++)
		enter(&waiters, &many[i], &k, 1, WAITED_LIST);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	for (unsigned i = 0; i < 20; i++) {
		waiters_tell(&waiters, 0, k, WAITED_LIST);
		CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &many[i]);
		CU_ASSERT_PTR_NULL(next(&waiters, "k"));         /* one at a time */
		waiters_leave(&waiters, &many[i]);
	}
	CU_ASSERT_EQUAL(waiters.count, 0);
	CU_ASSERT_EQUAL(waiters.keys.count, 0);
	CU_ASSERT_PTR_NULL(waiters.first_due);
	waiters_free(&waiters);
}

/* Elements that one waiter leaves over are the next one's: nobody tells of the key again. */
static void what_one_leaves_is_the_next_ones(void)
{
	struct waiters waiters = { 0 };
	struct waiter a, b;
	enter(&waiters, &a, &k, 1, WAITED_LIST);
	enter(&waiters, &b, &k, 1, WAITED_LIST);
	waiters_tell(&waiters, 0, k, WAITED_LIST);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &a);
	waiters_leave(&waiters, &a);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &b);
	waiters_miss(&waiters, &b);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	/* Told anew while it tries: the miss is older than that. */
	waiters_tell(&waiters, 0, k, WAITED_LIST);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &b);
	waiters_tell(&waiters, 0, k, WAITED_LIST);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	waiters_miss(&waiters, &b);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &b);
	waiters_leave(&waiters, &b);
	waiters_free(&waiters);
}

static void each_waits_for_its_own_keys_and_type(void)
{
	struct waiters waiters = { 0 };
	struct waiter a, b, scores;
	enter(&waiters, &a, both, 2, WAITED_LIST);
	enter(&waiters, &scores, &k, 1, WAITED_ZSET);
	enter(&waiters, &b, &l, 1, WAITED_LIST);
	CU_ASSERT(waiters_have(&waiters, 0, both, 2) && !waiters_have(&waiters, 1, both, 2));
	waiters_try_all(&a);
	waiters_tell(&waiters, 0, l, WAITED_LIST);
	CU_ASSERT_PTR_NULL(next(&waiters, "l"));             /* it has waited longest, and is trying */
	waiters_miss(&waiters, &a);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "l"), &a);
	waiters_tell(&waiters, 0, k, WAITED_ZSET);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &scores);   /* others wait for lists */
	waiters_leave(&waiters, &a);                         /* its client has gone */
	CU_ASSERT_PTR_EQUAL(next(&waiters, "l"), &b);
	waiters_tell(&waiters, 1, l, WAITED_LIST);           /* another database */
	CU_ASSERT_PTR_NULL(next(&waiters, "l"));
	CU_ASSERT_PTR_NOT_NULL(waiters_named(&waiters, l, NULL));
	waiters_leave(&waiters, &b);
	waiters_leave(&waiters, &scores);
	CU_ASSERT_EQUAL(waiters.keys.count, 0);
	waiters_free(&waiters);
}

/* Each reader tries once for each telling, whatever the others find. */
static void all_who_read_try(void)
{
	struct waiters waiters = { 0 };
	struct waiter readers[3], late, pops;
	for (unsigned i = 0; i < 3; i++)
		enter(&waiters, &readers[i], &k, 1, WAITED_STREAM);
	enter(&waiters, &pops, &k, 1, WAITED_LIST);
	CU_ASSERT(waiters_have(&waiters, 0, &k, 1));
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	for (unsigned round = 0; round < 3; round++) {
		waiters_tell(&waiters, 0, k, WAITED_STREAM);
		for (unsigned i = 0; i < 3; i++)
			CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &readers[i]);
		CU_ASSERT_PTR_NULL(next(&waiters, "k"));
		for (unsigned i = 0; i < 3; i++)
			waiters_miss(&waiters, &readers[i]);
		CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	}
	/* One that tries when it comes has seen what was told before, and not what is told meanwhile. */
	enter(&waiters, &late, &k, 1, WAITED_STREAM);
	waiters_try_all(&late);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	waiters_leave(&waiters, &readers[1]);
	waiters_tell(&waiters, 0, k, WAITED_STREAM);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &readers[0]);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &readers[2]);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	waiters_miss(&waiters, &late);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &late);
	CU_ASSERT_PTR_NULL(next(&waiters, "k"));
	waiters_tell(&waiters, 0, k, WAITED_LIST);
	CU_ASSERT_PTR_EQUAL(next(&waiters, "k"), &pops);
	waiters_leave(&waiters, &readers[0]);
	waiters_leave(&waiters, &readers[2]);
	waiters_leave(&waiters, &late);
	waiters_leave(&waiters, &pops);
	CU_ASSERT_EQUAL(waiters.keys.count, 0);
	waiters_free(&waiters);
}

void suite_waiters(void)
{
	CU_pSuite suite = CU_add_suite("waiters", NULL, NULL);
	CU_ADD_TEST(suite, who_has_waited_longest_is_first);
	CU_ADD_TEST(suite, what_one_leaves_is_the_next_ones);
	CU_ADD_TEST(suite, each_waits_for_its_own_keys_and_type);
	CU_ADD_TEST(suite, all_who_read_try);
}
