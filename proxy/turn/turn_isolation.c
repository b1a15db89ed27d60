/* Turn isolation (see turn_isolation.h). */
#include "turn_isolation.h"

#include "proxy/ops/logging.h"

static uint64_t now_ms(struct turn *turn)
{
	return turn_clock_now(turn->clock)->steady_us / 1000;
}

static void cut(struct turn *turn)
{
	const struct isolation_status *isolation = &turn->status->isolation;
	turn->cut.is_on = true;
	turn->cut.first_id = 0;
	for (unsigned dc = 1; dc < turn->status->dc_count; dc++)
		if (turn->cut.logs[dc].is_followed)
			turn->logs[dc]->class->unfollow(turn->logs[dc]);
	log_warn("this datacenter is cut off for a drill: clients are refused, peers hear nothing", "by", isolation->by,
	         "ms", log_number((int64_t)(isolation->until_ms - isolation->since_ms)));
	turn->callbacks.isolated(turn->callbacks.context, true);
}

static void heal(struct turn *turn, const char *why)
{
	struct turn_cut *cut = &turn->cut;
	cut->is_on = false;
	for (unsigned dc = 1; dc < turn->status->dc_count; dc++) {
		const struct cut_log *log = &cut->logs[dc];
		if (!log->is_followed)
			continue;
		turn->logs[dc]->class->follow(turn->logs[dc], log->position);
		if (log->is_paused)
			turn->logs[dc]->class->pause(turn->logs[dc], true);
	}
	if (cut->first_id != 0)
		turn_step(turn, &(struct event){ .type = EVENT_APPEND_RETRY, .appended = { .id = cut->first_id } });
	log_warn("this datacenter is no longer cut off", "why", why);
	turn->callbacks.isolated(turn->callbacks.context, false);
}

static void end(struct turn *turn, enum isolation_end why)
{
	isolation_stop(&turn->status->isolation, why);
	heal(turn, isolation_end_text(why));
}

const char *turn_isolate(struct turn *turn, const struct isolation_order *order)
{
	struct isolation_status *isolation = &turn->status->isolation;
	if (order->verb == ISOLATION_BEGIN && (!turn->is_open || turn->status->is_draining || core_status(turn->core)->is_recalling))
		return "HOMEPORT ISOLATION this datacenter is starting or stopping (/readyz?verbose): it is not cut off now";
	const char *error = isolation_order(isolation, order, turn->status->settings->limits_isolation_ms, now_ms(turn));
	if (isolation->id != 0 && !turn->cut.is_on)
		cut(turn);
	else if (isolation->id == 0 && turn->cut.is_on)
		heal(turn, isolation_end_text(ISOLATION_HEALED));
	return error;
}

bool turn_is_isolated(const struct turn *turn)
{
	return turn->cut.is_on;
}

void turn_isolation_tick(struct turn *turn)
{
	enum isolation_end why;
	if (turn->cut.is_on && isolation_is_due(&turn->status->isolation, now_ms(turn), &why))
		end(turn, why);
}

void turn_isolation_lose(struct turn *turn)
{
	if (turn->cut.is_on)
		end(turn, ISOLATION_LOST);
}
