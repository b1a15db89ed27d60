/* Facts about clocks: what messages tell of them, and who is wrong. */
#include "proxy/core/causes/clocks.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void suite_clocks(void);

#define PERIOD_MS 500
#define AHEAD_MS INT64_C(1000000)    /* of the other steady clock */

/* One that left there when our clock showed AT_MS, and took that long. */
static void hear(struct clock_pair *pair, uint64_t at_ms, uint64_t way_ms)
{
	clock_pair_hear(pair, &(struct clock_sample){ at_ms + (uint64_t)AHEAD_MS, at_ms + way_ms }, PERIOD_MS);
}

/* One of ours that left when our clock showed AT_MS. */
static void echo(struct clock_pair *pair, uint64_t at_ms, uint64_t way_ms)
{
	clock_pair_echo(pair, &(struct clock_sample){ at_ms, at_ms + way_ms + (uint64_t)AHEAD_MS });
}

static void nothing_is_known_of_a_clock_that_was_not_heard(void)
{
	const struct clock_pair pair = { .id = 1 };
	struct clock_span span = clock_pair_span(&pair, 100);
	CU_ASSERT(!clock_span_is_known(&span));
	CU_ASSERT_PTR_NULL(clock_pair_fastest(&pair, 100));
}

static void one_way_tells_how_far_it_is_ahead_at_least(void)
{
	struct clock_pair pair = { .id = 1 };
	hear(&pair, 10000, 30);
	struct clock_span span = clock_pair_span(&pair, 10030);
	CU_ASSERT(!clock_span_is_known(&span));
	CU_ASSERT_EQUAL(span.min_ms, AHEAD_MS - 30 - 1);
}

static void both_ways_tell_it_to_half_a_round_trip(void)
{
	struct clock_pair pair = { .id = 1 };
	hear(&pair, 10000, 30);
	echo(&pair, 10000, 50);
	struct clock_span span = clock_pair_span(&pair, 10030);
	CU_ASSERT(span.min_ms <= AHEAD_MS && span.max_ms >= AHEAD_MS);
	CU_ASSERT_EQUAL(clock_span_error(&span), (30 + 50 + 2 + 1) / 2);
	CU_ASSERT_EQUAL(clock_span_middle(&span), AHEAD_MS + 10);
}

static void slow_messages_among_faster_ones_change_nothing(void)
{
	struct clock_pair pair = { .id = 1 };
	echo(&pair, 10000, 5);
	for (uint64_t i = 0; i < CLOCK_SAMPLES; i++)
		hear(&pair, 10000 + i * PERIOD_MS, i == 3 ? 5 : 400 + i);
	struct clock_span span = clock_pair_span(&pair, 10000 + CLOCK_SAMPLES * PERIOD_MS);
	CU_ASSERT(span.min_ms >= AHEAD_MS - 5 - 4 && span.min_ms <= AHEAD_MS);
	CU_ASSERT_EQUAL(clock_pair_fastest(&pair, 15000)->received_ms, 10000 + 3 * PERIOD_MS + 5);
}

static void of_one_period_only_the_fastest_is_kept(void)
{
	struct clock_pair pair = { .id = 1 };
	for (uint64_t i = 0; i < 100; i++)
		hear(&pair, 10000 + i, i == 50 ? 1 : 9);
	CU_ASSERT_EQUAL(pair.count, 1);
	CU_ASSERT_EQUAL(pair.heard[0].received_ms, 10051);
}

static void the_fastest_is_forgotten_after_so_many_periods(void)
{
	struct clock_pair pair = { .id = 1 };
	hear(&pair, 10000, 1);
	for (uint64_t i = 1; i <= CLOCK_SAMPLES; i++)
		hear(&pair, 10000 + i * PERIOD_MS, 100);
	CU_ASSERT_EQUAL(pair.count, CLOCK_SAMPLES);
	CU_ASSERT(clock_pair_span(&pair, 15000).min_ms < AHEAD_MS - 100);
}

static void what_is_known_becomes_less_exact_while_nothing_is_heard(void)
{
	struct clock_pair pair = { .id = 1 };
	hear(&pair, 10000, 1);
	echo(&pair, 10000, 1);
	struct clock_span soon = clock_pair_span(&pair, 10001), late = clock_pair_span(&pair, 3610001);
	CU_ASSERT_EQUAL(clock_span_error(&late) - clock_span_error(&soon), 3600);
	CU_ASSERT_EQUAL(clock_span_middle(&late), clock_span_middle(&soon));
}

