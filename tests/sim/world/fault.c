/* Faults: a crash is instant and followed by a restart; cuts and refusals last and then heal. */
#include "sidecar.h"

#include "proxy/core/wire/record.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "world_clocks.h"
#include "world_homes.h"

#define CLOCK_WEIGHT 4               /* in worlds that have it, it is the fault that comes most often */
#define FULL_WEIGHT 4
#define REMEMBERED_US 9000000        /* what a sidecar that keeps running is sure to remember */
#define EMPTIED_WEIGHT 4
#define SHELL_LOOKS_US 2000000

const char *fault_text(enum fault fault)
{
	static const char *const texts[FAULT_COUNT] = {
		"none", "link cut", "log cut", "sidecar crash", "connection loss", "store restart", "store rollback", "both crash", "redelivery",
		"append retry", "refusal", "truncation", "skew", "expiry", "rules change", "clock set",
		"full store", "keys deleted",
	};

	return texts[fault];
}

/* What is in flight at DC meets the fault, and so does what comes while it lasts. */
static void fault_cover(struct world *world, struct dc *dc, enum fault fault, uint64_t duration_us)
{
	dc->fault_until_us[fault] = world->now_us + duration_us + 200000;
	for (unsigned i = 0; i < world->requests.count; i++) {
		const struct client_request *request = &world->requests.items[i];

		if (request->dc != dc->index || (request->state == REQUEST_ANSWERED && request->is_durable) || request->state == REQUEST_REFUSED)
			continue;
		for (unsigned j = 0; j < request->count; j++)
			coverage_add(world->coverage, request->commands[j].operation, request->commands[j].rule, fault);
	}
}

static void plan_heal(struct world *world, const struct dc *dc, enum fault fault, unsigned peer, uint64_t duration_us)
{
	world_plan_next(world, &(struct happening){ .type = HAPPENING_HEAL, .dc = dc->index, .a = fault, .b = peer }, duration_us);
}

/* ---- cuts ---- */

static void cut_link(struct world *world, struct dc *dc, uint64_t duration_us)
{
	unsigned peer = (dc->index + 1 + (unsigned)dice_below(&world->dice, world->plan.dc_count - 1)) % world->plan.dc_count;

	trace_line(world->trace, dc->index, "cut off from the log of %s", world_dc_names[peer]);
	dc->followers[peer].is_cut = true;
	plan_heal(world, dc, FAULT_LINK_CUT, peer, duration_us);
}

static void cut_log(struct world *world, struct dc *dc, uint64_t duration_us)
{
	trace_line(world->trace, dc->index, "its log is cut off");
	dc->is_log_cut = true;
	dc->log_generation++;
	plan_heal(world, dc, FAULT_LOG_CUT, 0, duration_us);
}

void fault_heal(struct world *world, struct dc *dc, enum fault fault, unsigned peer)
{
	if (fault == FAULT_LINK_CUT) {
		trace_line(world->trace, dc->index, "reads the log of %s again", world_dc_names[peer]);
		dc->followers[peer].is_cut = false;
		log_wake_followers(world, peer);
	} else if (fault == FAULT_LOG_CUT) {
		if (!dc->is_log_cut || world->plan.has_log_in_store)
			return;
		trace_line(world->trace, dc->index, "its log is back");
		dc->is_log_cut = false;
		log_resume_appends(world, dc);
		log_wake_followers(world, dc->index);
	} else if (fault == FAULT_REFUSAL) {
		trace_line(world->trace, dc->index, "store takes writes again");
		dc->refusals = 0;
	} else if (fault == FAULT_CLOCK && !world->is_ending) {
		world_set_clock(world, dc, 0);
	} else if (fault == FAULT_FULL) {
		if (dc->memory_max == 0)
			return;
		trace_line(world->trace, dc->index, "store has memory enough");
		dc->memory_max = 0;
	}
}

/* ---- crashes ---- */

static void crash_sidecar(struct world *world, struct dc *dc, uint64_t duration_us)
{
	sidecar_crash(world, dc);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_SIDECAR_START, .dc = dc->index }, duration_us);
}

static void lose_connection(struct world *world, struct dc *dc)
{
	if (!dc->is_open)
		return;
	connection_break(world, dc);
	sidecar_step(world, dc, &(struct event){ .type = EVENT_LOST });
	client_home_lost(world, dc);
	connection_retry(world, dc);
}

static void expiry_lost(void *context, uint32_t db, uint32_t key)
{
	auditor_expiry_lost(context, db, key);
}

/* ---- a log that is in its store ---- */

struct loss { struct world *world; struct dc *dc; };

