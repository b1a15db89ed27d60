/* Facts about limits that no other suite meets: what is as wide as it is, and lists that are bounded (docs/limits.md). */
#include "proxy/core/causes/rereads.h"
#include "proxy/core/groups/groups.h"
#include "proxy/core/versions/origin.h"
#include "peers.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

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

#define ELEMENTS 1000

/* One write of B's to so many elements, which C has applied, too. */
static void apply_everywhere(struct stage *stage)
{
	static char names[ELEMENTS][8];
	static struct change changes[ELEMENTS];
	for (unsigned i = 0; i < ELEMENTS; i++) {
		snprintf(names[i], sizeof names[i], "%u", i);
		changes[i] = (struct change){ .kind = CHANGE_MEMBER_ADD, .key = SLICE("k"), .element = slice_of(names[i]) };
	}
	peers_tell(stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 1000, .changes = changes, .change_count = ELEMENTS });
	peers_settle(stage, NULL);
	CU_ASSERT_EQUAL(core_status(stage->core)->unstable_elements, ELEMENTS);
	CU_ASSERT(!core_is_unfinished(stage->core));
	const struct change other = { .kind = CHANGE_MEMBER_ADD, .key = SLICE("other"), .element = SLICE("e") };
	peers_tell(stage, &(struct remote){ .dc = PEER_C, .seq = 1, .ms = 2000, .seen = { [PEER_B] = 1 }, .changes = &other, .change_count = 1 });
}

static void what_is_stable_is_dropped_some_at_a_time(void)
{
	struct stage stage;
	unsigned turns = 0;
	peers_open(&stage, "lww");
	apply_everywhere(&stage);
	stage_answer(&stage);
	for (uint64_t left = ELEMENTS, before = ELEMENTS + 1; left < before; turns += left < before) {
		before = left;
		stage_end_turn(&stage);
		left = core_status(stage.core)->unstable_elements;
		CU_ASSERT(before - left <= PEERS_FORGET_PER_TURN);
		CU_ASSERT(core_is_unfinished(stage.core) || left <= 1);
	}
	CU_ASSERT(turns >= ELEMENTS / PEERS_FORGET_PER_TURN && core_status(stage.core)->unstable_elements <= 1);
	stage_close(&stage);
}

/* ---- a full store (proxy/core/groups/group_full.c) ---- */

#define WORDS_MAX 3

/* What a client's request runs: lists of words. */
static bool runs_when_full(const char *const (*commands)[WORDS_MAX], unsigned count, bool is_plain_set)
{
	struct unit unit = { .is_plain_set = is_plain_set };
	struct group group = { .kind = GROUP_LOCAL, .units = &unit, .unit_count = 1 };
	for (unsigned i = 0; i < count; i++) {
		struct slice words[WORDS_MAX];
		unsigned word = 0;
		for (; word < WORDS_MAX && commands[i][word] != NULL; word++)
			words[word] = slice_of(commands[i][word]);
		resp_add_command(&group.bytes, word, words);
	}
	unit.command_len = group.bytes.len;
	bool runs = unit_runs_when_full(&group, &unit);
	CU_ASSERT_EQUAL(group_runs_when_full(&group), runs);
	buffer_free(&group.bytes);
	return runs;
}

static void full_store_runs_only_requests_that_remove_or_read(void)
{
	static const char *const removes[][WORDS_MAX] = { { "SELECT", "1" }, { "DEL", "k" }, { "HDEL", "h", "f" }, { "EXISTS", "k" } };
	static const char *const adds[][WORDS_MAX] = { { "DEL", "k" }, { "SADD", "s", "m" } };
	static const char *const unknown[][WORDS_MAX] = { { "NOSUCH", "k" } };
	CU_ASSERT(runs_when_full(removes, 4, false));
	CU_ASSERT(!runs_when_full(adds, 2, false));
	CU_ASSERT(!runs_when_full(unknown, 1, false));
	CU_ASSERT(!runs_when_full(removes, 1, true));
}

static void only_a_remote_refusal_or_want_of_memory_is_told(void)
{
	struct step *step = memory_new(sizeof *step);
	struct groups groups = { .step = step };
	const struct group local = { .kind = GROUP_LOCAL }, remote = { .kind = GROUP_REMOTE };
	CU_ASSERT(!groups_note_refusal(&groups, &local, SLICE("MISCONF Redis cannot save")) && !groups.is_store_full && step->status.refusal[0] == '\0');
	CU_ASSERT(!groups_note_refusal(&groups, &remote, SLICE("MISCONF Redis cannot save")) && !groups.is_store_full);
	CU_ASSERT_STRING_EQUAL(step->status.refusal, "MISCONF Redis cannot save");
	CU_ASSERT(groups_note_refusal(&groups, &local, SLICE("OOM command not allowed")) && groups.is_store_full);
	CU_ASSERT_STRING_EQUAL(step->status.refusal, "OOM command not allowed");
	memory_free(step);
}

void suite_limits(void)
{
	CU_pSuite suite = CU_add_suite("limits", NULL, NULL);
	CU_ADD_TEST(suite, a_full_counter_of_the_clock_takes_the_next_millisecond);
	CU_ADD_TEST(suite, times_last_beyond_the_year_10000);
	CU_ADD_TEST(suite, keys_to_be_read_back_beyond_a_million_are_dropped_and_counted);
	CU_ADD_TEST(suite, what_is_stable_is_dropped_some_at_a_time);
	CU_ADD_TEST(suite, full_store_runs_only_requests_that_remove_or_read);
	CU_ADD_TEST(suite, only_a_remote_refusal_or_want_of_memory_is_told);
}
