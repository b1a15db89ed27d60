/* World, its clocks (see world_clocks.h). */
#include "world_clocks.h"

void world_judge_freshness(struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);
	uint64_t steady_ms = world_steady_ms(world, dc);

	for (unsigned peer = 1; peer < status->peer_count; peer++) {
		uint64_t fresh_at_ms = status->peers[peer].fresh_at_ms;

		if (fresh_at_ms != 0)
			auditor_staleness(world->auditor, dc->index, world_global_index(dc, peer), steady_ms > fresh_at_ms ? steady_ms - fresh_at_ms : 0);
	}
}

void world_set_clock(struct world *world, struct dc *dc, int64_t ahead_ms)
{
	trace_line(world->trace, dc->index, "its clock is set: %lld ms ahead", (long long)ahead_ms);
	dc->skew_ms = ahead_ms;
}

int64_t world_draw_step(struct world *world)
{
	static const int64_t sizes[] = { 2000, 5000, 30000, 30000, 1800000, 7200000 };
	int64_t size = sizes[dice_below(&world->dice, sizeof(sizes) / sizeof(sizes[0]))];

	return dice_chance(&world->dice, 50) ? size : -size;
}
