/* World: the course of a run. */
#include "sidecar.h"

#include <assert.h>
#include <stdlib.h>

#include "client_ask.h"
#include "generator.h"
#include "sim_handler.h"
#include "world_rules.h"

#define TICK_US 100000
#define SETTLE_US_MAX UINT64_C(1800000000)
#define LOOK_US 400000
#define LOOKS 3                      /* quiet ones in a row: an expiry may still be on its way to its sidecar at the first */
#define SWEEP_LOOKS 13               /* meanwhile dots of what is gone are found and dropped */

const char *const world_dc_names[WORLD_DCS_MAX] = { "ams", "bom", "cpt", "dub", "eze" };

/* ---- time and numbering ---- */

uint64_t world_clock_ms(const struct world *world, const struct dc *dc)
{
	int64_t true_ms = (int64_t)(world->now_us / 1000);

	return (uint64_t)((int64_t)WORLD_EPOCH_MS + dc->skew_ms + true_ms + true_ms * dc->drift_ppm / 1000000);
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

/* ---- the store's observer ---- */

static void store_executed(void *context, const struct sim_executed *executed)
{
	struct world *world = context;

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
		generator_send(world, dc);
	}
	world_plan_next(world, &(struct happening){ .type = HAPPENING_LOAD, .dc = dc->index },
	                1 + dice_below(&world->dice, 2 * world->plan.load_us * world->plan.dc_count * 5 / 2 / (world->plan.operations + 1)));
}

static void tick_arrives(struct world *world, struct dc *dc)
{
	world->busy = dc;
	sidecar_tick(world, dc);
	world->busy = NULL;
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
		return happening->generation != dc->life;
	case HAPPENING_LANDED:
	case HAPPENING_APPENDED:
		return happening->generation != dc->log_generation || dc->is_log_cut;
	case HAPPENING_DELIVERY:
		return happening->generation != dc->followers[happening->a].generation;
	default:
		return false;
	}
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
		log_land(world, dc);
		break;
	case HAPPENING_APPENDED:
		log_acknowledge(world, dc);
		break;
	case HAPPENING_DELIVERY:
		log_deliver(world, dc, (unsigned)happening->a);
		break;
	case HAPPENING_HANDLED:
		sim_handler_ended(world, dc, happening->a);
		break;
	case HAPPENING_OPENED:
		sidecar_open(world, dc);
		break;
	case HAPPENING_REOPEN:
		fault_strike_at(world, dc, FAULT_CONNECTION_LOSS);
		break;
	case HAPPENING_SIDECAR_START:
		if (dc->core == NULL)
			sidecar_start(world, dc);
		break;
	case HAPPENING_STORE_START:
		fault_store_start(world, dc, happening->a != 0);
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
		world->trace->now_us = world->now_us;
		world_dispatch(world, &happening);
	}
	world->now_us = until_us;
}

void world_advance(struct world *world, uint64_t duration_us)
{
	world_run_until(world, world->now_us + duration_us);
}

/* ---- the end ---- */

/* Where one DC has new rules all get them. */
static void spread_rules(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (world->dcs[i].has_new_rules)
			auditor_rules_changed(world->auditor, world_rule_changes);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (auditor_has_changed_rules(world->auditor))
			sidecar_new_rules(world, &world->dcs[i]);
}

void world_heal(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		struct dc *dc = &world->dcs[i];

		fault_heal(world, dc, FAULT_LOG_CUT, 0);
		fault_heal(world, dc, FAULT_REFUSAL, 0);
		for (unsigned peer = 0; peer < world->plan.dc_count; peer++)
			fault_heal(world, dc, FAULT_LINK_CUT, peer);
		fault_store_start(world, dc, false);
		if (dc->core == NULL)
			sidecar_start(world, dc);
	}
	spread_rules(world);
}

static bool dc_is_quiet(const struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);

	if (!dc->is_open || dc->lane.count > 0 || dc->log.append_count > 0 || status->is_recalling || status->outbox_events > 0)
		return false;
	if (status->unstable_keys > 0 || status->unstable_elements > 0)
		return false;
	/* Records that ended leave within a second. */
	if (status->unsettled_episodes > 0)
		return false;
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (status->peers[i].held_events > 0)
			return false;
	return world_clock_ms(world, dc) > world->deadline_ms_max;
}

static bool world_is_quiet(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (!dc_is_quiet(world, &world->dcs[i]))
			return false;
	return true;
}

