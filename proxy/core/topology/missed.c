#include "missed.h"

#include "proxy/core/causes/clocks.h"

/* Since when it was silent. */
static uint64_t silent_since_ms(const struct topology *topology, unsigned dc)
{
	const struct causes *causes = topology->causes;
	uint64_t heard_ms = causes->peers[dc].status.heard_ms;
	return heard_ms > causes->opened_ms ? heard_ms : causes->opened_ms;
}

static void begin(struct topology *topology, unsigned dc)
{
	if (topology->missed_ms[dc] == 0)
		topology->missed_count++;
	topology->missed_ms[dc] = topology->step->steady_ms;
	topology->is_asking = true;
}

void missed_begin_opening(struct topology *topology)
{
	for (unsigned dc = 1; topology->is_on && dc < topology->causes->origins.dc_count; dc++)
		begin(topology, dc);
}

void missed_hear(struct topology *topology, unsigned dc)
{
	uint64_t silent_ms = topology->step->steady_ms - silent_since_ms(topology, dc);
	if (topology->is_on && topology->missed_ms[dc] == 0 && silent_ms > (uint64_t)MISSED_HEARTBEATS * topology->options->heartbeat_ms)
		begin(topology, dc);
}

static bool is_over(const struct topology *topology, unsigned dc)
{
	const uint64_t now_ms = topology->step->steady_ms, missed_ms = topology->missed_ms[dc], heartbeat_ms = topology->options->heartbeat_ms;
	uint64_t silent_ms = silent_since_ms(topology, dc) > missed_ms ? silent_since_ms(topology, dc) : missed_ms;
	return topology->causes->peers[dc].status.fresh_at_ms >= missed_ms || now_ms - silent_ms >= DEAD_HEARTBEATS * heartbeat_ms ||
	       now_ms - missed_ms >= UNAPPLIED_HEARTBEATS * heartbeat_ms;
}

void missed_pump(struct topology *topology)
{
	for (unsigned dc = 1; topology->missed_count > 0 && dc < topology->causes->origins.dc_count; dc++) {
		if (topology->missed_ms[dc] == 0 || !is_over(topology, dc))
			continue;
		topology->missed_ms[dc] = 0;
		if (--topology->missed_count == 0)
			held_list_move(&topology->waiting, &topology->ready);
	}
}

uint64_t missed_dead_ms(const struct topology *topology, unsigned dc)
{
	uint64_t wait_ms = (uint64_t)DEAD_HEARTBEATS * topology->options->heartbeat_ms;
	const struct clock_span span = clocks_span(topology->causes, dc);
	if (wait_ms < topology->options->drift_ms_max)
		wait_ms = topology->options->drift_ms_max;
	if (clock_span_is_known(&span) && span.max_ms > 0 && wait_ms < (uint64_t)span.max_ms)
		wait_ms = (uint64_t)span.max_ms;
	return silent_since_ms(topology, dc) + wait_ms;
}
