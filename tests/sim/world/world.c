/* World: the course of a run. */
#include "full_store.h"
#include "sidecar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client_ask.h"
#include "client_home.h"
#include "client_session.h"
#include "generator.h"
#include "world_homes.h"
#include "world_rules.h"

#define TICK_US 100000
#define TORN_US 2000000              /* so long it takes until somebody does what is asked for */

/* ---- the store's observer ---- */

static void store_executed(void *context, const struct sim_executed *executed)
{
	struct world *world = context;

	full_store_judge_command(world, world->busy, executed);
	trace_line(world->trace, world->busy->index, "    %s  ->  %s", trace_command(executed->argc, executed->argv), trace_bytes(executed->reply));
	auditor_command_ran(world->auditor, world->busy->index, world->busy->store, executed);
}

static void store_expired(void *context, uint32_t db, uint32_t key)
{
	struct world *world = context;
	struct dc *dc = world->busy;

	trace_line(world->trace, dc->index, "    expired: %s", pool_text(world->pool, key).ptr);
	auditor_expired(world->auditor, dc->index, db, key);
	if (dc->fault_until_us[FAULT_EXPIRY] < world->now_us + 100000)
		dc->fault_until_us[FAULT_EXPIRY] = world->now_us + 100000;
	if (dc->is_open)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_EXPIRED, .dc = dc->index, .generation = dc->connection, .a = db, .b = key },
		                50 + dice_below(&world->dice, 3000));
	else
		auditor_expiry_lost(world->auditor, db, key);
}

static void notification_arrives(struct world *world, struct dc *dc, const struct happening *happening)
{
	struct event event = { .type = EVENT_EXPIRED };

	if (happening->generation != dc->connection || !dc->is_open) {
		auditor_expiry_lost(world->auditor, (uint32_t)happening->a, (uint32_t)happening->b);
		return;
	}
	event.expired.db = (uint32_t)happening->a;
	event.expired.key = pool_text(world->pool, (uint32_t)happening->b);
	sidecar_step(world, dc, &event);
}

/* ---- what is due ---- */

static void load_arrives(struct world *world, struct dc *dc)
{
	if (world->is_ending || world->requests_left == 0)
		return;
	for (unsigned burst = 1 + (unsigned)dice_below(&world->dice, 4); burst > 0 && world->requests_left > 0; burst--) {
		world->requests_left--;
		if (world->plan.has_homes && dice_chance(&world->dice, 12))
			client_home_send(world, dc);
		else if (world->plan.has_sessions && dice_chance(&world->dice, 30))
			client_session_send(world, dc);
		else if (world->plan.has_contexts && dice_chance(&world->dice, 30))
			client_ask_send(world, dc);
		else
			generator_send(world, dc);
	}
	world_plan_next(world, &(struct happening){ .type = HAPPENING_LOAD, .dc = dc->index },
	                1 + dice_below(&world->dice, 2 * world->plan.load_us * world->plan.dc_count * 5 / 2 / (world->plan.operations + 1)));
}

/* Somebody has to remove the data of a store whose reserved database is not whole, once the sidecar says that it has shipped what was left to ship. */
static void look_after(struct world *world, struct dc *dc)
{
	const struct core_status *status = dc->core != NULL && dc->is_open ? core_status(dc->core) : NULL;
	bool is_waiting = status != NULL && status->lost_parts != 0 && strcmp(status->recovery, "torn") == 0 && status->outbox_events == 0;

	if (!is_waiting)
		dc->torn_us = 0;
	else if (dc->torn_us == 0)
		dc->torn_us = world->now_us;
	else if (world->now_us - dc->torn_us > TORN_US && dc->is_store_up)
		fault_flush(world, dc);
}

static void tick_arrives(struct world *world, struct dc *dc)
{
	world->busy = dc;
	sidecar_tick(world, dc);
	world->busy = NULL;
	look_after(world, dc);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_TICK, .dc = dc->index }, TICK_US - dice_below(&world->dice, 20000));
}

