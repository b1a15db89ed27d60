/* Clock verdict: whose clock is wrong (see clocks.h). As RFC 5905, section 11.2.1, has it: clocks that agree and are more than half of those that are
 * known are right. Of two that differ, nobody can tell which one is wrong. */
#include "clocks.h"

#define SILENT_HEARTBEATS 20         /* after so long without a word a clock may have been set: it is not judged */

struct council {
	struct clock_span spans[CORE_DCS_MAX];       /* how far each is ahead of ours */
	bool votes[CORE_DCS_MAX];    /* it is known more exactly than the limit */
	unsigned count, voters;
	int64_t limit_ms;
	int chosen;                  /* the clock that most agree with; -1: no majority does */
};

static bool is_exact(const struct council *council, const struct clock_span *span)
{
	return clock_span_is_known(span) && clock_span_error(span) <= council->limit_ms;
}

static bool is_heard(const struct causes *causes, unsigned dc, const struct core_options *options)
{
	return causes->peers[dc].clock.pair.id != 0 &&
	       causes->step->steady_ms - causes->peers[dc].clock.heard_ms <= (uint64_t)SILENT_HEARTBEATS * options->heartbeat_ms;
}

/* What others tell of a clock that we cannot compare with ours ourselves. */
static struct clock_span span_by_others(const struct causes *causes, unsigned dc, const struct council *council)
{
	struct clock_span best = { -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS };
	for (unsigned other = 1; other < council->count; other++) {
		if (other == dc || !is_exact(council, &council->spans[other]))
			continue;
		struct clock_span span = clock_span_shift(council->spans[other], causes->peers[other].clock.told[dc]);
		if (clock_span_is_known(&span) && clock_span_error(&span) < clock_span_error(&best))
			best = span;
	}
	return best;
}

static void hear_all(const struct causes *causes, const struct core_options *options, struct council *council)
{
	for (unsigned dc = 1; dc < council->count; dc++)
		if (is_heard(causes, dc, options))
			council->spans[dc] = clocks_span(causes, dc);
		else
			council->spans[dc] = (struct clock_span){ -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS };
	for (unsigned dc = 1; dc < council->count; dc++) {
		struct clock_span told = span_by_others(causes, dc, council);
		if (!is_exact(council, &council->spans[dc]) && is_exact(council, &told) && is_heard(causes, dc, options))
			council->spans[dc] = told;
	}
	for (unsigned dc = 0; dc < council->count; dc++) {
		council->votes[dc] = is_exact(council, &council->spans[dc]);
		council->voters += council->votes[dc];
	}
}

static bool is_far(const struct council *council, unsigned dc, unsigned other)
{
	int64_t gap_ms = clock_span_gap(&council->spans[dc], &council->spans[other]);
	return gap_ms > council->limit_ms || gap_ms < -council->limit_ms;
}

/* Our own is first, so of several that are as good it is the one. */
static void choose(struct council *council)
{
	unsigned most = 1;
	council->chosen = -1;
	for (unsigned dc = 0; dc < council->count; dc++) {
		unsigned agreeing = 0;
		for (unsigned other = 0; council->votes[dc] && other < council->count; other++)
			agreeing += council->votes[other] && !is_far(council, dc, other);
		if (agreeing > most && agreeing * 2 > council->voters) {
			most = agreeing;
			council->chosen = (int)dc;
		}
	}
}

static enum clock_verdict verdict_of(const struct council *council, unsigned dc)
{
	if (council->chosen >= 0 && is_far(council, dc, (unsigned)council->chosen))
		return CLOCK_WRONG;
	if (council->chosen < 0 && is_far(council, dc, 0))
		return CLOCK_DIFFERS;
	bool is_measured_by_itself = dc == 0 && council->chosen < 0;
	return council->votes[dc] && !is_measured_by_itself ? CLOCK_AGREES : CLOCK_UNCOMPARED;
}

static void raise_alarm(struct causes *causes, unsigned dc, enum clock_verdict verdict)
{
	if (verdict == CLOCK_DIFFERS)
		step_alarm(causes->step, dc, "its clock and ours differ beyond the limit (clock.drift); of two clocks nobody can tell which one is wrong");
	else if (verdict == CLOCK_WRONG && dc == 0)
		step_alarm(causes->step, dc, "our clock differs from those of the other datacenters beyond the limit (clock.drift)");
	else if (verdict == CLOCK_WRONG)
		step_alarm(causes->step, dc, "its clock differs from those of the other datacenters beyond the limit (clock.drift)");
}

void clocks_judge(struct causes *causes, const struct core_options *options)
{
	struct council council = { .count = options->dc_count, .limit_ms = options->drift_ms_max };
	hear_all(causes, options, &council);
	choose(&council);
	for (unsigned dc = 0; dc < council.count; dc++) {
		struct core_peer_status *status = &causes->peers[dc].status;
		enum clock_verdict verdict = verdict_of(&council, dc);
		const struct clock_span *measure = &council.spans[council.chosen < 0 ? 0 : council.chosen];
		if (verdict != status->clock_verdict)
			raise_alarm(causes, dc, verdict);
		status->clock_verdict = verdict;
		status->clock_ahead = dc == 0 ? council.spans[0] : clocks_span(causes, dc);
		status->clock_off_ms = clock_span_middle(&council.spans[dc]) - clock_span_middle(measure);
	}
}
