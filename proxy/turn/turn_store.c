/* Turn store: what Redis tells becomes events for the core (see turn_store.h). */
#include "turn_store.h"

#include "connectors/log/log.h"
#include "proxy/handler_runs/handler_runs.h"
#include "proxy/ops/logging.h"
#include "turn_errands.h"
#include "turn_homes.h"
#include "turn_isolation.h"
#include "turn_release.h"
#include "turn_rules.h"

#include <assert.h>
#include <stdlib.h>

#define FORGET_PER_TURN 10000        /* marks: some ms */
#define ELEMENTS_PER_TURN 4096       /* likewise */

/* The process ends: it cannot go on with this store. */
static void turn_fail(struct turn *turn, int exit_code)
{
	turn->is_stopped = true;
	turn->exit_code = exit_code;
}

static bool turn_make_core(struct turn *turn, uint32_t databases)
{
	const struct settings *settings = turn->status->settings;
	struct core_rule *rules = turn_rules_new(settings);
	struct core_home *homes = turn_homes_new(settings);
	struct core_options options = {
		.dcs = turn->status->dcs,
		.dc_count = turn->status->dc_count,
		.rules = rules,
		.rule_count = settings->rule_count,
		.databases = databases,
		.reserved_db = (uint32_t)settings->redis_database,
		.heartbeat_ms = (uint32_t)settings->heartbeat_ms,
		.drift_ms_max = (uint32_t)settings->clock_drift_ms,
		.quarantine_ms = settings->clock_quarantine_ms,
		.message_bytes_max = settings->limits_message_bytes,
		.inbox_bytes_max = settings->limits_inbox_bytes,
		.outbox_bytes_max = settings->limits_outbox_bytes,
		.metadata_bytes_max = settings->limits_metadata_bytes,
		.group_commands_max = (uint32_t)settings->limits_group_commands,
		.forget_per_turn = FORGET_PER_TURN,
		.elements_per_turn = ELEMENTS_PER_TURN,
		.record_value_bytes_max = (uint32_t)settings->conflicts_value_bytes,
		.records_max = settings->conflicts_keep_records,
		.records_bytes_max = settings->conflicts_keep_bytes,
		.records_age_ms_max = settings->conflicts_keep_ms,
		.handler_retry_ms = (uint32_t)settings->handlers_retry_ms,
		.handler_retry_ms_max = (uint32_t)settings->handlers_retry_ms_max,
		.incarnations_max = CORE_INCARNATIONS_MAX,
		.waits_max = (uint32_t)settings->limits_waits,
		.homes = homes,
		.home_count = settings->home_count,
		.held_bytes_max = settings->limits_held_bytes,
		.hold_ms_max = (uint32_t)settings->limits_hold_ms,
		.scripts_bytes_max = settings->limits_scripts_bytes,
		.siblings_max = (uint32_t)settings->conflicts_siblings,
		.is_log_in_store = turn->logs[0]->class->is_in_store,
	};
	const char *error = NULL;
	turn->core = core_new(&options, &error);
	memory_free(rules);
	turn_homes_free(homes, settings->home_count);
	turn->status->core = turn->core;
	if (turn->core == NULL)
		log_error("cannot start", "why", error);
	return turn->core != NULL;
}

/* False: the process ends. */
static bool turn_has_core(struct turn *turn, uint32_t databases)
{
	if (turn->core == NULL && !turn->is_stopped && !turn_make_core(turn, databases))
		turn_fail(turn, EXIT_FAILURE);
	return turn->core != NULL;
}

static void turn_on_homes(void *context, const struct event *event, uint32_t databases)
{
	struct turn *turn = context;
	struct event homes = *event;
	if (turn_has_core(turn, databases))
		turn_step(turn, &homes);
}

static void turn_on_opened(void *context, const struct event *event, uint32_t databases)
{
	struct turn *turn = context;
	if (!turn_has_core(turn, databases))
		return;
	turn->is_open = true;
	struct event opened = *event;
	turn_step(turn, &opened);
	log_info("store opened", "version", store_facts(turn->store)->version, "run_id", store_facts(turn->store)->run_id,
	         "identity", store_facts(turn->store)->identity);
	if (!store_facts(turn->store)->is_noeviction && store_facts(turn->store)->maxmemory > 0)
		log_warn("Redis may evict keys here, which peers keep", "policy", store_facts(turn->store)->policy);
	turn->callbacks.opened(turn->callbacks.context, databases);
}