static void fault_arrives(struct world *world)
{
	if (!world->is_ending)
		fault_strike(world);
}

/* Things that belong to a connection, a process or a log's producer that is gone are void. */
static bool is_void(const struct dc *dc, const struct happening *happening)
{
	switch (happening->type) {
	case HAPPENING_GROUP:
	case HAPPENING_ANSWER:
	case HAPPENING_OPENED:
	case HAPPENING_REOPEN:
		return happening->generation != dc->connection;
	case HAPPENING_TURN:
	case HAPPENING_HANDLED:
	case HAPPENING_ROOM:
		return happening->generation != dc->life;
	case HAPPENING_LOG_BACK:
		return happening->generation != dc->run || !dc->is_store_up;
	case HAPPENING_LANDED:
	case HAPPENING_APPENDED:
		return happening->generation != dc->log_generation || dc->is_log_cut;
	case HAPPENING_DELIVERY:
		return happening->generation != dc->followers[happening->a].generation;
	default:
		return false;
	}
}

static void log_dispatch(struct world *world, struct dc *dc, const struct happening *happening)
{
	if (happening->type == HAPPENING_LANDED)
		log_land(world, dc);
	else if (happening->type == HAPPENING_APPENDED)
		log_acknowledge(world, dc);
	else if (happening->type == HAPPENING_DELIVERY)
		log_deliver(world, dc, (unsigned)happening->a);
	else if (happening->type == HAPPENING_LOG_BACK)
		log_come_back(world, dc);
	else if (happening->type == HAPPENING_TOLD)
		log_limit_told(world, dc, happening);
	else
		log_go_on(world, dc);
}

static void world_dispatch(struct world *world, const struct happening *happening)
{
	struct dc *dc = &world->dcs[happening->dc];

	if (is_void(dc, happening))
		return;
	switch (happening->type) {
	case HAPPENING_LOAD:
		load_arrives(world, dc);
		break;
	case HAPPENING_TURN:
		sidecar_turn(world, dc);
		break;
	case HAPPENING_TICK:
		tick_arrives(world, dc);
		break;
	case HAPPENING_GROUP:
		lane_deliver_group(world, dc);
		break;
	case HAPPENING_ANSWER:
		lane_deliver_answer(world, dc);
		break;
	case HAPPENING_EXPIRED:
		notification_arrives(world, dc, happening);
		break;
	case HAPPENING_LANDED:
	case HAPPENING_APPENDED:
	case HAPPENING_DELIVERY:
	case HAPPENING_TOLD:
	case HAPPENING_ROOM:
	case HAPPENING_LOG_BACK:
		log_dispatch(world, dc, happening);
		break;
	case HAPPENING_HANDLED:
		sidecar_handler_ended(world, dc, happening->a);
		break;
	case HAPPENING_OPENED:
		sidecar_open(world, dc);
		break;
	case HAPPENING_REOPEN:
		fault_strike_at(world, dc, FAULT_CONNECTION_LOSS);
		break;
	case HAPPENING_AWAY:
		client_home_arrives(world, dc, happening->a, happening->b);
		break;
	case HAPPENING_SIDECAR_START:
		if (dc->core == NULL)
			sidecar_start(world, dc);
		break;
	case HAPPENING_STORE_START:
		fault_store_start(world, dc, happening->a != 0);
		break;
	case HAPPENING_STRIKE:
		fault_strike_at(world, dc, (enum fault)happening->a);
		break;
	case HAPPENING_FAULT:
		fault_arrives(world);
		break;
	case HAPPENING_HEAL:
		fault_heal(world, dc, (enum fault)happening->a, (unsigned)happening->b);
		break;
	}
}

static void world_run_until(struct world *world, uint64_t until_us)
{
	struct happening happening;

	while (auditor_findings(world->auditor) < 20 && happenings_take(&world->happenings, &happening)) {
		if (happening.at_us > until_us) {
			happenings_plan(&world->happenings, &happening);
			break;
		}
		world->now_us = happening.at_us;
		auditor_time(world->auditor, world->now_us);
		world->trace->now_us = world->now_us;
		world_dispatch(world, &happening);
	}
	world->now_us = until_us;
}