/* A sidecar that keeps running remembers what it appended in the last seconds. What nobody here remembers may be elsewhere for good. */
static void message_lost(void *context, unsigned position)
{
	const struct loss *loss = context;
	struct dc *dc = loss->dc;
	uint64_t landed_us = dc->log.marks[position].us;
	bool is_forgotten = dc->core == NULL || landed_us <= dc->started_us || landed_us + REMEMBERED_US < loss->world->now_us;

	auditor_log_lost(loss->world->auditor, dc->index, dc->log.messages[position], is_forgotten);
	for (unsigned i = 0; i < loss->world->plan.dc_count && is_forgotten; i++)
		dc->is_truncated = dc->is_truncated || (i != dc->index && loss->world->dcs[i].read_most[dc->index] > position);
}

static void log_goes_down(struct world *world, struct dc *dc)
{
	uint64_t landing = dice_below(&world->dice, sim_log_landing(&dc->log) + 1);

	while (landing-- > 0 && !dc->is_log_cut)
		log_land(world, dc);
	dc->is_log_cut = true;
	dc->log_generation++;
}

/* The store has come back with JOURNAL transactions. */
static void log_loses_end(struct world *world, struct dc *dc, unsigned journal, bool is_rollback)
{
	struct loss loss = { world, dc };
	unsigned count = is_rollback ? (unsigned)dice_below(&world->dice, sim_log_at(&dc->log, journal) + 1) : 0;

	sim_log_lose_end(&dc->log, journal, count, message_lost, &loss);
}

/* How far back a store comes: to what its append-only file had on disk; seldom to an older copy. */
static unsigned draw_end(struct world *world, const struct dc *dc)
{
	unsigned journal = sim_store_journal(dc->store), first = 0;
	uint64_t back_us = dice_chance(&world->dice, 5) ? UINT64_MAX : dice_below(&world->dice, dice_chance(&world->dice, 50) ? 2000000 : 8000000);

	if (back_us < world->now_us)
		first = sim_store_journal_since(dc->store, world_clock_ms(world, dc) - back_us / 1000);
	return first + (unsigned)dice_below(&world->dice, journal - first + 1);
}

static void store_stops(struct world *world, struct dc *dc)
{
	if (dc->is_open) {
		connection_break(world, dc);
		sidecar_step(world, dc, &(struct event){ .type = EVENT_LOST });
		client_home_lost(world, dc);
	}
	dc->connection++;
	dc->is_store_up = false;
	if (world->plan.has_log_in_store)
		log_goes_down(world, dc);
}

static void store_comes_back(struct world *world, struct dc *dc, unsigned journal, bool is_rollback, uint64_t duration_us)
{
	trace_line(world->trace, dc->index, "store crashes and will come back with %u of %u transactions", journal, sim_store_journal(dc->store));
	sim_store_rewind(dc->store, journal);
	auditor_store_rewound(world->auditor, dc->index, journal);
	if (world->plan.has_log_in_store)
		log_loses_end(world, dc, journal, is_rollback);
	dc->is_rolled_back = dc->is_rolled_back || is_rollback;
	world_plan_next(world, &(struct happening){ .type = HAPPENING_STORE_START, .dc = dc->index, .a = is_rollback }, duration_us);
}

static void crash_store(struct world *world, struct dc *dc, bool is_rollback, uint64_t duration_us)
{
	unsigned journal;

	if (!dc->is_store_up)
		return;
	store_stops(world, dc);
	journal = sim_store_journal(dc->store);
	if (is_rollback && world->plan.has_log_in_store)
		journal = draw_end(world, dc);
	else if (is_rollback)
		journal -= (unsigned)dice_below(&world->dice, dice_chance(&world->dice, 50) ? journal + 1 : journal / 8 + 1);
	if (journal < dc->journal_floor)
		journal = dc->journal_floor;
	store_comes_back(world, dc, journal, is_rollback, duration_us);
}

void fault_lose_end(struct world *world, struct dc *dc, unsigned kept)
{
	store_stops(world, dc);
	store_comes_back(world, dc, kept, true, 5000);
}

void fault_store_start(struct world *world, struct dc *dc, bool is_rollback)
{
	if (dc->is_store_up)
		return;
	dc->is_store_up = true;
	dc->run++;
	if (is_rollback && dice_chance(&world->dice, 50))
		sim_store_drop_expired(dc->store, world_clock_ms(world, dc), expiry_lost, world->auditor);
	trace_line(world->trace, dc->index, "store is back, run %u", dc->run);
	if (world->plan.has_log_in_store)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_LOG_BACK, .dc = dc->index, .generation = dc->run },
		                dice_below(&world->dice, 30000));
	if (dc->core != NULL)
		connection_retry(world, dc);
}