static void clock_that_jumps_is_measured_anew(void)
{
	struct clock_pair pair = { .id = 1 };
	hear(&pair, 10000, 1);
	echo(&pair, 10000, 1);
	clock_pair_hear(&pair, &(struct clock_sample){ 10500 + (uint64_t)AHEAD_MS + 5000, 10501 }, PERIOD_MS);
	struct clock_span span = clock_pair_span(&pair, 10501);
	CU_ASSERT_EQUAL(span.min_ms, AHEAD_MS + 5000 - 1 - 1);
	CU_ASSERT(!clock_span_is_known(&span));
}

static void gaps_are_what_is_sure(void)
{
	static const struct { struct clock_span a, b; int64_t gap; } rows[] = {
		{ { 10, 20 }, { 0, 5 }, 5 }, { { 0, 5 }, { 10, 20 }, -5 }, { { 0, 10 }, { 10, 20 }, 0 }, { { -5, 50 }, { 0, 0 }, 0 },
		{ { 700, CLOCK_UNKNOWN_MS }, { 0, 0 }, 700 }, { { -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS }, { 0, 0 }, 0 },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		CU_ASSERT_EQUAL(clock_span_gap(&rows[i].a, &rows[i].b), rows[i].gap);
	struct clock_span sum = clock_span_shift((struct clock_span){ 1, CLOCK_UNKNOWN_MS }, (struct clock_span){ 10, 20 });
	CU_ASSERT(sum.min_ms == 11 && sum.max_ms == CLOCK_UNKNOWN_MS);
}

/* ---- verdicts: each row is how far clocks b, c and d are ahead of ours (a), and who says what of whom ---- */

#define LIMIT_MS 500
#define SILENT INT64_MAX

struct council_row {
	const char *name;
	unsigned dcs;
	int64_t ahead_ms[4];
	uint64_t way_ms[4];          /* how long messages take, each way */
	enum clock_verdict verdicts[4];
	int64_t off_ms[4];
};

static const struct council_row council_rows[] = {
	{ "two agree", 2, { 0, 400 }, { 0, 1 }, { CLOCK_AGREES, CLOCK_AGREES }, { 0, 400 } },
	{ "of two one is ahead", 2, { 0, 30000 }, { 0, 1 }, { CLOCK_UNCOMPARED, CLOCK_DIFFERS }, { 0, 30000 } },
	{ "of two one is behind", 2, { 0, -30000 }, { 0, 1 }, { CLOCK_UNCOMPARED, CLOCK_DIFFERS }, { 0, -30000 } },
	{ "the other of two is silent", 2, { 0, SILENT }, { 0, 1 }, { CLOCK_UNCOMPARED, CLOCK_UNCOMPARED }, { 0, 0 } },
	{ "of three b is ahead", 3, { 0, 30000, 1 }, { 0, 1, 1 }, { CLOCK_AGREES, CLOCK_WRONG, CLOCK_AGREES }, { 0, 30000, 1 } },
	{ "of three we are ahead", 3, { 0, -30000, -30001 }, { 0, 1, 1 }, { CLOCK_WRONG, CLOCK_AGREES, CLOCK_AGREES }, { 30000, 0, -1 } },
	{ "of three we are behind", 3, { 0, 7200000, 7200000 }, { 0, 1, 1 }, { CLOCK_WRONG, CLOCK_AGREES, CLOCK_AGREES }, { -7200000, 0, 0 } },
	{ "three differ", 3, { 0, 30000, -30000 }, { 0, 1, 1 }, { CLOCK_UNCOMPARED, CLOCK_DIFFERS, CLOCK_DIFFERS }, { 0, 30000, -30000 } },
	{ "of three one is silent", 3, { 0, 30000, SILENT }, { 0, 1, 1 }, { CLOCK_UNCOMPARED, CLOCK_DIFFERS, CLOCK_UNCOMPARED }, { 0, 30000, 0 } },
	{ "a slow way accuses nobody", 3, { 0, 30000, 0 }, { 0, 1, 20000 }, { CLOCK_UNCOMPARED, CLOCK_DIFFERS, CLOCK_UNCOMPARED }, { 0, 30000, 20 } },
	{ "a slow way does not hide two hours", 3, { 0, 0, 7200000 }, { 0, 1, 2000 }, { CLOCK_AGREES, CLOCK_AGREES, CLOCK_WRONG }, { 0, 0, 7200002 } },
	{ "two against two", 4, { 0, 0, 30000, 30000 }, { 0, 1, 1, 1 },
	  { CLOCK_UNCOMPARED, CLOCK_AGREES, CLOCK_DIFFERS, CLOCK_DIFFERS }, { 0, 0, 30000, 30000 } },
	{ "three against one", 4, { 0, 30000, 0, 0 }, { 0, 1, 1, 1 }, { CLOCK_AGREES, CLOCK_WRONG, CLOCK_AGREES, CLOCK_AGREES }, { 0, 30000, 0, 0 } },
};

static const char *const dcs[] = { "a", "b", "c", "d" };
static const struct core_options options = { .dcs = dcs, .dc_count = 4, .heartbeat_ms = 500, .drift_ms_max = LIMIT_MS };

struct hall {
	struct effects effects;
	struct step step;
	struct causes causes;
	struct core_options options;
};

static void hall_open(struct hall *hall, unsigned count)
{
	*hall = (struct hall){ .step = { .now_ms = 1700000000000, .steady_ms = 5000000 }, .options = options };
	hall->step.effects = &hall->effects;
	hall->options.dc_count = count;
	hall->causes.step = &hall->step;
	hall->causes.clock = 77;
	hall->causes.origins.dcs = dcs;
	hall->causes.origins.dc_count = count;
}

/* A heartbeat of DC, whose wall clock is AHEAD; it has read one of ours. Ways are equally long. */
static void hall_hear(struct hall *hall, unsigned dc, int64_t ahead_ms, uint64_t way_ms, const struct reading *more)
{
	uint64_t theirs_ms = hall->step.steady_ms - way_ms + 4000 * dc, ours_ms = hall->step.steady_ms - 2 * way_ms;
	const struct reading readings[] = { { slice_of("a"), 77, ours_ms, theirs_ms, false, 0, 0 }, more != NULL ? *more : (struct reading){ .dc = SLICE("a") } };
	const struct batch batch = {
		.dc = slice_of(dcs[dc]), .clock = 100 + dc, .steady_ms = theirs_ms, .readings = readings, .reading_count = more != NULL ? 2 : 1,
		.wall_ms = (uint64_t)((int64_t)(hall->step.now_ms - way_ms) + ahead_ms),
	};
	clocks_hear(&hall->causes, dc, &batch, 500);
}

static void clocks_that_most_agree_with_are_right(void)
{
	for (unsigned i = 0; i < sizeof council_rows / sizeof *council_rows; i++) {
		const struct council_row *row = &council_rows[i];
		struct hall hall;
		char text[200];
		hall_open(&hall, row->dcs);
		for (unsigned dc = 1; dc < row->dcs; dc++)
			if (row->ahead_ms[dc] != SILENT)
				hall_hear(&hall, dc, row->ahead_ms[dc], row->way_ms[dc], NULL);
		clocks_judge(&hall.causes, &hall.options);
		for (unsigned dc = 0; dc < row->dcs; dc++) {
			const struct core_peer_status *status = &hall.causes.peers[dc].status;
			snprintf(text, sizeof text, "%s: %s is %d, %lld ms", row->name, dcs[dc], status->clock_verdict, (long long)status->clock_off_ms);
			CU_assertImplementation(status->clock_verdict == row->verdicts[dc] && status->clock_off_ms == row->off_ms[dc], __LINE__, text, __FILE__, "", CU_FALSE);
		}
		effects_free(&hall.effects);
	}
}

static void clock_that_cannot_be_compared_is_known_by_others(void)
{
	struct hall hall;
	hall_open(&hall, 3);
	hall_hear(&hall, 2, 30000, 2000, NULL);
	hall_hear(&hall, 1, 0, 1, &(struct reading){ SLICE("c"), 102, 1, 1, true, 29990, 30010 });
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT_EQUAL(hall.causes.peers[2].status.clock_verdict, CLOCK_WRONG);
	CU_ASSERT_EQUAL(hall.causes.peers[2].status.clock_off_ms, 30000);
	effects_free(&hall.effects);
}

static void peer_that_tells_of_no_message_of_ours_does_not_hear_us(void)
{
	struct hall hall;
	hall_open(&hall, 2);
	const struct core_peer_status *status = &hall.causes.peers[1].status;
	for (unsigned i = 0; i < 30; i++) {
		hall.step.steady_ms += 500;
		hall_hear(&hall, 1, 0, 1, NULL);
		CU_ASSERT_EQUAL(status->unheard_since_ms, 0);
	}
	const struct batch deaf = { .dc = slice_of(dcs[1]), .clock = 101, .steady_ms = hall.step.steady_ms + 4000, .wall_ms = hall.step.now_ms };
	for (unsigned i = 0; i < 30; i++) {
		hall.step.steady_ms += 500;
		clocks_hear(&hall.causes, 1, &deaf, 500);
		CU_ASSERT_EQUAL(status->unheard_since_ms != 0, i >= CLOCK_SAMPLES + 1);
	}
	hall_hear(&hall, 1, 0, 1, NULL);
	CU_ASSERT_EQUAL(status->unheard_since_ms, 0);
	effects_free(&hall.effects);
}

static void alarm_is_raised_once(void)
{
	struct hall hall;
	hall_open(&hall, 2);
	hall_hear(&hall, 1, 30000, 1, NULL);
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT_EQUAL(hall.effects.count, 1);
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT_EQUAL(hall.effects.count, 1);
	hall_hear(&hall, 1, 0, 1, NULL);
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.clock_verdict, CLOCK_AGREES);
	effects_free(&hall.effects);
}