void world_advance(struct world *world, uint64_t duration_us)
{
	world_run_until(world, world->now_us + duration_us);
}

/* ---- new and free ---- */

static void dc_init(struct world *world, unsigned index)
{
	struct dc *dc = &world->dcs[index];
	const struct sim_observer observer = { world, store_executed, store_expired };

	dc->index = index;
	dc->store = sim_store_new(world->pool, dice_next(&world->dice), &observer);
	dc->is_store_up = true;
	dc->run = 1;
	if (world->plan.has_faults[FAULT_SKEW]) {
		bool is_large = dice_chance(&world->dice, 10);

		dc->skew_ms = is_large ? dice_between(&world->dice, -200000, 200000) : dice_between(&world->dice, -3000, 3000);
		dc->drift_ppm = dice_between(&world->dice, -2000, 2000);
		dc->steady_ppm = dc->drift_ppm / 4;          /* what is wrong with the wall clock is mostly what sets it */
	}
	if (world->plan.has_drift)
		dc->steady_ppm = dc->drift_ppm = dice_between(&world->dice, -200, 200);
	sidecar_start(world, dc);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_TICK, .dc = index }, dice_below(&world->dice, TICK_US));
}

struct world *world_new(const struct world_plan *plan, struct coverage *coverage, struct trace *trace)
{
	struct world *world = memory_new(sizeof(*world));
	struct audit_options options = {
		.dc_count = plan->dc_count, .dc_names = world_dc_names, .requests = &world->requests, .rule_of = world_rule_of, .rank_of = world_rank_of,
	};

	world->plan = *plan;
	world->coverage = coverage;
	world->trace = trace;
	trace->now_us = 0;
	if (plan->has_homes) {
		options.user_of = world_user_of;
		options.home_of = plan->has_first_homes ? world_no_home_of : world_home_of;
	}
	dice_seed(&world->dice, plan->seed);
	world->pool = pool_new();
	options.pool = world->pool;
	world->auditor = auditor_new(&options);
	world->requests_left = plan->operations;
	for (unsigned i = 0; i < plan->dc_count; i++)
		dc_init(world, i);
	return world;
}

void world_free(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		struct dc *dc = &world->dcs[i];

		if (dc->core != NULL)
			core_free(dc->core);
		effects_free(&dc->effects);
		lane_break(&dc->lane);
		sim_log_free(&dc->log);
		sim_store_free(dc->store);
	}
	happenings_free(&world->happenings);
	requests_free(&world->requests);
	free(world->memories.items);
	free(world->handlings.items);
	auditor_free(world->auditor);
	pool_free(world->pool);
	memory_free(world);
}

/* ---- plans ---- */

static void draw_narrow(struct world_plan *plan, struct dice *dice)
{
	plan->dc_count = 3 + (unsigned)dice_below(dice, 2);
	plan->keys = 1;
	plan->operations = 10 + (unsigned)dice_below(dice, 80);
	plan->load_us = plan->operations * (500 + dice_below(dice, 10000));
}

/* Most worlds with a limited log keep their stores: one that was rolled back may need what was trimmed, and then there is nothing left to see. */
static void draw_limits(struct world_plan *plan, struct dice *dice)
{
	struct world_limits *limits = &plan->limits;

	if (dice_chance(dice, 75)) {
		limits->log_bytes = 600 + dice_below(dice, 8000);
		if (dice_chance(dice, 80))
			plan->has_faults[FAULT_STORE_ROLLBACK] = plan->has_faults[FAULT_BOTH_CRASH] = plan->has_faults[FAULT_TRUNCATION] = false;
	} else {
		limits->log_bytes = 0;
		plan->has_faults[FAULT_TRUNCATION] = dice_chance(dice, 10);
	}
	if (dice_chance(dice, 80))
		limits->value_bytes_max = 200 + (unsigned)dice_below(dice, 4 * (limits->log_bytes > 0 ? limits->log_bytes : 2000));
	if (dice_chance(dice, 50))
		limits->inbox_bytes = 200 + dice_below(dice, 4000);
	if (dice_chance(dice, 50))
		limits->outbox_bytes = 500 + dice_below(dice, 6000);
	if (dice_chance(dice, 30))
		limits->metadata_bytes = 4000 + dice_below(dice, 40000);
	if (dice_chance(dice, 40))
		plan->message_bytes_max = 400 + (unsigned)dice_below(dice, 3000);
	plan->has_faults[FAULT_LINK_CUT] = plan->has_faults[FAULT_LINK_CUT] || dice_chance(dice, 50);
	plan->has_faults[FAULT_LOG_CUT] = plan->has_faults[FAULT_LOG_CUT] || dice_chance(dice, 50);
}

