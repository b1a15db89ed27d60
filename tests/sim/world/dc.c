/* What every file of the world needs of a datacenter: its name, its clock, how its core numbers the others; and what is planned for later. */
#include "world.h"

const char *const world_dc_names[WORLD_DCS_MAX] = { "ams", "bom", "cpt", "dub", "eze" };

uint64_t world_clock_ms(const struct world *world, const struct dc *dc)
{
	int64_t true_ms = (int64_t)(world->now_us / 1000);

	return (uint64_t)((int64_t)WORLD_EPOCH_MS + dc->skew_ms + true_ms + true_ms * dc->drift_ppm / 1000000);
}

/* Each began at another time. */
uint64_t world_steady_ms(const struct world *world, const struct dc *dc)
{
	int64_t true_ms = (int64_t)(world->now_us / 1000);

	return (uint64_t)(1000000 * ((int64_t)dc->index + 1) + true_ms + true_ms * dc->steady_ppm / 1000000 + dc->steady_leap_ms);
}

unsigned world_local_index(const struct dc *dc, unsigned other)
{
	return other == dc->index ? 0 : other < dc->index ? other + 1 : other;
}

unsigned world_global_index(const struct dc *dc, unsigned local)
{
	return local == 0 ? dc->index : local <= dc->index ? local - 1 : local;
}

void world_plan_next(struct world *world, const struct happening *happening, uint64_t delay_us)
{
	struct happening planned = *happening;

	planned.at_us = world->now_us + delay_us;
	happenings_plan(&world->happenings, &planned);
}
