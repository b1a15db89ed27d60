/* Facts about isolation: who may begin, keep and end it, and what ends it by itself. */
#include "proxy/ops/isolation.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_isolation(void);

#define MINE 7
#define THEIRS 8
#define LONGEST_MS 10000

static const char *give(struct isolation_status *isolation, enum isolation_verb verb, uint64_t id, uint64_t now_ms)
{
	const struct isolation_order order = { .verb = verb, .id = id, .keep_ms = 1000, .by = SLICE("me") };
	return isolation_order(isolation, &order, LONGEST_MS, now_ms);
}

static bool is_due(const struct isolation_status *isolation, uint64_t now_ms, enum isolation_end wanted)
{
	enum isolation_end end;
	return isolation_is_due(isolation, now_ms, &end) && end == wanted;
}

static void it_begins_once(void)
{
	struct isolation_status isolation = { 0 };
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_BEGIN, MINE, 100));
	CU_ASSERT_EQUAL(isolation.id, MINE);
	CU_ASSERT_STRING_EQUAL(isolation.by, "me");
	CU_ASSERT_PTR_NOT_NULL_FATAL(give(&isolation, ISOLATION_BEGIN, THEIRS, 200));
	CU_ASSERT_PTR_NOT_NULL(strstr(give(&isolation, ISOLATION_BEGIN, THEIRS, 200), "cut off already, by another drill"));
	CU_ASSERT_EQUAL(isolation.id, MINE);
	/* Its answer may be lost: then it comes again. */
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_BEGIN, MINE, 300));
	CU_ASSERT_EQUAL(isolation.since_ms, 100);
}

static void it_is_kept_and_healed_by_whoever_began_it(void)
{
	struct isolation_status isolation = { 0 };
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_BEGIN, MINE, 0));
	CU_ASSERT_PTR_NOT_NULL(strstr(give(&isolation, ISOLATION_KEEP, THEIRS, 900), "not cut off by that drill"));
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_HEAL, THEIRS, 900));
	CU_ASSERT_EQUAL(isolation.id, MINE);
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_KEEP, MINE, 900));
	CU_ASSERT_FALSE(is_due(&isolation, 1800, ISOLATION_LAPSED));
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_HEAL, MINE, 1800));
	CU_ASSERT_EQUAL(isolation.id, 0);
	CU_ASSERT_EQUAL(isolation.ended[ISOLATION_HEALED], 1);
	/* To heal what is whole is no mistake; to keep it is. */
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_HEAL, MINE, 1900));
	CU_ASSERT_EQUAL(isolation.ended[ISOLATION_HEALED], 1);
	CU_ASSERT_PTR_NOT_NULL(give(&isolation, ISOLATION_KEEP, MINE, 1900));
}

static void it_ends_when_nobody_keeps_it(void)
{
	struct isolation_status isolation = { 0 };
	enum isolation_end end;
	CU_ASSERT_FALSE(isolation_is_due(&isolation, 5000, &end));
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_BEGIN, MINE, 0));
	CU_ASSERT_FALSE(isolation_is_due(&isolation, 999, &end));
	CU_ASSERT_TRUE(is_due(&isolation, 1000, ISOLATION_LAPSED));
}

static void it_ends_when_its_time_is_over(void)
{
	struct isolation_status isolation = { 0 };
	CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_BEGIN, MINE, 0));
	for (uint64_t now_ms = 500; now_ms < LONGEST_MS; now_ms += 500) {
		enum isolation_end end;
		CU_ASSERT_PTR_NULL(give(&isolation, ISOLATION_KEEP, MINE, now_ms));
		CU_ASSERT_FALSE(isolation_is_due(&isolation, now_ms, &end));
	}
	CU_ASSERT_TRUE(is_due(&isolation, LONGEST_MS, ISOLATION_OVER));
}

static void what_is_not_allowed_is_refused(void)
{
	struct isolation_status isolation = { 0 };
	const struct isolation_order longer = { .id = MINE, .for_ms = LONGEST_MS + 1, .keep_ms = 1000 }, unkept = { .id = MINE, .keep_ms = 0 };
	CU_ASSERT_PTR_NOT_NULL(strstr(isolation_order(&isolation, &longer, LONGEST_MS, 0), "longer than limits.isolation allows"));
	CU_ASSERT_PTR_NOT_NULL(strstr(isolation_order(&isolation, &unkept, LONGEST_MS, 0), "how long it lasts without another word"));
	CU_ASSERT_PTR_NOT_NULL(strstr(isolation_order(&isolation, &(struct isolation_order){ .id = MINE, .keep_ms = 1 }, 0, 0), "limits.isolation is 0s there"));
	CU_ASSERT_EQUAL(isolation.id, 0);
}

void suite_isolation(void)
{
	CU_pSuite suite = CU_add_suite("isolation", NULL, NULL);
	CU_add_test(suite, "it_begins_once", it_begins_once);
	CU_add_test(suite, "it_is_kept_and_healed_by_whoever_began_it", it_is_kept_and_healed_by_whoever_began_it);
	CU_add_test(suite, "it_ends_when_nobody_keeps_it", it_ends_when_nobody_keeps_it);
	CU_add_test(suite, "it_ends_when_its_time_is_over", it_ends_when_its_time_is_over);
	CU_add_test(suite, "what_is_not_allowed_is_refused", what_is_not_allowed_is_refused);
}
