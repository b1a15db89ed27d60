/* Clock trial (see clock_trial.h). */
#include "clock_trial.h"

#include "generator.h"
#include "sidecar.h"
#include "world_clocks.h"

#define HEARD_US 15000000            /* by then all were heard in both directions */
#define READ_US_MAX 900000000
#define UNREAD_MAX 3                 /* on their way at any time */
#define ROUNDING_MS 3

/* What DC says of the clock of PEER, which may be itself. */
static void judge_clock(struct world *world, const struct dc *dc, const struct dc *peer, enum clock_verdict expected)
{
	const struct core_peer_status *status = &core_status(dc->core)->peers[world_local_index(dc, peer->index)];
	int64_t truth_ms = (int64_t)(world_clock_ms(world, peer) - world_clock_ms(world, dc));
	const struct clock_span *span = &status->clock_ahead;

	if (status->clock_verdict != expected)
		auditor_find(world->auditor, "%s says %d of the clock of %s, not %d", world_dc_names[dc->index], status->clock_verdict,
		             world_dc_names[peer->index], expected);
	if (dc != peer && (truth_ms < span->min_ms - ROUNDING_MS || truth_ms > span->max_ms + ROUNDING_MS))
		auditor_find(world->auditor, "%s says that the clock of %s is ahead by %lld to %lld ms, it is by %lld", world_dc_names[dc->index],
		             world_dc_names[peer->index], (long long)span->min_ms, (long long)span->max_ms, (long long)truth_ms);
}

/* One is WRONG, or none (NULL). Of three or more all know which one; of two nobody does. */
static void judge_clocks(struct world *world, const struct dc *wrong)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		for (unsigned j = 0; j < world->plan.dc_count; j++) {
			const struct dc *dc = &world->dcs[i], *peer = &world->dcs[j];
			enum clock_verdict expected = CLOCK_AGREES;

			if (wrong != NULL && world->plan.dc_count == 2)
				expected = dc == peer ? CLOCK_UNCOMPARED : CLOCK_DIFFERS;
			else if (peer == wrong)
				expected = CLOCK_WRONG;
			judge_clock(world, dc, peer, expected);
		}
	}
}

/* Whoever knows that its own clock is the wrong one has no reason to keep the others out. */
static void judge_quarantines(struct world *world, const struct dc *wrong)
{
	for (unsigned peer = 1; world->plan.dc_count > 2 && peer < world->plan.dc_count; peer++)
		if (core_status(wrong->core)->peers[peer].state == PEER_QUARANTINED)
			auditor_find(world->auditor, "%s keeps %s out, although its own clock is the wrong one", world_dc_names[wrong->index],
			             world_dc_names[world_global_index(wrong, peer)]);
}

static bool is_read(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		for (unsigned j = 0; j < world->plan.dc_count; j++)
			if (i != j && world->dcs[i].followers[j].cursor + UNREAD_MAX < world->dcs[j].log.count)
				return false;
	return true;
}

/* A reader may be far behind: nobody can know more of a clock than the last message that was read. */
static void hear_all(struct world *world)
{
	for (uint64_t waited_us = 0; !is_read(world) && waited_us < READ_US_MAX; waited_us += HEARD_US)
		world_advance(world, HEARD_US);
	world_advance(world, HEARD_US);
}

void world_try_clocks(struct world *world)
{
	struct dc *dc = &world->dcs[dice_below(&world->dice, world->plan.dc_count)];

	world_set_clock(world, dc, world_draw_step(world));
	if (dice_chance(&world->dice, 40)) {
		sidecar_crash(world, dc);
		world_advance(world, 300000);
		sidecar_start(world, dc);
	}
	hear_all(world);
	judge_clocks(world, dc);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		generator_say(world, &world->dcs[i], "SET l:s0 wrong", false);
	world_advance(world, 2000000);
	judge_quarantines(world, dc);
	world_set_clock(world, dc, 0);
	hear_all(world);
	judge_clocks(world, NULL);
}
