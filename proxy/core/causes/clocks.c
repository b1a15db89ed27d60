/* Clocks (see clocks.h). A peer's wall clock is its steady clock and a lead, which every message tells: so a clock that is set is seen with the next
 * message, and what was measured of the steady clocks holds on. */
#include "clocks.h"

static int64_t own_lead_ms(const struct causes *causes)
{
	return (int64_t)causes->step->now_ms - (int64_t)causes->step->steady_ms;
}

static void forget_told(struct peer_clock *clock)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		clock->told[dc] = (struct clock_span){ -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS };
}

#define UNHEARD_HEARTBEATS (CLOCK_SAMPLES + 2)   /* a reader tells of our fastest message of so many periods, not of our newest */

/* A heartbeat tells of all that its sender hears, and so does a batch that tells of any. */
static void note_hearing(struct causes *causes, unsigned dc, const struct batch *batch)
{
	struct peer *peer = &causes->peers[dc];
	uint64_t newest_ms = peer->clock.told_own_ms;
	for (unsigned i = 0; i < batch->reading_count; i++) {
		const struct reading *reading = &batch->readings[i];
		if (reading->clock == causes->clock && reading->sent_ms > newest_ms && origins_dc(&causes->origins, reading->dc) == 0)
			newest_ms = reading->sent_ms;
	}
	peer->clock.untold = newest_ms > peer->clock.told_own_ms ? 0 : peer->clock.untold + 1;
	peer->clock.told_own_ms = newest_ms;
	if (peer->clock.untold < UNHEARD_HEARTBEATS)
		peer->status.unheard_since_ms = 0;
	else if (peer->status.unheard_since_ms == 0)
		peer->status.unheard_since_ms = causes->step->steady_ms;
}

static void hear_reading(struct causes *causes, struct peer_clock *clock, const struct reading *reading)
{
	int dc = origins_dc(&causes->origins, reading->dc);
	if (dc < 0)
		return;
	/* It answers messages of this process only: an earlier one had another clock. */
	if (dc == 0 && reading->clock == causes->clock && reading->sent_ms <= causes->step->steady_ms)
		clock_pair_echo(&clock->pair, &(struct clock_sample){ reading->sent_ms, reading->received_ms });
	if (reading->is_compared)
		clock->told[dc] = (struct clock_span){ reading->ahead_min_ms, reading->ahead_max_ms };
}

/* Batches may be older than the process that appends them, and then tell of a clock that is no more. Heartbeats are always its own. */
void clocks_hear(struct causes *causes, unsigned dc, const struct batch *batch, uint32_t heartbeat_ms)
{
	struct peer_clock *clock = &causes->peers[dc].clock;
	bool is_other = batch->clock != clock->pair.id;
	if (batch->clock == 0 || (is_other && batch->write_count > 0))
		return;
	if (is_other) {
		clock_pair_begin(&clock->pair, batch->clock);
		forget_told(clock);
	}
	clock_pair_hear(&clock->pair, &(struct clock_sample){ batch->steady_ms, causes->step->steady_ms }, heartbeat_ms);
	clock->lead_ms = (int64_t)batch->wall_ms - (int64_t)batch->steady_ms;
	clock->heard_ms = causes->step->steady_ms;
	for (unsigned i = 0; i < batch->reading_count; i++)
		hear_reading(causes, clock, &batch->readings[i]);
	if (batch->write_count == 0 || batch->reading_count > 0)
		note_hearing(causes, dc, batch);
	clocks_date_freshness(causes, dc);
}

struct clock_span clocks_span(const struct causes *causes, unsigned dc)
{
	const struct peer_clock *clock = &causes->peers[dc].clock;
	if (dc == 0)
		return (struct clock_span){ 0, 0 };
	if (clock->pair.id == 0)
		return (struct clock_span){ -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS };
	int64_t lead_ms = clock->lead_ms - own_lead_ms(causes);
	return clock_span_shift(clock_pair_span(&clock->pair, causes->step->steady_ms), (struct clock_span){ lead_ms, lead_ms });
}

bool clocks_are_due(const struct causes *causes, uint32_t heartbeat_ms)
{
	return causes->step->steady_ms - causes->told_ms >= heartbeat_ms;
}

void clocks_tell(struct causes *causes, struct batch *header, bool is_due)
{
	if (!is_due)
		return;
	header->readings = causes->readings;
	causes->told_ms = causes->step->steady_ms;
	for (unsigned dc = 1; dc < causes->origins.dc_count; dc++) {
		const struct clock_pair *pair = &causes->peers[dc].clock.pair;
		const struct clock_sample *fastest = clock_pair_fastest(pair, causes->step->steady_ms);
		struct clock_span span = clocks_span(causes, dc);
		/* Readings that contradict each other (a machine that slept) tell nothing: no reader would take them. */
		bool is_compared = clock_span_is_known(&span) && span.min_ms <= span.max_ms;
		if (fastest == NULL)
			continue;
		causes->readings[header->reading_count++] = (struct reading){
			.dc = slice_of(causes->origins.dcs[dc]), .clock = pair->id, .sent_ms = fastest->sent_ms, .received_ms = fastest->received_ms,
			.is_compared = is_compared, .ahead_min_ms = is_compared ? span.min_ms : 0, .ahead_max_ms = is_compared ? span.max_ms : 0,
		};
	}
}

/* By the latest that its clock may be ahead: what is said to be fresh is never older than that. Until both ways were measured nobody knows. */
void clocks_date_freshness(struct causes *causes, unsigned dc)
{
	struct peer *peer = &causes->peers[dc];
	if (peer->fresh.clock == 0 || peer->fresh.clock != peer->clock.pair.id)
		return;
	struct clock_span span = clock_pair_span(&peer->clock.pair, causes->step->steady_ms);
	if (!clock_span_is_known(&span))
		return;
	int64_t at_ms = (int64_t)peer->fresh.steady_ms - span.max_ms;
	if (at_ms > 0 && (uint64_t)at_ms > peer->status.fresh_at_ms)
		peer->status.fresh_at_ms = (uint64_t)at_ms;
}

bool clocks_are_ahead(const struct causes *causes, unsigned dc, uint64_t limit_ms)
{
	const struct peer *peer = &causes->peers[dc];
	bool is_ours_wrong = causes->peers[0].status.clock_verdict == CLOCK_WRONG && peer->status.clock_verdict == CLOCK_AGREES;
	return !is_ours_wrong && clocks_span(causes, dc).min_ms > (int64_t)limit_ms;
}