/* Clocks are right but for when they are set wrong. No deadline is met: one of a clock that is hours ahead would take as long. */
static void draw_clocks(struct world_plan *plan, struct dice *dice)
{
	plan->has_faults[FAULT_CLOCK] = true;
	plan->has_faults[FAULT_SKEW] = plan->has_faults[FAULT_EXPIRY] = plan->has_faults[FAULT_TRUNCATION] = plan->has_ttls = false;
	plan->has_drift = dice_chance(dice, 50);
	plan->fault_events = 2 + (unsigned)dice_below(dice, 12);
	plan->load_us = plan->operations * (5000 + dice_below(dice, 60000));
}

/* The log of each DC is in its store. A store comes back some seconds older at most, but for some, which are restored from an old copy. Sidecars run on:
 * what is forgotten with one may be elsewhere for good. */
static void draw_tail(struct world_plan *plan, struct dice *dice)
{
	plan->has_log_in_store = true;
	plan->has_faults[FAULT_LOG_CUT] = plan->has_faults[FAULT_TRUNCATION] = plan->has_faults[FAULT_APPEND_RETRY] = false;
	plan->has_faults[FAULT_STORE_ROLLBACK] = true;
	plan->has_faults[FAULT_BOTH_CRASH] = plan->has_faults[FAULT_SIDECAR_CRASH] = false;
	plan->has_faults[FAULT_LINK_CUT] = plan->has_faults[FAULT_LINK_CUT] || dice_chance(dice, 50);
	plan->fault_events = 1 + (unsigned)dice_below(dice, 10);
	if (dice_chance(dice, 10))
		plan->message_bytes_max = 400;
}

/* Stores get full, and are emptied by clients. */
static void draw_full(struct world_plan *plan, struct dice *dice)
{
	plan->has_faults[FAULT_FULL] = true;
	plan->fault_events = 1 + (unsigned)dice_below(dice, 12);
	plan->operations *= 2;
	if (dice_chance(dice, 50))
		plan->limits.value_bytes_max = 100 + (unsigned)dice_below(dice, 4000);
	if (dice_chance(dice, 30))
		draw_limits(plan, dice);
}

/* Somebody meddles with stores. What was in the log stays there. */
static void draw_emptied(struct world_plan *plan, struct dice *dice)
{
	plan->has_faults[FAULT_EMPTIED] = true;
	plan->has_faults[FAULT_TRUNCATION] = false;
	plan->fault_events = 1 + (unsigned)dice_below(dice, 8);
	plan->load_us = plan->operations * (2000 + dice_below(dice, 40000));
}

/* Users move while all else goes wrong. No time is told by a command: it may wait. Versions that clients deal with are no matter of homes. */
static void draw_homes(struct world_plan *plan, struct dice *dice)
{
	plan->has_homes = true;
	plan->has_contexts = plan->has_resolves = plan->has_ttls = false;
	plan->has_faults[FAULT_TRUNCATION] = plan->has_faults[FAULT_EXPIRY] = plan->has_faults[FAULT_SKEW] = false;
	plan->has_drift = dice_chance(dice, 50);
	plan->keys = 1 + (unsigned)dice_below(dice, 5);
	plan->load_us = plan->operations * (3000 + dice_below(dice, 40000));
}

