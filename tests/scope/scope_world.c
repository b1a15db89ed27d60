#include "scope_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scope_names.h"
#include "scope_turn.h"

#define EPOCH_MS UINT64_C(1700000000000)

/* ---- the store tells ---- */

static void trace_command(const struct scope_dc *dc, const struct sim_executed *executed)
{
	printf("    %s:", scope_dc_names[dc->index]);
	for (unsigned i = 0; i < executed->argc; i++)
		printf(" %.*s", (int)executed->argv[i].len, executed->argv[i].ptr);
	printf("  ->  %.*s\n", (int)strcspn(executed->reply.ptr, "\r"), executed->reply.ptr);
}

static void store_executed(void *context, const struct sim_executed *executed)
{
	const struct scope_dc *dc = context;

	if (dc->world->is_traced && executed->db != SIM_RESERVED_DB)
		trace_command(dc, executed);
}

static void store_expired(void *context, uint32_t db, uint32_t key)
{
	struct scope_dc *dc = context;

	(void)db;
	assert(dc->expired_count < sizeof(dc->expired) / sizeof(*dc->expired));
	dc->expired[dc->expired_count++] = key;
}

/* ---- new and free ---- */

static void open_core(struct scope_dc *dc, const struct core_rule *rule)
{
	const char *names[SCOPE_DCS], *error;
	struct core_options options = {
		.dcs = names, .dc_count = SCOPE_DCS, .rules = rule, .rule_count = 1, .databases = SIM_DATABASES, .reserved_db = SIM_RESERVED_DB,
		.heartbeat_ms = 500, .drift_ms_max = 500, .quarantine_ms = 3600000, .message_bytes_max = 900000, .inbox_bytes_max = 64 << 20,
		.outbox_bytes_max = 256 << 20, .metadata_bytes_max = 1 << 30, .group_commands_max = 4096, .forget_per_turn = 10000, .elements_per_turn = 4096, .incarnations_max = CORE_INCARNATIONS_MAX, .siblings_max = 32, .waits_max = 100,
		.record_value_bytes_max = 256, .records_max = 100000, .records_bytes_max = UINT64_C(1) << 28, .records_age_ms_max = 3600000, .handler_retry_ms = 3600000,
		.handler_retry_ms_max = 3600000, .is_listing_conflicts = true,
	};
	struct event opened = { .type = EVENT_OPENED };

	for (unsigned i = 0; i < SCOPE_DCS; i++)
		names[i] = scope_dc_names[scope_global_index(dc->index, i)];
	dc->core = core_new(&options, &error);
	assert(dc->core != NULL);
	opened.opened.run_id = slice_of(scope_dc_names[dc->index]);
	opened.opened.nonce = dc->clock_ms * 1000;
	scope_step(dc, &opened);
}

static unsigned order_of(const struct scope_policy *policy, const char **names)
{
	unsigned count = 0;

	for (unsigned rank = 0; policy->rule == SCOPE_PRIORITY && rank < SCOPE_DCS; rank++) {
		unsigned holders = 0, holder = 0;

		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			if (policy->ranks[dc] == rank) {
				holders++;
				holder = dc;
			}
		if (holders == 1)
			names[count++] = scope_dc_names[holder];
	}
	return count;
}

struct scope_world *scope_world_new(const struct scope_policy *policy, bool is_traced)
{
	static const char *const rules[SCOPE_RULES] = { "lww", "priority", "record", "merge", "custom" };
	struct scope_world *world = memory_new(sizeof(*world));
	static const char *const ttls[] = { [SCOPE_TTL_NEWEST] = NULL, [SCOPE_TTL_LONGEST] = "longest", [SCOPE_TTL_SHORTEST] = "shortest" };
	const char *order[SCOPE_DCS];
	struct core_rule rule = {
		.match = "*", .rule = rules[policy->rule], .order = order, .order_count = order_of(policy, order), .ttl = ttls[policy->ttl],
	};

	world->pool = pool_new();
	world->is_traced = is_traced;
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		struct scope_dc *dc = &world->dcs[i];
		const struct sim_observer observer = { dc, store_executed, store_expired };

		dc->index = i;
		dc->world = world;
		dc->clock_ms = EPOCH_MS;
		dc->store = sim_store_new(world->pool, i, &observer);
		memset(dc->cursors, 0xff, sizeof(dc->cursors));
		open_core(dc, &rule);
	}
	scope_link_all(world, true);
	scope_run(world);
	scope_pass(world);
	return world;
}

void scope_world_free(struct scope_world *world)
{
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		struct scope_dc *dc = &world->dcs[i];

		core_free(dc->core);
		sim_store_free(dc->store);
		effects_free(&dc->effects);
		for (unsigned j = 0; j < dc->message_count; j++)
			bytes_free(dc->messages[j]);
		free(dc->messages);
		free(dc->shipped);
		free(dc->append_ids);
		free(dc->answers);
		free(dc->handles);
	}
	free(world->own_words);
	pool_free(world->pool);
	memory_free(world);
}

/* ---- links, and what a datacenter shows ---- */

void scope_link(struct scope_world *world, unsigned dc, unsigned origin, bool is_linked)
{
	world->dcs[dc].is_linked[origin] = is_linked || dc == origin;
}

void scope_link_all(struct scope_world *world, bool is_linked)
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		for (unsigned origin = 0; origin < SCOPE_DCS; origin++)
			scope_link(world, dc, origin, is_linked);
}

bool scope_look(struct scope_world *world, unsigned dc, unsigned number, struct scope_state *state)
{
	bool is_known = true;

	memset(state, 0, sizeof(*state));
	for (unsigned key = 0; key < SCOPE_KEYS; key++) {
		const struct sim_key *found = sim_store_find(world->dcs[dc].store, 0, scope_key_name(world, number, key));

		is_known = scope_read_key(world->pool, found, state->at[key]) && is_known;
	}
	return is_known;
}
