/* Facts about limits that no other suite meets: what is as wide as it is, and lists that are bounded (docs/limits.md). */
#include "proxy/core/causes/rereads.h"
#include "proxy/core/versions/origin.h"

#include <CUnit/CUnit.h>

void suite_limits(void);

#define REREADS 1000000U

static void a_full_counter_of_the_clock_takes_the_next_millisecond(void)
{
	CU_ASSERT(hlc_next((UINT64_C(5) << 16) | 0xfffe, 5) == ((UINT64_C(5) << 16) | 0xffff));
	CU_ASSERT(hlc_next((UINT64_C(5) << 16) | 0xffff, 5) == UINT64_C(6) << 16);
	CU_ASSERT(hlc_next(UINT64_C(6) << 16, 5) == ((UINT64_C(6) << 16) | 1));
}

static void times_last_beyond_the_year_10000(void)
{
	const uint64_t year_10889_ms = UINT64_C(281474976710655);
	CU_ASSERT(hlc_ms(hlc_next(0, year_10889_ms)) == year_10889_ms);
}

static void keys_to_be_read_back_beyond_a_million_are_dropped_and_counted(void)
{
	struct step *step = memory_new(sizeof *step);
	struct rereads rereads = { .step = step };
	for (unsigned i = 0; i < REREADS + 10; i++) {
		struct buffer key = { 0 };
		buffer_add_uint64(&key, i);
		rereads_add(&rereads, 0, buffer_slice(&key), true);
		buffer_free(&key);
	}
	CU_ASSERT(rereads.count == REREADS && step->status.dropped_rereads == 10);
	rereads_clear(&rereads);
	memory_free(step);
}

void suite_limits(void)
{
	CU_pSuite suite = CU_add_suite("limits", NULL, NULL);
	CU_ADD_TEST(suite, a_full_counter_of_the_clock_takes_the_next_millisecond);
	CU_ADD_TEST(suite, times_last_beyond_the_year_10000);
	CU_ADD_TEST(suite, keys_to_be_read_back_beyond_a_million_are_dropped_and_counted);
}