/* So often that some of it happens while something is half taken in, half rendered, or there in some of its parts. */
static void draw_kills(struct world_plan *plan, struct dice *dice)
{
	if (dice_chance(dice, 30)) {
		draw_tail(plan, dice);
	} else {
		plan->has_faults[FAULT_SIDECAR_CRASH] = plan->has_faults[FAULT_STORE_RESTART] = plan->has_faults[FAULT_BOTH_CRASH] = true;
		plan->has_faults[FAULT_STORE_ROLLBACK] = dice_chance(dice, 50);
		plan->fault_events = 5 + (unsigned)dice_below(dice, 30);
	}
	if (dice_chance(dice, 50))
		plan->message_bytes_max = 400;
}

/* Keys of few elements are whole keys of very many, then. */
static void draw_pieces(struct world_plan *plan, struct dice *dice)
{
	static void (*const kinds[])(struct world_plan *plan, struct dice *dice) = { draw_limits, draw_full, draw_homes };
	uint64_t kind = dice_below(dice, 8);

	plan->elements_per_turn = 1 + (unsigned)dice_below(dice, 3);
	plan->has_renames = true;
	if (plan->seed >= WORLD_KILLED_PIECES_SEED)
		draw_kills(plan, dice);
	else if (kind < sizeof(kinds) / sizeof(kinds[0]))
		kinds[kind](plan, dice);
	else
		plan->has_lists = kind == 7;
}

/* What is written, and one or two kinds of what goes wrong: together they meet what none of them meets alone. */
static void draw_mixed(struct world_plan *plan, struct dice *dice)
{
	static void (*const kinds[])(struct world_plan *plan, struct dice *dice) = {
		draw_emptied, draw_tail, draw_limits, draw_full, draw_homes, draw_clocks,
	};
	uint64_t content = dice_below(dice, 5), kind = dice_below(dice, 7), other = dice_below(dice, 14);

	plan->has_lists = content == 0;
	plan->has_streams = content == 1;
	plan->has_unions = content == 2;
	plan->has_renames = content == 3;
	plan->elements_per_turn = dice_chance(dice, 60) ? 1 + (unsigned)dice_below(dice, 3) : 0;
	if (kind < sizeof(kinds) / sizeof(kinds[0]))
		kinds[kind](plan, dice);
	if (other < sizeof(kinds) / sizeof(kinds[0]) && other != kind)
		kinds[other](plan, dice);
	if (plan->has_log_in_store) {
		/* Whoever is killed meanwhile, or remembers less than was lost, has lost it for good: there is little left to judge. */
		plan->has_faults[FAULT_LOG_CUT] = plan->has_faults[FAULT_APPEND_RETRY] = plan->has_faults[FAULT_TRUNCATION] = false;
		plan->has_faults[FAULT_SIDECAR_CRASH] = plan->has_faults[FAULT_BOTH_CRASH] = plan->has_faults[FAULT_CLOCK] = false;
		plan->limits = (struct world_limits){ .value_bytes_max = plan->limits.value_bytes_max, .inbox_bytes = plan->limits.inbox_bytes };
	}
	if (plan->has_faults[FAULT_EMPTIED])
		plan->has_faults[FAULT_TRUNCATION] = false;
	if (plan->has_faults[FAULT_CLOCK])
		plan->limits.inbox_bytes = 0;            /* a log that is paused does not tell that its clock is right again */
}

