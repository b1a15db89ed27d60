/* Sidecar: the shell around one core, as turn.c is in the daemon. Events go in, effects are run in order. */
#include "proxy/core/commands/command.h"
#include "proxy/core/wire/record.h"
#include "full_store.h"
#include "sidecar.h"
#include "store_memory.h"
#include "world_clocks.h"
#include "world_homes.h"
#include "world_rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ---- */

void sidecar_step(struct world *world, struct dc *dc, struct event *event)
{
	if (dc->core == NULL)
		return;
	event->now_ms = world_clock_ms(world, dc);
	event->steady_ms = world_steady_ms(world, dc);
	core_step(dc->core, event, &dc->effects);
	for (unsigned i = 0; i < dc->effects.count; i++)
		sidecar_run_effect(world, dc, &dc->effects.items[i]);
	core_check(dc->core);
	dc->has_lost_metadata |= core_has_lost_metadata(dc->core);
	if (dc->is_open && !dc->is_lost_unseen && (event->type == EVENT_TICK || event->type == EVENT_ANSWERED || event->type == EVENT_TURN_ENDED))
		world_judge_freshness(world, dc);
	if (dc->is_open && !dc->is_lost_unseen)
		auditor_ordered(world->auditor, dc->index, core_entries_until_ms(dc->core), core_status(dc->core)->is_recalling);
	if (event->type == EVENT_TURN_ENDED || dc->is_turn_planned)
		return;
	dc->is_turn_planned = true;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_TURN, .dc = dc->index, .generation = dc->life }, dice_below(&world->dice, 300));
}

void sidecar_turn(struct world *world, struct dc *dc)
{
	dc->is_turn_planned = false;
	sidecar_step(world, dc, &(struct event){ .type = EVENT_TURN_ENDED });
}

void sidecar_tick(struct world *world, struct dc *dc)
{
	if (dc->is_store_up)
		sim_store_expire(dc->store, world_clock_ms(world, dc));
	sidecar_step(world, dc, &(struct event){ .type = EVENT_TICK });
}

void sidecar_request(struct world *world, struct dc *dc, const struct client_request *request)
{
	struct request commands[REQUEST_COMMANDS_MAX];
	const struct command *rows[REQUEST_COMMANDS_MAX];
	struct event event = { .type = EVENT_REQUEST };

	for (unsigned i = 0; i < request->count; i++) {
		const struct client_command *command = &request->commands[i];

		commands[i] = (struct request){ .argv = (struct slice *)(uintptr_t)command->argv, .argc = command->argc };
		rows[i] = command_find(command->argc, command->argv);
		assert(rows[i] != NULL);
		trace_line(world->trace, dc->index, "request %llu db %u: %s", (unsigned long long)request->token, request->db,
		           trace_command(command->argc, command->argv));
	}
	event.request.token = request->token;
	event.request.db = request->db;
	event.request.protocol = request->protocol;
	event.request.commands = commands;
	event.request.rows = rows;
	event.request.count = request->count;
	event.request.is_transaction = request->is_transaction;
	event.request.guard = request->is_guarded;
	event.request.is_forwarded = request->is_forwarded;
	event.request.forwarded_epoch = request->forwarded_epoch;
	if (world->plan.has_all_rules)
		event.request.client = slice_of(world_dc_names[dc->index]);
	sidecar_step(world, dc, &event);
}

void sidecar_new_rules(struct world *world, struct dc *dc)
{
	struct event event = { .type = EVENT_RULES };

	if (dc->has_new_rules)
		return;
	dc->has_new_rules = true;
	trace_line(world->trace, dc->index, "the rules change");
	event.rules.rules = world_rules(true, &event.rules.count);
	sidecar_step(world, dc, &event);
}

void sidecar_handler_ended(struct world *world, struct dc *dc, uint64_t index)
{
	const struct handling *handling = &world->handlings.items[index];
	struct event event = { .type = EVENT_HANDLED };

	event.handled.id = handling->id;
	event.handled.is_done = handling->is_done;
	event.handled.value = pool_text(world->pool, handling->value);
	event.handled.error = slice_of(handling->is_done ? "" : "the handler looped");
	trace_line(world->trace, dc->index, "handler %llu %s %s", (unsigned long long)handling->id, handling->is_done ? "gives" : "fails instead of",
	           event.handled.value.ptr);
	sidecar_step(world, dc, &event);
}

/* ---- start and stop ---- */

static uint64_t limit_or(uint64_t limit, uint64_t otherwise)
{
	return limit > 0 ? limit : otherwise;
}