/* ---- the log misbehaves ---- */

static void redeliver(struct world *world, struct dc *dc)
{
	unsigned origin = (unsigned)dice_below(&world->dice, world->plan.dc_count);
	struct follower *follower = &dc->followers[origin];
	unsigned start = log_limit_first_again(world, dc, origin);

	if (!follower->is_active || follower->cursor <= start)
		return;
	follower->is_again = true;
	follower->cursor -= (unsigned)dice_below(&world->dice, follower->cursor - start) + 1;
	trace_line(world->trace, dc->index, "log of %s is delivered again from %u", world_dc_names[origin], follower->cursor);
	log_wake_followers(world, origin);
}

static void retry_appends(struct world *world, struct dc *dc)
{
	uint64_t landing = dice_below(&world->dice, sim_log_landing(&dc->log) + 1);
	struct event event = { .type = EVENT_APPEND_RETRY };

	if (dc->log.append_count == 0 || dc->core == NULL)
		return;
	while (landing-- > 0 && !dc->is_log_cut)
		log_land(world, dc);
	event.appended.id = sim_log_drop_appends(&dc->log);
	dc->log_generation++;
	trace_line(world->trace, dc->index, "log drops appends from %llu on", (unsigned long long)event.appended.id);
	sidecar_step(world, dc, &event);
}

static void truncate_log(struct world *world, struct dc *dc)
{
	trace_line(world->trace, dc->index, "log drops its first %u messages", dc->log.count);
	sim_log_truncate(&dc->log, dc->log.count);
	dc->is_truncated = true;
}

static void refuse_writes(struct world *world, struct dc *dc, uint64_t duration_us)
{
	trace_line(world->trace, dc->index, "store refuses writes");
	dc->refusals = UINT_MAX;
	plan_heal(world, dc, FAULT_REFUSAL, 0, duration_us);
}

/* Sometimes its sidecar ends as well, and begins anew by the wrong clock. */
static void set_clock(struct world *world, struct dc *dc, uint64_t duration_us)
{
	world_set_clock(world, dc, world_draw_step(world));
	if (dice_chance(&world->dice, 30))
		crash_sidecar(world, dc, duration_us / 4);
	plan_heal(world, dc, FAULT_CLOCK, 0, duration_us);
}

/* It stays so until somebody removes something, or raises the limit. */
static void fill_store(struct world *world, struct dc *dc, uint64_t duration_us)
{
	uint64_t bytes = sim_store_bytes(dc->store, true);

	dc->memory_max = 1 + bytes * (50 + dice_below(&world->dice, 80)) / 100;
	trace_line(world->trace, dc->index, "store holds %llu bytes of %llu", (unsigned long long)bytes, (unsigned long long)dc->memory_max);
	plan_heal(world, dc, FAULT_FULL, 0, duration_us);
}

/* ---- somebody deletes keys ---- */

/* What the sidecar says and writes from now on may be wrong, until it opens the store again. */
static void doubt(struct world *world, struct dc *dc)
{
	dc->is_lost_unseen = true;
	auditor_store_doubted(world->auditor, dc->index, true);
}

/* The shell asks every two seconds whether a key of its own is still there. */
static void notice_later(struct world *world, struct dc *dc)
{
	doubt(world, dc);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_REOPEN, .dc = dc->index, .generation = dc->connection }, SHELL_LOOKS_US);
}

void fault_flush(struct world *world, struct dc *dc)
{
	trace_line(world->trace, dc->index, "store is emptied");
	sim_store_rewind(dc->store, 0);
	auditor_store_rewound(world->auditor, dc->index, 0);
	dc->journal_floor = 0;
	dc->is_rolled_back = true;
	notice_later(world, dc);
}

void fault_delete(struct world *world, struct dc *dc, unsigned parts)
{
	static const char *const names[PART_COUNT] = {
		[PART_POSITIONS] = CORE_POSITIONS_KEY, [PART_EPISODES] = CORE_EPISODES_KEY, [PART_VERSIONS] = CORE_VERSIONS_KEY,
		[PART_HOMES] = CORE_HOMES_KEY, [PART_OUTBOX] = CORE_OUTBOX_KEY,
	};
	char db[12];
	struct buffer bytes = { 0 };

	snprintf(db, sizeof(db), "%u", SIM_RESERVED_DB);
	resp_add_command(&bytes, 1, (struct slice[]){ SLICE("MULTI") });
	resp_add_command(&bytes, 2, (struct slice[]){ SLICE("SELECT"), slice_of(db) });
	for (unsigned part = 0; part < PART_COUNT; part++) {
		if ((parts >> part & 1) == 0)
			continue;
		trace_line(world->trace, dc->index, "somebody deletes %s", names[part]);
		resp_add_command(&bytes, 2, (struct slice[]){ SLICE("DEL"), slice_of(names[part]) });
	}
	resp_add_command(&bytes, 1, (struct slice[]){ SLICE("EXEC") });
	sim_store_meddle(dc->store, buffer_slice(&bytes), world_clock_ms(world, dc));
	if ((parts >> PART_OUTBOX & 1) != 0)
		auditor_outbox_lost(world->auditor, dc->index);
	doubt(world, dc);
	buffer_free(&bytes);
}

