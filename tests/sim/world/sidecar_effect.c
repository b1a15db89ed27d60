/* Sidecar, its effects: what a core asks for, carried out over lanes and logs. */
#include "client_memory.h"
#include "full_store.h"
#include "sidecar.h"
#include "sim_handler.h"
#include "world_homes.h"

#include <string.h>

static unsigned local_dcs(const struct world *world, const struct dc *dc, unsigned *dc_of_local)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		dc_of_local[i] = world_global_index(dc, i);
	return world->plan.dc_count;
}

uint64_t sidecar_lane_us(struct world *world)
{
	return dice_chance(&world->dice, 10) ? dice_below(&world->dice, 20000) : 50 + dice_below(&world->dice, 400);
}

static void lane_send_group(struct lane *lane, const struct effect *effect)
{
	struct buffer room = { 0 };
	struct lane_group group = {
		.id = effect->group.id, .protocol = effect->group.protocol, .bytes = effect_group_bytes(effect, &room), .reply_count = effect->group.reply_count,
		.is_for_full = effect->group.is_for_full, .has_entry = effect->group.has_entry, .entry_reply = effect->group.entry_reply, .slot_count = effect->group.slot_count, .slots = memory_new((effect->group.slot_count + 1) * sizeof(*group.slots)),
	};

	for (unsigned i = 0; i < group.slot_count; i++)
		group.slots[i] = (struct lane_slot){ effect->group.slots[i].token, effect->group.slots[i].reply, effect->group.slots[i].request };
	lane_send(lane, &group);
	buffer_free(&room);
	memory_free(group.slots);
}

static void run_group(struct world *world, struct dc *dc, const struct effect *effect)
{
	uint64_t arrival_us = world->now_us + sidecar_lane_us(world);

	trace_line(world->trace, dc->index, "group %llu sent, %u commands", (unsigned long long)effect->group.id, effect->group.reply_count);
	if (!dc->is_open) {
		auditor_find(world->auditor, "dc %u: the core sends a group while its store is not connected", dc->index);
		return;
	}
	lane_send_group(&dc->lane, effect);
	for (unsigned i = 0; i < effect->group.slot_count; i++)
		requests_find(&world->requests, effect->group.slots[i].token)->is_under_way = true;
	dc->group_us = arrival_us > dc->group_us ? arrival_us : dc->group_us;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_GROUP, .dc = dc->index, .generation = dc->connection },
	                dc->group_us - world->now_us);
}

static void plan_landing(struct world *world, struct dc *dc)
{
	uint64_t landing_us = world->now_us + 100 + dice_below(&world->dice, 2000);

	dc->landing_us = landing_us > dc->landing_us ? landing_us : dc->landing_us;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_LANDED, .dc = dc->index, .generation = dc->log_generation },
	                dc->landing_us - world->now_us);
}

static void run_append(struct world *world, struct dc *dc, const struct effect *effect)
{
	if (log_limit_drops(world, dc, effect->append.id, effect->append.passes_limit)) {
		log_limit_look(world, dc);
		return;
	}
	sim_log_append(&dc->log, effect->append.id, effect->append.bytes);
	if (!dc->is_log_cut)
		plan_landing(world, dc);
	log_limit_look(world, dc);
}

void log_resume_appends(struct world *world, struct dc *dc)
{
	dc->log_generation++;
	for (unsigned i = sim_log_landing(&dc->log); i > 0; i--)
		plan_landing(world, dc);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_APPENDED, .dc = dc->index, .generation = dc->log_generation }, 500);
}

void follower_plan(struct world *world, struct dc *dc, unsigned origin)
{
	struct follower *follower = &dc->followers[origin];
	const struct dc *source = &world->dcs[origin];
	uint64_t latency_us;

	if (!follower->is_active || follower->is_paused || follower->is_cut || follower->is_planned || source->is_log_cut)
		return;
	if (follower->cursor >= source->log.count)
		return;
	/* A DC's own log is near. */
	latency_us = origin == dc->index && world->plan.link_us_max > 5000 ? 5000 : world->plan.link_us_max;
	follower->is_planned = true;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_DELIVERY, .dc = dc->index, .generation = follower->generation, .a = origin },
	                20 + dice_below(&world->dice, latency_us));
}

void log_wake_followers(struct world *world, unsigned origin)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		follower_plan(world, &world->dcs[i], origin);
		log_limit_tell(world, &world->dcs[i], origin);
	}
}

static void follow(struct world *world, struct dc *dc, unsigned origin, int64_t position)
{
	struct follower *follower = &dc->followers[origin];
	bool is_cut = follower->is_cut;

	trace_line(world->trace, dc->index, "follows log of %s after %lld", world_dc_names[origin], (long long)position);
	*follower = (struct follower){ .is_active = true, .is_cut = is_cut, .generation = follower->generation + 1 };
	follower->is_at_beginning = position == POSITION_BEGIN;
	follower->cursor = position == POSITION_BEGIN ? world->dcs[origin].log.start : (unsigned)(position + 1);
	follower_plan(world, dc, origin);
}