static void own_clock_that_is_set_is_seen_at_once(void)
{
	struct hall hall;
	hall_open(&hall, 2);
	hall_hear(&hall, 1, 0, 1, NULL);
	hall.step.now_ms += 30000;
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.clock_off_ms, -30000);
	effects_free(&hall.effects);
}

static void echo_of_an_earlier_process_tells_nothing(void)
{
	struct hall hall;
	hall_open(&hall, 2);
	hall.causes.clock = 78;
	hall_hear(&hall, 1, 0, 1, NULL);
	struct clock_span span = clocks_span(&hall.causes, 1);
	CU_ASSERT(!clock_span_is_known(&span));
	effects_free(&hall.effects);
}

static void ahead_at_all_others_is_not_quarantined_by_the_odd_one(void)
{
	struct hall hall;
	hall_open(&hall, 3);
	hall_hear(&hall, 1, 7200000, 1, NULL);
	CU_ASSERT(clocks_are_ahead(&hall.causes, 1, 3600000));
	CU_ASSERT(!clocks_are_ahead(&hall.causes, 2, 3600000));
	hall_hear(&hall, 2, 7200000, 1, NULL);
	clocks_judge(&hall.causes, &hall.options);
	CU_ASSERT(!clocks_are_ahead(&hall.causes, 1, 3600000));
	effects_free(&hall.effects);
}

