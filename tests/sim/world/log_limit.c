#include "log_limit.h"

#include "world.h"

#define ENTRY_OVERHEAD 64            /* what a message takes besides its bytes */
#define ROOM_PART 16                 /* a full log takes appends again when a 16th of its limit is free */
#define CHECK_US 50000               /* how often a full log looks for room */
#define TELL_US 20000                /* after so long at the earliest a reader tells what it has read */

_Static_assert(LOG_READERS_MAX >= WORLD_DCS_MAX, "each DC reads each log");

static void plan_room(struct world *world, struct dc *dc)
{
	dc->limit.is_room_planned = true;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_ROOM, .dc = dc->index, .generation = dc->life }, dice_below(&world->dice, CHECK_US));
}

bool log_limit_drops(struct world *world, struct dc *dc, uint64_t id, bool passes_limit)
{
	struct log_limit *limit = &dc->limit;

	if (!limit->is_full || (passes_limit && !limit->is_dropping))
		return false;
	if (!limit->is_dropping || id < limit->dropped_from)
		limit->dropped_from = id;
	limit->is_dropping = true;
	limit->is_passing |= passes_limit;
	if (passes_limit && !limit->is_room_planned)
		plan_room(world, dc);
	return true;
}

static uint64_t log_bytes(const struct sim_log *log, unsigned from)
{
	uint64_t bytes = 0;

	for (unsigned i = from > log->start ? from : log->start; i < log->count; i++)
		bytes += log->messages[i].len + ENTRY_OVERHEAD;
	return bytes;
}

static uint64_t landing_bytes(const struct sim_log *log)
{
	uint64_t bytes = 0;

	for (unsigned i = log->append_count - sim_log_landing(log); i < log->append_count; i++)
		bytes += log->appends[i].bytes.len + ENTRY_OVERHEAD;
	return bytes;
}

static unsigned least(const struct world *world, const struct dc *dc, const unsigned *numbers)
{
	unsigned least = UINT32_MAX;

	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (i != dc->index && numbers[i] < least)
			least = numbers[i];
	return least;
}

/* What is trimmed is what could be trimmed one look ago, unless history alone takes the whole limit. */
static void trim(struct world *world, struct dc *dc)
{
	struct log_limit *limit = &dc->limit;
	uint64_t bytes = log_bytes(&dc->log, 0), bytes_max = world->plan.limits.log_bytes;
	unsigned start = bytes > bytes_max ? limit->trim_wanted : limit->trim_settled;

	limit->trim_settled = limit->trim_wanted;
	if (bytes <= bytes_max / 2)
		return;
	if (!world->plan.limits.counts_what_is_read && start > least(world, dc, limit->restart))
		start = least(world, dc, limit->restart);
	if (start <= dc->log.start)
		return;
	trace_line(world->trace, dc->index, "log is trimmed: it begins with message %u", start);
	sim_log_truncate(&dc->log, start);
	limit->is_trimmed = true;
}

static uint64_t used_bytes(const struct world *world, const struct dc *dc)
{
	unsigned counted_from = world->plan.limits.counts_what_is_read ? 0 : least(world, dc, dc->limit.read);

	return log_bytes(&dc->log, counted_from) + landing_bytes(&dc->log);
}

void log_limit_look(struct world *world, struct dc *dc)
{
	struct log_limit *limit = &dc->limit;
	uint64_t bytes_max = world->plan.limits.log_bytes, used;

	/* Without its sidecar a log takes nothing, and is not trimmed. */
	if (bytes_max == 0 || dc->core == NULL)
		return;
	trim(world, dc);
	used = used_bytes(world, dc);
	if (!limit->is_full && used > bytes_max) {
		trace_line(world->trace, dc->index, "log is full");
		limit->is_full = true;
		world->limits_met.full_logs++;
	} else if (limit->is_full && !limit->is_room_planned && used <= bytes_max - bytes_max / ROOM_PART) {
		plan_room(world, dc);
	}
}

bool log_limit_go_on(struct world *world, struct dc *dc, uint64_t *id)
{
	struct log_limit *limit = &dc->limit;
	bool is_dropping = limit->is_dropping;

	trace_line(world->trace, dc->index, limit->is_passing ? "log is full, but takes what recovery needs" : "log has room again");
	limit->is_full = limit->is_passing;
	limit->is_room_planned = limit->is_passing = limit->is_dropping = false;
	*id = limit->dropped_from;
	return is_dropping;
}

void log_limit_forget(struct world *world, struct dc *dc)
{
	dc->limit.is_full = dc->limit.is_room_planned = dc->limit.is_passing = dc->limit.is_dropping = false;
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		dc->tellings[i].restart = dc->tellings[i].told_read = dc->tellings[i].told_restart = 0;
}

void log_limit_applied(struct world *world, struct dc *dc, int64_t position)
{
	if (position + 1 > (int64_t)dc->limit.trim_wanted)
		dc->limit.trim_wanted = (unsigned)(position + 1);
	log_limit_look(world, dc);
}

void log_limit_restart_at(struct world *world, struct dc *dc, unsigned origin, int64_t position)
{
	dc->tellings[origin].restart = (unsigned)(position + 1);
	log_limit_tell(world, dc, origin);
}

unsigned log_limit_first_again(const struct world *world, const struct dc *dc, unsigned origin)
{
	unsigned start = world->dcs[origin].log.start, restart = origin == dc->index ? dc->limit.trim_wanted : dc->tellings[origin].restart;

	return world->plan.limits.log_bytes > 0 && restart > start ? restart : start;
}

void log_limit_tell(struct world *world, struct dc *dc, unsigned origin)
{
	const struct follower *follower = &dc->followers[origin];
	struct telling *telling = &dc->tellings[origin];

	if (world->plan.limits.log_bytes == 0 || origin == dc->index || telling->is_planned)
		return;
	if (!follower->is_active || follower->is_paused || follower->is_cut || world->dcs[origin].is_log_cut)
		return;
	if (telling->told_read == follower->cursor && telling->told_restart == telling->restart)
		return;
	telling->is_planned = true;
	telling->told_read = follower->cursor;
	telling->told_restart = telling->restart;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_TOLD, .dc = dc->index, .a = origin, .b = (uint64_t)follower->cursor << 32 | telling->restart },
	                TELL_US + dice_below(&world->dice, world->plan.link_us_max));
}

void log_limit_told(struct world *world, struct dc *dc, const struct happening *happening)
{
	struct dc *owner = &world->dcs[happening->a];
	struct telling *telling = &dc->tellings[owner->index];
	unsigned read = (unsigned)(happening->b >> 32);

	telling->is_planned = false;
	if (dc->followers[owner->index].is_cut || owner->is_log_cut) {
		telling->told_read = telling->told_restart = 0;
		return;
	}
	if (read > owner->limit.read[dc->index])
		owner->limit.read[dc->index] = read;
	owner->limit.restart[dc->index] = (unsigned)happening->b;
	log_limit_look(world, owner);
	log_limit_tell(world, dc, owner->index);
}