static void turn_on_lost(void *context, const char *why)
{
	struct turn *turn = context;
	log_warn("store lost", "why", why);
	turn->status->counters.store_losses++;
	if (!turn->is_open)
		return;
	turn_isolation_lose(turn);
	turn->is_open = false;
	turn_groups_clear(&turn->groups);
	turn_step(turn, &(struct event){ .type = EVENT_LOST });
	handler_runs_drop(turn->handler_runs);
	turn_errands_lose(turn->errands);
	turn->callbacks.lost(turn->callbacks.context);
}

static void turn_on_waiting(void *context, const char *why)
{
	(void)context;
	log_warn("store not open yet", "why", why);
}

static void turn_on_fenced(void *context, const char *why)
{
	struct turn *turn = context;
	log_error("another sidecar took this Redis over: stopping", "why", why);
	turn_fail(turn, EXIT_FENCED);
}

static void turn_on_reply(void *context, uint64_t tag, struct slice reply)
{
	turn_answer(context, tag, reply);
}

static void turn_on_answered(void *context, uint64_t id, const struct slice *replies, unsigned count, struct slice error)
{
	struct turn *turn = context;
	struct turn_group group = turn_groups_take(&turn->groups);
	assert(group.id == id);
	/* Before the core has the answer: it then lets go of the group's slots. */
	if (replies != NULL)
		turn_release(turn, &group, replies, count);
	turn_step(turn, &(struct event){ .type = EVENT_ANSWERED, .answered = { id, replies, count, error } });
}

static void turn_on_expired(void *context, uint32_t db, struct slice key)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_EXPIRED, .expired = { db, key } });
}

static void turn_on_tracked(void *context, unsigned protocol, struct slice push)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn->callbacks.tracked(turn->callbacks.context, protocol, push);
}

/* Nothing to do: the loop ends a turn after each of its passes. */
static void turn_on_fed(void *context)
{
	(void)context;
}

void turn_open_store(struct turn *turn)
{
	const struct settings *settings = turn->status->settings;
	struct store_options options = {
		.loop = turn->loop,
		.endpoint = &turn->status->redis,
		.username = settings->redis_username,
		.password = settings->redis_password,
		.reserved_db = (uint32_t)settings->redis_database,
		.dc = settings->dc,
		.timeout_ms = (uint32_t)settings->redis_timeout_ms,
		.retry_ms_max = (uint32_t)settings->redis_retry_ms_max,
		.reply_bytes_max = settings->redis_reply_bytes_max,
	};
	struct store_callbacks callbacks = {
		.context = turn,
		.opened = turn_on_opened,
		.homes = turn_on_homes,
		.lost = turn_on_lost,
		.waiting = turn_on_waiting,
		.fenced = turn_on_fenced,
		.reply = turn_on_reply,
		.answered = turn_on_answered,
		.expired = turn_on_expired,
		.tracked = turn_on_tracked,
		.fed = turn_on_fed,
	};
	turn->store = store_new(&options, &callbacks);
	turn->status->store = turn->store;
}

void turn_close_store(struct turn *turn)
{
	if (turn->store != NULL)
		store_free(turn->store);
	turn->store = NULL;
	turn->status->store = NULL;
}

void turn_watch_store(struct turn *turn)
{
	const struct store_facts *facts = store_facts(turn->store);
	bool is_refusing = core_status(turn->core)->refused_since_ms != 0;
	if (!turn->is_open)
		return;
	if (facts->is_evicting_all && !turn->is_evicting_told)
		log_error("Redis may evict what this sidecar keeps in it: writes are refused", "policy", facts->policy, "remedy", TURN_EVICTION_REMEDY);
	if (!facts->is_evicting_all && turn->is_evicting_told)
		log_info("Redis no longer evicts what this sidecar keeps in it: writes are taken", "policy", facts->policy);
	/* That it refuses them is an alarm of the core. */
	if (!is_refusing && turn->is_refusal_told)
		log_info("Redis takes the writes of other datacenters again");
	turn->is_evicting_told = facts->is_evicting_all;
	turn->is_refusal_told = is_refusing;
}

void turn_reopen_store(struct turn *turn)
{
	turn->is_reopening = false;
	store_reopen(turn->store, "connecting again to start over");
}

void turn_move_store(struct turn *turn)
{
	const struct endpoint *redis = &turn->status->redis;
	log_info("Sentinel names the primary", "host", redis->host, "port", log_number(redis->port));
	if (turn->store != NULL)
		store_move(turn->store, "Sentinel names another primary: connecting there");
}