static void delete_keys(struct world *world, struct dc *dc, uint64_t duration_us)
{
	unsigned roll = (unsigned)dice_below(&world->dice, 5 + PART_COUNT);

	if (!dc->is_store_up)
		return;
	if (dice_chance(&world->dice, 30))
		crash_sidecar(world, dc, duration_us / 4);
	/* The log goes with its store: that is a matter of stores that come back older. */
	if (roll < 4 && world->plan.has_log_in_store)
		roll += 4;
	if (roll < 4)
		fault_flush(world, dc);
	else
		fault_delete(world, dc, roll < 4 + PART_COUNT ? 1u << (roll - 4) : CORE_PARTS_ALL);
}

/* ---- strikes ---- */

void fault_strike_at(struct world *world, struct dc *dc, enum fault fault)
{
	uint64_t duration_us = 1000 + dice_below(&world->dice, dice_chance(&world->dice, 20) ? 4000000 : 400000);

	fault_cover(world, dc, fault, fault == FAULT_REDELIVERY || fault == FAULT_APPEND_RETRY ? 0 : duration_us);
	switch (fault) {
	case FAULT_LINK_CUT:
		cut_link(world, dc, duration_us);
		break;
	case FAULT_LOG_CUT:
		cut_log(world, dc, duration_us);
		break;
	case FAULT_SIDECAR_CRASH:
		crash_sidecar(world, dc, duration_us);
		break;
	case FAULT_CONNECTION_LOSS:
		lose_connection(world, dc);
		break;
	case FAULT_STORE_RESTART:
	case FAULT_STORE_ROLLBACK:
		crash_store(world, dc, fault == FAULT_STORE_ROLLBACK, duration_us);
		break;
	case FAULT_BOTH_CRASH:
		crash_sidecar(world, dc, duration_us);
		crash_store(world, dc, true, duration_us / 2);
		break;
	case FAULT_REDELIVERY:
		redeliver(world, dc);
		break;
	case FAULT_APPEND_RETRY:
		retry_appends(world, dc);
		break;
	case FAULT_REFUSAL:
		refuse_writes(world, dc, duration_us / 2);
		break;
	case FAULT_TRUNCATION:
		truncate_log(world, dc);
		break;
	case FAULT_FULL:
		fill_store(world, dc, duration_us * 5);
		break;
	case FAULT_EMPTIED:
		delete_keys(world, dc, duration_us);
		break;
	case FAULT_RULES:
		sidecar_new_rules(world, dc);
		break;
	case FAULT_CLOCK:
		set_clock(world, dc, duration_us);
		break;
	case FAULT_NONE:
	case FAULT_SKEW:
	case FAULT_EXPIRY:
	case FAULT_COUNT:
		break;
	}
}

void fault_strike(struct world *world)
{
	struct dc *dc = &world->dcs[dice_below(&world->dice, world->plan.dc_count)];
	enum fault allowed[FAULT_COUNT + CLOCK_WEIGHT + FULL_WEIGHT + EMPTIED_WEIGHT];
	unsigned count = 0;

	for (enum fault fault = FAULT_LINK_CUT; fault <= FAULT_TRUNCATION; fault++)
		if (world->plan.has_faults[fault])
			allowed[count++] = fault;
	if (world->plan.has_faults[FAULT_RULES])
		allowed[count++] = FAULT_RULES;
	for (unsigned i = 0; i < CLOCK_WEIGHT && world->plan.has_faults[FAULT_CLOCK]; i++)
		allowed[count++] = FAULT_CLOCK;
	for (unsigned i = 0; i < FULL_WEIGHT && world->plan.has_faults[FAULT_FULL]; i++)
		allowed[count++] = FAULT_FULL;
	for (unsigned i = 0; i < EMPTIED_WEIGHT && world->plan.has_faults[FAULT_EMPTIED]; i++)
		allowed[count++] = FAULT_EMPTIED;
	if (count > 0)
		fault_strike_at(world, dc, allowed[dice_below(&world->dice, count)]);
}