static void freshness_is_dated_by_the_latest_that_may_be(void)
{
	struct hall hall;
	hall_open(&hall, 2);
	peer_note_fresh(&hall.causes, 1, &(struct fresh){ .clock = 101, .steady_ms = 4000 + 5000000 - 700 });
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.fresh_at_ms, 0);
	hall_hear(&hall, 1, 30000, 200, NULL);
	/* Between 200 ms earlier and later than in truth, as each way took as long, and rounded: the earlier one counts. */
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.fresh_at_ms, 5000000 - 700 - 200 - 1);
	peer_note_fresh(&hall.causes, 1, &(struct fresh){ .clock = 100, .steady_ms = 4000 + 5000000 });
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.fresh_at_ms, 5000000 - 700 - 200 - 1);
	peer_doubt_fresh(&hall.causes, 1);
	CU_ASSERT_EQUAL(hall.causes.peers[1].status.fresh_at_ms, 0);
	effects_free(&hall.effects);
}

void suite_clocks(void)
{
	CU_pSuite suite = CU_add_suite("clocks", NULL, NULL);
	CU_ADD_TEST(suite, nothing_is_known_of_a_clock_that_was_not_heard);
	CU_ADD_TEST(suite, one_way_tells_how_far_it_is_ahead_at_least);
	CU_ADD_TEST(suite, both_ways_tell_it_to_half_a_round_trip);
	CU_ADD_TEST(suite, slow_messages_among_faster_ones_change_nothing);
	CU_ADD_TEST(suite, of_one_period_only_the_fastest_is_kept);
	CU_ADD_TEST(suite, the_fastest_is_forgotten_after_so_many_periods);
	CU_ADD_TEST(suite, what_is_known_becomes_less_exact_while_nothing_is_heard);
	CU_ADD_TEST(suite, clock_that_jumps_is_measured_anew);
	CU_ADD_TEST(suite, gaps_are_what_is_sure);
	CU_ADD_TEST(suite, clocks_that_most_agree_with_are_right);
	CU_ADD_TEST(suite, clock_that_cannot_be_compared_is_known_by_others);
	CU_ADD_TEST(suite, peer_that_tells_of_no_message_of_ours_does_not_hear_us);
	CU_ADD_TEST(suite, alarm_is_raised_once);
	CU_ADD_TEST(suite, own_clock_that_is_set_is_seen_at_once);
	CU_ADD_TEST(suite, echo_of_an_earlier_process_tells_nothing);
	CU_ADD_TEST(suite, ahead_at_all_others_is_not_quarantined_by_the_odd_one);
	CU_ADD_TEST(suite, freshness_is_dated_by_the_latest_that_may_be);
}