static struct core *core_start(const struct world *world, const struct dc *dc)
{
	unsigned rule_count;
	const struct core_rule *rules = world_rules(dc->has_new_rules, &rule_count);
	const char *dcs[WORLD_DCS_MAX];
	const char *error = NULL;
	struct core_options options = {
		.dcs = dcs, .dc_count = world->plan.dc_count, .rules = rules, .rule_count = rule_count, .databases = SIM_DATABASES,
		.reserved_db = SIM_RESERVED_DB, .heartbeat_ms = 500, .drift_ms_max = 500, .quarantine_ms = 3600000,
		.message_bytes_max = world->plan.message_bytes_max,
		.inbox_bytes_max = limit_or(world->plan.limits.inbox_bytes, 64 << 20), .outbox_bytes_max = limit_or(world->plan.limits.outbox_bytes, 256 << 20),
		.metadata_bytes_max = limit_or(world->plan.limits.metadata_bytes, 1 << 30), .group_commands_max = 64,
		.elements_per_turn = world->plan.elements_per_turn > 0 ? world->plan.elements_per_turn : 4096,
		.forget_per_turn = world->plan.forget_per_turn > 0 ? world->plan.forget_per_turn : 10000,
		.is_log_in_store = world->plan.has_log_in_store,
		.is_listing_conflicts = true, .record_value_bytes_max = world->plan.limits.value_bytes_max > 0 ? 1 << 20 : 256, .records_max = 100000, .records_bytes_max = UINT64_C(1) << 28, .records_age_ms_max = UINT64_C(7) * 86400000,
		.incarnations_max = (uint32_t)limit_or(world->plan.limits.incarnations, CORE_INCARNATIONS_MAX),
		.siblings_max = SIM_SIBLINGS_MAX, .waits_max = 100, .handler_retry_ms = 200, .handler_retry_ms_max = 5000,
	};
	struct core *core;

	if (world->plan.has_homes) {
		options.homes = world_homes(world->plan.has_first_homes, &options.home_count);
		options.held_bytes_max = 64 << 20;
		options.hold_ms_max = 1000;
	}
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		dcs[i] = world_dc_names[world_global_index(dc, i)];
	core = core_new(&options, &error);
	if (core == NULL) {
		fprintf(stderr, "the core refuses its options: %s\n", error);
		abort();
	}
	return core;
}

void sidecar_start(struct world *world, struct dc *dc)
{
	assert(dc->core == NULL);
	trace_line(world->trace, dc->index, "sidecar starts");
	dc->core = core_start(world, dc);
	dc->life++;
	dc->started_us = world->now_us;
	dc->is_turn_planned = false;
	log_limit_look(world, dc);
	if (dc->is_store_up)
		connection_retry(world, dc);
}

/* Some of what is on its way to the log still gets there. */
static void appends_drop(struct world *world, struct dc *dc)
{
	uint64_t landing = dice_below(&world->dice, sim_log_landing(&dc->log) + 1);

	while (!dc->is_log_cut && landing-- > 0)
		log_land(world, dc);
	sim_log_drop_appends(&dc->log);
	dc->log_generation++;
	log_limit_forget(world, dc);
}

void sidecar_crash(struct world *world, struct dc *dc)
{
	if (dc->core == NULL)
		return;
	trace_line(world->trace, dc->index, "sidecar crashes");
	connection_break(world, dc);
	appends_drop(world, dc);
	auditor_sidecar_crashed(world->auditor, dc->index);
	client_home_count(world, dc);
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		dc->followers[i].is_active = false;
		dc->followers[i].is_planned = false;
		dc->followers[i].generation++;
	}
	core_free(dc->core);
	dc->core = NULL;
	client_home_lost(world, dc);
	dc->life++;
}

/* ---- the connection to the store ---- */

/* The connection stands: what was in flight on an older one is gone for good. */
void connection_retry(struct world *world, struct dc *dc)
{
	dc->connection++;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_OPENED, .dc = dc->index, .generation = dc->connection },
	                1000 + dice_below(&world->dice, 20000));
}