static void run_log_effect(struct world *world, struct dc *dc, const struct effect *effect)
{
	unsigned origin = world_global_index(dc, effect->log.dc);
	struct follower *follower = &dc->followers[origin];

	switch (effect->type) {
	case EFFECT_FOLLOW:
		follow(world, dc, origin, effect->log.position);
		break;
	case EFFECT_UNFOLLOW:
		*follower = (struct follower){ .is_cut = follower->is_cut, .generation = follower->generation + 1 };
		break;
	case EFFECT_PAUSE:
		follower->is_paused = true;
		world->limits_met.paused_logs++;
		break;
	case EFFECT_RESUME:
		follower->is_paused = false;
		follower_plan(world, dc, origin);
		log_limit_tell(world, dc, origin);
		break;
	case EFFECT_TRIM:
		/* A log without a limit keeps what all have applied, as history for stores that come back from a snapshot. */
		if (origin == dc->index)
			log_limit_applied(world, dc, effect->log.position);
		else
			log_limit_restart_at(world, dc, origin, effect->log.position);
		break;
	default:
		break;
	}
}

static bool is_naming(struct slice error, const char *setting)
{
	return memmem(error.ptr, error.len, setting, strlen(setting)) != NULL;
}

static void run_refusal(struct world *world, const struct dc *dc, const struct effect *effect)
{
	struct client_request *request = requests_find(&world->requests, effect->refuse.token);

	request->state = REQUEST_REFUSED;
	full_store_judge_refusal(world, dc, request, effect->refuse.error);
	world->limits_met.full_outboxes += is_naming(effect->refuse.error, "(limits.outbox)");
	world->limits_met.full_metadata += is_naming(effect->refuse.error, "(limits.metadata)");
	trace_line(world->trace, dc->index, "request %llu refused: %.*s", (unsigned long long)effect->refuse.token,
	           (int)effect->refuse.error.len, effect->refuse.error.ptr);
}

static void run_conflict(struct world *world, const struct dc *dc, const struct effect *effect)
{
	unsigned dc_of_local[WORLD_DCS_MAX];

	local_dcs(world, dc, dc_of_local);
	trace_line(world->trace, dc->index, "conflict on %.*s %.*s (%s, %s): %s %llu with %u of %s, first %llu", (int)effect->conflict.key.len,
	           effect->conflict.key.ptr, (int)effect->conflict.element.len, effect->conflict.element.ptr, effect->conflict.kind,
	           effect->conflict.rule, world_dc_names[dc_of_local[effect->conflict.dc]], (unsigned long long)effect->conflict.seq,
	           effect->conflict.count, world_dc_names[dc_of_local[effect->conflict.other_dc]],
	           (unsigned long long)effect->conflict.other_seqs[0]);
	auditor_conflict(world->auditor, dc->index, &(struct told_conflict){
		.dc = dc_of_local[effect->conflict.dc], .incarnation = effect->conflict.incarnation, .seq = effect->conflict.seq,
		.other_dc = dc_of_local[effect->conflict.other_dc], .other_incarnation = effect->conflict.other_incarnation,
		.other_seqs = effect->conflict.other_seqs, .count = effect->conflict.count,
	});
}

static void run_handle(struct world *world, struct dc *dc, const struct effect *effect)
{
	struct told_version *versions = memory_new((effect->handle.count + 1) * sizeof(*versions));

	for (unsigned i = 0; i < effect->handle.count; i++) {
		const struct handle_version *version = &effect->handle.versions[i];

		versions[i] = (struct told_version){ version->dc, version->incarnation, version->seq, version->is_present, version->value };
	}
	auditor_handle(world->auditor, dc->index, &(struct told_handling){
		.db = effect->handle.db, .key = effect->handle.key, .element = effect->handle.element, .versions = versions, .count = effect->handle.count,
	}, world->plan.fault_events == 0 && !world->plan.has_resolves);
	memory_free(versions);
	sim_handler_asked(world, dc, effect);
}

void sidecar_run_effect(struct world *world, struct dc *dc, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_GROUP:
		run_group(world, dc, effect);
		break;
	case EFFECT_APPEND:
		run_append(world, dc, effect);
		break;
	case EFFECT_REFUSE:
		run_refusal(world, dc, effect);
		break;
	case EFFECT_CONFLICT:
		run_conflict(world, dc, effect);
		break;
	case EFFECT_ALARM:
		trace_line(world->trace, dc->index, "alarm: %.*s", (int)effect->alarm.text.len, effect->alarm.text.ptr);
		dc->alarms++;
		break;
	case EFFECT_VISIBLE:
	case EFFECT_HOME:
		break;
	case EFFECT_AWAY:
		client_home_away(world, dc, effect);
		break;
	case EFFECT_HELD:
		trace_line(world->trace, dc->index, "request %llu is held", (unsigned long long)effect->held.token);
		world->homes_met.held++;
		break;
	case EFFECT_HANDLE:
		run_handle(world, dc, effect);
		break;
	case EFFECT_REPLY:
		client_ask_replied(world, dc, effect->reply.token, effect->reply.bytes);
		break;
	case EFFECT_REOPEN:
		trace_line(world->trace, dc->index, "the core wants a new connection to the store");
		world_plan_next(world, &(struct happening){ .type = HAPPENING_REOPEN, .dc = dc->index, .generation = dc->connection }, 100);
		break;
	default:
		run_log_effect(world, dc, effect);
		break;
	}
}
