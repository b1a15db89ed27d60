/* Turn step: the core's effects, each given to the part of the sidecar that it is meant for (see turn_step.h). */
#include "turn_step.h"

#include "proxy/handler_runs/handler_runs.h"
#include "proxy/ops/logging.h"
#include "turn_errands.h"

#include <assert.h>
#include <stdio.h>

static void group_run(struct turn *turn, const struct effect *group)
{
	turn_groups_add(&turn->groups, group);
	store_group(turn->store, group);
}

static void conflict_log(const struct turn *turn, const struct effect *effect)
{
	log_debug("conflict", "kind", effect->conflict.kind, "rule", effect->conflict.rule,
	          "outcome", outcome_text(effect->conflict.outcome), "origin", turn->status->dcs[effect->conflict.dc],
	          "other", turn->status->dcs[effect->conflict.other_dc], "count", log_number(effect->conflict.count));
}

static void alarm_log(struct turn *turn, const struct effect *effect)
{
	char text[400];
	snprintf(text, sizeof(text), "%.*s", (int)effect->alarm.text.len, effect->alarm.text.ptr);
	turn->status->counters.alarms++;
	log_warn("alarm", "what", text, "dc", turn->status->dcs[effect->alarm.dc]);
}

/* How long remote writes took from their datacenter to here. */
static void visible_observe(struct turn *turn, const struct effect *effect)
{
	uint64_t now_ms = turn_clock_now(turn->clock)->unix_ms;
	uint64_t lag_ms = now_ms > effect->visible.written_ms ? now_ms - effect->visible.written_ms : 0;
	histogram_observe(&turn->status->counters.replication_latency[effect->visible.dc], lag_ms * 1000, effect->visible.writes);
}

void turn_refuse(struct turn *turn, uint64_t token, struct slice error)
{
	if (turn_errands_are_meant(token))
		turn_errands_end(turn->errands, token, ERRAND_REFUSED, error);
	else
		turn->callbacks.refused(turn->callbacks.context, token, error);
}

void turn_answer(struct turn *turn, uint64_t token, struct slice reply)
{
	if (turn_errands_are_meant(token))
		turn_errands_end(turn->errands, token, ERRAND_ANSWERED, reply);
	else
		turn->callbacks.answered(turn->callbacks.context, token, reply);
}

static void refusal_run(struct turn *turn, const struct effect *effect)
{
	uint64_t token = effect->refuse.token;
	if (effect->refuse.mistake > 0 && !turn_errands_are_meant(token))
		turn->callbacks.mistaken(turn->callbacks.context, token, effect->refuse.mistake - 1, effect->refuse.error);
	else
		turn_refuse(turn, token, effect->refuse.error);
}

/* What the core wants of a log, but for appending. */
static void log_run(struct log *log, const struct effect *effect)
{
	if (effect->type == EFFECT_FOLLOW)
		log->class->follow(log, effect->log.position);
	else if (effect->type == EFFECT_UNFOLLOW)
		log->class->unfollow(log);
	else if (effect->type == EFFECT_TRIM)
		log->class->trim(log, effect->log.position);
	else
		log->class->pause(log, effect->type == EFFECT_PAUSE);
}

static void effect_run(struct turn *turn, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_GROUP: group_run(turn, effect); return;
	case EFFECT_REFUSE: refusal_run(turn, effect); return;
	case EFFECT_REPLY: turn_answer(turn, effect->reply.token, effect->reply.bytes); return;
	case EFFECT_APPEND:
		if (turn_cut_takes(&turn->cut, effect))
			return;
		turn->status->counters.shipped_bytes += effect->append.bytes.len;
		turn->logs[0]->class->append(turn->logs[0], effect->append.id, effect->append.bytes, effect->append.passes_limit);
		return;
	case EFFECT_CONFLICT: conflict_log(turn, effect); return;
	case EFFECT_VISIBLE: visible_observe(turn, effect); return;
	case EFFECT_REOPEN: turn->is_reopening = true; return;
	case EFFECT_HANDLE: handler_runs_add(turn->handler_runs, effect); return;
	case EFFECT_AWAY: turn->callbacks.away(turn->callbacks.context, effect); return;
	case EFFECT_HELD: turn->callbacks.held(turn->callbacks.context, effect->held.token); return;
	case EFFECT_HOME: turn->callbacks.rehomed(turn->callbacks.context, effect); return;
	case EFFECT_ALARM: alarm_log(turn, effect); return;
	case EFFECT_FOLLOW:
	case EFFECT_UNFOLLOW:
	case EFFECT_PAUSE:
	case EFFECT_RESUME:
	case EFFECT_TRIM:
		if (!turn_cut_takes(&turn->cut, effect))
			log_run(turn->logs[effect->log.dc], effect);
		return;
	}
}

void turn_step(struct turn *turn, struct event *event)
{
	assert(!turn->is_stepping);
	turn->is_stepping = true;
	event->now_ms = turn_clock_now(turn->clock)->unix_ms;
	event->steady_ms = turn_clock_now(turn->clock)->steady_us / 1000;
	core_step(turn->core, event, &turn->effects);
	for (unsigned i = 0; i < turn->effects.count; i++)
		effect_run(turn, &turn->effects.items[i]);
	turn->is_stepping = false;
}
