/* Facts about silence: when a store that says nothing is given up. */
#include "connectors/net/silence.h"

#include <CUnit/CUnit.h>

void suite_silence(void);

#define LIMIT_MS 8000
#define LOOK_MS (LIMIT_MS / SILENCE_LOOKS)

static void an_idle_store_that_answers_is_probed_for_ever(void)
{
	struct silence silence = { 0 };
	uint64_t moved = 100;
	unsigned probes = 0;
	for (uint64_t now = LOOK_MS; now < 20 * LIMIT_MS; now += LOOK_MS) {
		enum silence_verdict verdict = silence_look(&silence, now, moved, LIMIT_MS);
		CU_ASSERT(verdict != SILENCE_TOO_LONG);
		probes += verdict == SILENCE_PROBE;
		moved += verdict == SILENCE_PROBE ? 7 : 0;
	}
	CU_ASSERT(probes > 70);
	CU_ASSERT(silence_ms(&silence, 20 * LIMIT_MS, moved) == 0);
}

static void a_store_that_does_not_answer_is_given_up_after_the_limit(void)
{
	struct silence silence = { 0 };
	CU_ASSERT(silence_look(&silence, LOOK_MS, 100, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_look(&silence, 2 * LOOK_MS, 100, LIMIT_MS) == SILENCE_PROBE);
	uint64_t now = 3 * LOOK_MS;
	for (; now < 2 * LOOK_MS + LIMIT_MS; now += LOOK_MS)
		CU_ASSERT(silence_look(&silence, now, 100, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_look(&silence, now, 100, LIMIT_MS) == SILENCE_TOO_LONG);
	silence_connect(&silence);
	CU_ASSERT(silence_look(&silence, now + LOOK_MS, 0, LIMIT_MS) == SILENCE_PROBE);
	CU_ASSERT(silence_ms(&silence, now + LOOK_MS, 0) == LIMIT_MS + LOOK_MS);
	CU_ASSERT(silence_ms(&silence, now + LOOK_MS, 1) == 0);
	silence_forget(&silence);
	CU_ASSERT(silence_ms(&silence, now + LOOK_MS, 0) == 0);
}

static void any_byte_ends_the_silence(void)
{
	struct silence silence = { 0 };
	for (uint64_t now = LOOK_MS, moved = 1; now < 5 * LIMIT_MS; now += LOOK_MS, moved += now % (LIMIT_MS / 2) == 0)
		CU_ASSERT(silence_look(&silence, now, moved, LIMIT_MS) != SILENCE_TOO_LONG);
}

static void our_own_absence_is_no_silence_of_the_store(void)
{
	struct silence silence = { 0 };
	CU_ASSERT(silence_look(&silence, 1000, 5, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_look(&silence, 2000, 5, LIMIT_MS) == SILENCE_PROBE);
	CU_ASSERT(silence_look(&silence, 60000, 5, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_look(&silence, 61000, 6, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_ms(&silence, 61000, 6) == 0);
}

/* A loop that works on something large looks late again and again. */
static void our_own_slowness_is_no_silence_of_the_store(void)
{
	struct silence silence = { 0 };
	uint64_t now = 1000;
	CU_ASSERT(silence_look(&silence, now, 0, LIMIT_MS) == SILENCE_PROBE);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT(silence_look(&silence, now += LIMIT_MS / 2, 0, LIMIT_MS) == SILENCE_NONE);
	for (unsigned i = 0; i < SILENCE_LOOKS - 6 - 1; i++)
		CU_ASSERT(silence_look(&silence, now += LOOK_MS, 0, LIMIT_MS) == SILENCE_NONE);
	CU_ASSERT(silence_look(&silence, now + LOOK_MS, 0, LIMIT_MS) == SILENCE_TOO_LONG);
}

void suite_silence(void)
{
	CU_pSuite suite = CU_add_suite("silence", NULL, NULL);
	CU_ADD_TEST(suite, an_idle_store_that_answers_is_probed_for_ever);
	CU_ADD_TEST(suite, a_store_that_does_not_answer_is_given_up_after_the_limit);
	CU_ADD_TEST(suite, any_byte_ends_the_silence);
	CU_ADD_TEST(suite, our_own_absence_is_no_silence_of_the_store);
	CU_ADD_TEST(suite, our_own_slowness_is_no_silence_of_the_store);
}