void world_plan_draw(struct world_plan *plan, uint64_t seed)
{
	static const enum audit_rule favourites[] = {
		AUDIT_PRIORITY, AUDIT_PRIORITY, AUDIT_PRIORITY, AUDIT_PRIORITY, AUDIT_RECORD, AUDIT_RECORD, AUDIT_RECORD, AUDIT_CUSTOM, AUDIT_CUSTOM,
		AUDIT_LONGEST, AUDIT_SHORTEST, AUDIT_LWW, AUDIT_MERGE,
	};
	struct dice dice;
	bool is_big;

	dice_seed(&dice, seed ^ UINT64_C(0xa5a5a5a5));
	is_big = dice_chance(&dice, 2);
	*plan = (struct world_plan){ .seed = seed, .has_parts = seed % 5 == 3, .forget_per_turn = seed % 4 == 2 ? 1 + (unsigned)(seed % 7) : 0 };
	plan->dc_count = dice_chance(&dice, 30) ? 2 : dice_chance(&dice, 70) ? 3 : 4 + (unsigned)dice_below(&dice, 2);
	plan->operations = is_big ? 1000 + (unsigned)dice_below(&dice, 1000) : 40 + (unsigned)dice_below(&dice, 260);
	plan->keys = 2 + (unsigned)dice_below(&dice, 8);
	plan->load_us = plan->operations * (500 + dice_below(&dice, 20000));
	plan->link_us_max = dice_chance(&dice, 30) ? 500000 : 1000 + dice_below(&dice, 50000);
	plan->fault_events = dice_chance(&dice, 10) ? 0 : (unsigned)dice_below(&dice, 12);
	for (unsigned fault = FAULT_LINK_CUT; fault <= FAULT_EXPIRY; fault++)
		plan->has_faults[fault] = dice_chance(&dice, 40);
	plan->has_faults[FAULT_TRUNCATION] = dice_chance(&dice, 2);
	plan->has_ttls = plan->has_faults[FAULT_EXPIRY];
	plan->message_bytes_max = dice_chance(&dice, 5) ? 400 : 900000;
	/* What came later is drawn later, and only for seeds of its own: so earlier seeds go on meaning what they meant. */
	if (seed < WORLD_RULES_SEED)
		return;
	plan->has_all_rules = true;
	plan->has_contexts = dice_chance(&dice, 70);
	plan->has_resolves = dice_chance(&dice, 60);
	plan->has_faults[FAULT_RULES] = dice_chance(&dice, 25);
	plan->is_narrow = dice_chance(&dice, 50);
	plan->favourite = favourites[dice_below(&dice, sizeof(favourites) / sizeof(favourites[0]))];
	if (plan->is_narrow)
		draw_narrow(plan, &dice);
	if (seed >= WORLD_KILLED_SEED) {
		draw_tail(plan, &dice);
		plan->has_faults[FAULT_BOTH_CRASH] = plan->has_faults[FAULT_SIDECAR_CRASH] = true;
	} else if (seed >= WORLD_MIXED_SEED) {
		draw_mixed(plan, &dice);
	} else if (seed >= WORLD_GROUPS_SEED) {
		plan->has_streams = plan->has_groups = true;
	} else if (seed >= WORLD_UNIONS_SEED) {
		plan->has_unions = true;
	} else if (seed >= WORLD_PIECES_SEED) {
		draw_pieces(plan, &dice);
	} else if (seed >= WORLD_STREAMS_SEED) {
		plan->has_streams = true;
	} else if (seed >= WORLD_LISTS_SEED) {
		plan->has_lists = true;
	} else if (seed >= WORLD_FIRST_SEED) {
		draw_homes(plan, &dice);
		plan->has_first_homes = true;
		plan->has_take_overs = dice_chance(&dice, 30);
		plan->keys = 1 + (unsigned)dice_below(&dice, 12);
	} else if (seed >= WORLD_TAKE_OVERS_SEED) {
		draw_homes(plan, &dice);
		plan->has_take_overs = true;
	} else if (seed >= WORLD_SESSIONS_SEED)
		plan->has_sessions = true;
	else if (seed >= WORLD_HOMES_SEED)
		draw_homes(plan, &dice);
	else if (seed >= WORLD_EMPTIED_SEED)
		draw_emptied(plan, &dice);
	else if (seed >= WORLD_TAIL_SEED)
		draw_tail(plan, &dice);
	else if (seed >= WORLD_CLOCKS_SEED)
		draw_clocks(plan, &dice);
	else if (seed >= WORLD_FULL_SEED)
		draw_full(plan, &dice);
	else if (seed >= WORLD_LIMITS_SEED)
		draw_limits(plan, &dice);
}