static void run_next_group(struct world *world, struct dc *dc)
{
	struct lane_group *group = lane_next(&dc->lane);
	uint64_t before = full_store_bytes(dc);
	const char *wrong;

	group->is_executed = true;
	group->error = full_store_refusal(dc, group);
	if (group->error != NULL) {
		group->is_refused = true;
		dc->refused_ids[dc->refused_count++ % REFUSED_KEPT] = group->id;
		trace_line(world->trace, dc->index, "store refuses group %llu: %s", (unsigned long long)group->id, group->error);
		return;
	}
	dc->running = group;
	dc->is_adding = dc->is_removing = false;
	trace_line(world->trace, dc->index, "store runs group %llu", (unsigned long long)group->id);
	auditor_group_begins(world->auditor, dc->index, group);
	if (world->plan.has_homes)
		auditor_homes_before(world->auditor, dc->index, dc->store);
	world->busy = dc;
	wrong = sim_store_execute(dc->store, group->bytes, group->protocol == 0 ? 2 + (unsigned)(group->id % 2) : group->protocol,
	                          world_clock_ms(world, dc), &group->replies);
	world->busy = NULL;
	if (wrong != NULL)
		auditor_find(world->auditor, "dc %u: %s: %s", dc->index, wrong, trace_bytes(group->bytes));
	else if (group->replies.count != group->reply_count)
		auditor_find(world->auditor, "dc %u: the core says that a group has %u commands; it has %u", dc->index, group->reply_count,
		             group->replies.count);
	auditor_group_ends(world->auditor, dc->index, group, sim_store_journal(dc->store));
	full_store_judge(world, dc, group, before);
	dc->running = NULL;
}

void connection_break(struct world *world, struct dc *dc)
{
	uint64_t running = dice_below(&world->dice, lane_unexecuted(&dc->lane) + 1);

	if (!dc->is_open) {
		dc->connection++;
		return;
	}
	trace_line(world->trace, dc->index, "connection to the store breaks");
	while (dc->is_store_up && running-- > 0)
		run_next_group(world, dc);
	auditor_connection_broke(world->auditor, dc->index);
	lane_break(&dc->lane);
	dc->is_open = false;
	dc->connection++;
	dc->group_us = 0;
	dc->answer_us = 0;
}

void sidecar_open(struct world *world, struct dc *dc)
{
	char run_id[48], store_id[48];
	struct store_memory memory;
	struct event event = store_memory_read(world, dc, &memory);
	uint64_t clock_us = world_clock_ms(world, dc) * 1000;

	dc->nonce = clock_us > dc->nonce ? clock_us : dc->nonce + 1;
	snprintf(run_id, sizeof(run_id), "%s-run-%u", world_dc_names[dc->index], dc->run);
	if (event.opened.parts != CORE_PARTS_ALL && !event.opened.is_data_there) {
		auditor_store_rewound(world->auditor, dc->index, 0);
		dc->journal_floor = sim_store_journal(dc->store);
	}
	event.opened.run_id = slice_of(run_id);
	event.opened.nonce = dc->nonce;
	dc->stores += event.opened.position_count == 0;
	snprintf(store_id, sizeof(store_id), "%s-store-%u", world_dc_names[dc->index], dc->stores);
	event.opened.store_id = slice_of(store_id);
	trace_line(world->trace, dc->index, "connected to store run %u: %u positions, %u outbox entries, %u episodes", dc->run, event.opened.position_count,
	           event.opened.outbox_count, event.opened.episode_count);
	dc->is_open = true;
	if (dc->is_lost_unseen)
		auditor_store_doubted(world->auditor, dc->index, false);
	dc->is_lost_unseen = false;
	if (world->plan.has_homes) {
		struct event homes = store_memory_homes(world, dc, &memory);

		sidecar_step(world, dc, &homes);
	}
	sidecar_step(world, dc, &event);
	store_memory_free(&memory);
}

void lane_deliver_group(struct world *world, struct dc *dc)
{
	uint64_t answer_us = world->now_us + sidecar_lane_us(world);
	unsigned flips = auditor_flips(world->auditor);

	run_next_group(world, dc);
	client_home_strike(world, dc, auditor_flips(world->auditor) > flips);
	dc->answer_us = answer_us > dc->answer_us ? answer_us : dc->answer_us;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_ANSWER, .dc = dc->index, .generation = dc->connection },
	                dc->answer_us - world->now_us);
}

/* The outbox was deleted: the store adds nothing, and answers nil. */
static bool has_lost_entry(const struct lane_group *group)
{
	struct slice id;

	if (!group->has_entry || group->is_refused)
		return false;
	id = sim_replies_at(&group->replies, group->entry_reply);
	return id.ptr[0] != '$' || id.ptr[1] == '-';
}