static bool world_rest(struct world *world, unsigned looks)
{
	uint64_t limit_us = world->now_us + SETTLE_US_MAX;
	unsigned quiet = 0;

	while (quiet < looks && world->now_us < limit_us && auditor_findings(world->auditor) == 0) {
		world_advance(world, LOOK_US);
		quiet = world_is_quiet(world) ? quiet + 1 : 0;
		/* Handlers are asked again after a while. */
		if (quiet == looks && auditor_unmerged(world->auditor) > 0)
			quiet = 0;
	}
	return quiet == looks;
}

bool world_settle(struct world *world)
{
	return world_rest(world, LOOKS);
}

static bool world_needs_resync(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		for (unsigned peer = 0; peer < world->plan.dc_count; peer++)
			if (core_status(world->dcs[i].core)->peers[peer].state == PEER_NEEDS_RESYNC)
				return true;
	return false;
}

/* A truncated log may leave a DC behind for good, but never silently. */
static bool truncation_ends_run(struct world *world)
{
	bool is_truncated = false, is_loud = false;

	for (unsigned i = 0; i < world->plan.dc_count; i++)
		is_truncated = is_truncated || world->dcs[i].is_truncated;
	if (!is_truncated)
		return false;
	world_advance(world, 5000000);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		is_loud = is_loud || world->dcs[i].alarms > 0;
	if (!world_needs_resync(world))
		return false;
	if (!is_loud)
		auditor_find(world->auditor, "a peer needs a resync and nobody raised an alarm");
	return true;
}

static void world_audit(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct core_status *status = core_status(world->dcs[i].core);
		struct told_status told = { .keys = status->unstable_keys, .elements = status->unstable_elements, .outbox_events = status->outbox_events };

		for (unsigned j = 0; j < status->peer_count; j++) {
			told.held_events += status->peers[j].held_events;
			told.peers_with_other_rules += j > 0 && status->peers[j].rules_differ;
		}
		auditor_status_final(world->auditor, i, &told);
		auditor_store_final(world->auditor, i, world->dcs[i].store, world_clock_ms(world, &world->dcs[i]));
	}
	auditor_conclude(world->auditor);
}

static void describe_peers(const struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);

	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct core_peer_status *peer = &status->peers[i];

		auditor_find(world->auditor, "    of %s: %s, applied %llu, known %llu, held %llu, gaps %llu, at %lld of %u", world_dc_names[world_global_index(dc, i)],
		             peer_state_text(peer->state), (unsigned long long)peer->applied_seq, (unsigned long long)peer->known_seq,
		             (unsigned long long)peer->held_events, (unsigned long long)peer->gaps, (long long)peer->log_position,
		             world->dcs[world_global_index(dc, i)].log.count);
	}
}

static void describe_unsettled(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct dc *dc = &world->dcs[i];
		const struct core_status *status = core_status(dc->core);

		auditor_find(world->auditor, "%s never comes to rest: open %d, recalling %d, lane %u, appends %u, outbox %llu, keys %llu, elements %llu, records %llu, open %llu, seq %llu",
		             world_dc_names[i], dc->is_open, status->is_recalling, dc->lane.count, dc->log.append_count,
		             (unsigned long long)status->outbox_events, (unsigned long long)status->unstable_keys,
		             (unsigned long long)status->unstable_elements, (unsigned long long)status->episodes,
		             (unsigned long long)status->open_conflicts, (unsigned long long)status->seq);
		describe_peers(world, dc);
	}
}

void world_conclude(struct world *world)
{
	world->is_ending = true;
	world_heal(world);
	trace_line(world->trace, WORLD_DCS_MAX, "everything is healed");
	if (auditor_findings(world->auditor) > 0 || truncation_ends_run(world))
		return;
	if (world_settle(world)) {
		if (world->plan.has_all_rules)
			client_ask_everything(world);
		world_rest(world, SWEEP_LOOKS);
		world_audit(world);
	} else if (auditor_findings(world->auditor) == 0) {
		describe_unsettled(world);
	}
}

bool world_run(struct world *world)
{
	uint64_t faults_us = world->plan.load_us * 5 / 4;

	for (unsigned i = 0; i < world->plan.dc_count; i++)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_LOAD, .dc = i }, dice_below(&world->dice, 20000));
	for (unsigned i = 0; i < world->plan.fault_events; i++)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_FAULT }, dice_below(&world->dice, faults_us));
	world_advance(world, faults_us);
	world_conclude(world);
	return auditor_findings(world->auditor) == 0;
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
	}
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
	*plan = (struct world_plan){ .seed = seed };
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
	if (!plan->is_narrow)
		return;
	plan->dc_count = 3 + (unsigned)dice_below(&dice, 2);
	plan->keys = 1;
	plan->operations = 10 + (unsigned)dice_below(&dice, 80);
	plan->load_us = plan->operations * (500 + dice_below(&dice, 10000));
}