void lane_deliver_answer(struct world *world, struct dc *dc)
{
	struct lane_group *group = lane_take_answer(&dc->lane);
	struct slice *replies = memory_new((group->replies.count + 1) * sizeof(*replies));
	struct event event = { .type = EVENT_ANSWERED };

	for (unsigned i = 0; i < group->replies.count; i++)
		replies[i] = sim_replies_at(&group->replies, i);
	event.answered.id = group->id;
	event.answered.replies = group->is_refused ? NULL : replies;
	event.answered.reply_count = group->replies.count;
	if (group->is_refused)
		event.answered.error = slice_of(group->error);
	trace_line(world->trace, dc->index, "group %llu answered", (unsigned long long)group->id);
	if (has_lost_entry(group))
		auditor_group_dropped(world->auditor, dc->index);
	else
		auditor_group_answered(world->auditor, dc->index, group);
	sidecar_step(world, dc, &event);
	memory_free(replies);
	lane_group_free(group);
}

/* ---- logs ---- */

void log_land(struct world *world, struct dc *dc)
{
	if (!sim_log_land(&dc->log, (struct sim_mark){ sim_store_journal(dc->store), world->now_us }))
		return;
	if (world->trace->is_on)
		trace_line(world->trace, dc->index, "log %u: %s", dc->log.count - 1, trace_message(dc->log.messages[dc->log.count - 1]));
	auditor_log_landed(world->auditor, dc->index, dc->log.messages[dc->log.count - 1]);
	log_limit_look(world, dc);
	log_wake_followers(world, dc->index);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_APPENDED, .dc = dc->index, .generation = dc->log_generation },
	                100 + dice_below(&world->dice, 2000));
}

/* Its log was down with its store. */
void log_come_back(struct world *world, struct dc *dc)
{
	struct event event = { .type = EVENT_APPEND_RETRY };

	if (!dc->is_log_cut)
		return;
	trace_line(world->trace, dc->index, "its log takes appends again");
	dc->is_log_cut = false;
	dc->log_generation++;
	log_wake_followers(world, dc->index);
	event.appended.id = sim_log_drop_appends(&dc->log);
	if (event.appended.id != 0)
		sidecar_step(world, dc, &event);
}

void log_acknowledge(struct world *world, struct dc *dc)
{
	struct event event = { .type = EVENT_APPENDED };

	if (dc->is_log_cut || !sim_log_acknowledge(&dc->log, &event.appended.id, &event.appended.position))
		return;
	sidecar_step(world, dc, &event);
}

void log_go_on(struct world *world, struct dc *dc)
{
	struct event event = { .type = EVENT_APPEND_RETRY };

	if (log_limit_go_on(world, dc, &event.appended.id))
		sidecar_step(world, dc, &event);
}

/* A DC whose store never forgot anything has told the log's owner from where it would read. */
static void lost_position(struct world *world, const struct dc *dc, unsigned origin)
{
	if (world->plan.limits.log_bytes > 0 && !dc->is_rolled_back && !world->dcs[origin].is_truncated)
		auditor_find(world->auditor, "the log of %s was trimmed of what %s would have read", world_dc_names[origin], world_dc_names[dc->index]);
}

void log_deliver(struct world *world, struct dc *dc, unsigned origin)
{
	struct follower *follower = &dc->followers[origin];
	const struct sim_log *log = &world->dcs[origin].log;
	struct event event = { .type = EVENT_BATCH };

	follower->is_planned = false;
	while (follower->cursor >= log->start && follower->cursor < log->count && log->messages[follower->cursor].ptr == NULL)
		follower->cursor++;
	if (follower->is_cut || follower->is_paused || world->dcs[origin].is_log_cut || follower->cursor >= log->count)
		return;
	/* What was delivered once may be trimmed before it is delivered again. */
	if (follower->is_again && world->plan.limits.log_bytes > 0 && follower->cursor < log->start)
		follower->cursor = log->start;
	if (follower->cursor < log->start) {
		trace_line(world->trace, dc->index, "log of %s no longer has message %u", world_dc_names[origin], follower->cursor);
		lost_position(world, dc, origin);
		follower->is_active = false;
		event.type = EVENT_LOG_LOST_POSITION;
		event.log.dc = world_local_index(dc, origin);
		sidecar_step(world, dc, &event);
		return;
	}
	if (follower->is_at_beginning && follower->cursor > log->first) {
		trace_line(world->trace, dc->index, "log of %s no longer has its beginning", world_dc_names[origin]);
		sidecar_step(world, dc, &(struct event){ .type = EVENT_LOG_LOST_BEGINNING, .log = { .dc = world_local_index(dc, origin) } });
	}
	follower->is_at_beginning = false;
	event.batch.dc = world_local_index(dc, origin);
	event.batch.position = follower->cursor;
	event.batch.bytes = log->messages[follower->cursor++];
	if (follower->cursor > dc->read_most[origin])
		dc->read_most[origin] = follower->cursor;
	sidecar_step(world, dc, &event);
	follower_plan(world, dc, origin);
	log_limit_tell(world, dc, origin);
}
