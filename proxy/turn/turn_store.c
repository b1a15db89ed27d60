/* The turn's store: the core is made when it is open for the first time; what it tells becomes events (see turn_parts.h). */
#include "turn_parts.h"

#include "proxy/handlers/handlers.h"
#include "proxy/ops/log.h"
#include "turn_errands.h"

#include <assert.h>

static bool turn_make_core(struct turn *turn, uint32_t databases)
{
	const struct settings *settings = turn->status->settings;
	struct core_rule *rules = turn_rules_new(settings);
	struct core_options options = {
		.dcs = turn->status->dcs,
		.dc_count = turn->status->dc_count,
		.rules = rules,
		.rule_count = settings->rule_count,
		.databases = databases,
		.reserved_db = (uint32_t)settings->redis_database,
		.heartbeat_ms = (uint32_t)settings->heartbeat_ms,
		.drift_ms_max = (uint32_t)settings->clock_drift_ms,
		.quarantine_ms = (uint32_t)settings->clock_quarantine_ms,
		.message_bytes_max = settings->limits_message_bytes,
		.inbox_bytes_max = settings->limits_inbox_bytes,
		.outbox_bytes_max = settings->limits_outbox_bytes,
		.metadata_bytes_max = settings->limits_metadata_bytes,
		.group_commands_max = (uint32_t)settings->limits_group_commands,
		.record_value_bytes_max = (uint32_t)settings->conflicts_value_bytes,
		.records_max = settings->conflicts_keep_records,
		.records_bytes_max = settings->conflicts_keep_bytes,
		.records_age_ms_max = settings->conflicts_keep_ms,
		.handler_retry_ms = (uint32_t)settings->handlers_retry_ms,
		.handler_retry_ms_max = (uint32_t)settings->handlers_retry_ms_max,
		.siblings_max = (uint32_t)settings->conflicts_siblings,
	};
	const char *error = NULL;
	turn->core = core_new(&options, &error);
	memory_free(rules);
	turn->status->core = turn->core;
	if (turn->core == NULL)
		log_error("cannot start", "why", error);
	return turn->core != NULL;
}

static void turn_on_opened(void *context, const struct event *event, uint32_t databases)
{
	struct turn *turn = context;
	if (turn->core == NULL && !turn_make_core(turn, databases)) {
		turn_stop(turn, 1);
		return;
	}
	turn->is_open = true;
	struct event opened = *event;
	turn_step(turn, &opened);
	log_info("store opened", "version", store_facts(turn->store)->version, "run_id", store_facts(turn->store)->run_id,
	         "identity", store_facts(turn->store)->identity);
	turn->handlers.opened(turn->handlers.context, databases);
}

static void turn_on_lost(void *context, const char *why)
{
	struct turn *turn = context;
	log_warn("store lost", "why", why);
	turn->status->counters.store_losses++;
	if (!turn->is_open)
		return;
	turn->is_open = false;
	turn_groups_clear(&turn->groups);
	turn_step(turn, &(struct event){ .type = EVENT_LOST });
	handlers_forget(turn->custom);
	turn_errands_lose(turn->errands);
	turn->handlers.lost(turn->handlers.context);
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
	turn->status->is_fenced = true;
	turn_stop(turn, 1);
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
	/* Clients first: the core lets go of the slots once it has the answer. */
	if (replies != NULL) {
		for (unsigned i = 0; i < group.slot_count; i++) {
			const struct slot *slot = &group.slots[i];
			assert(slot->reply < count);
			if (slot->token != 0)
				turn_answer(turn, slot->token, replies[slot->reply]);
		}
		turn->handlers.group_answered(turn->handlers.context);
	}
	turn_step(turn, &(struct event){ .type = EVENT_ANSWERED, .answered = { id, replies, count, error } });
}

static void turn_on_expired(void *context, uint32_t db, struct slice key)
{
	struct turn *turn = context;
	turn->handlers.expired(turn->handlers.context, db, key);
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_EXPIRED, .expired = { db, key } });
}

/* The loop ends a turn after each pass anyway. */
static void turn_on_fed(void *context)
{
	(void)context;
}

void turn_open_store(struct turn *turn)
{
	const struct settings *settings = turn->status->settings;
	struct store_options options = {
		.loop = turn->loop,
		.host = settings->redis_address.host,
		.port = settings->redis_address.port,
		.username = settings->redis_username,
		.password = settings->redis_password,
		.reserved_db = (uint32_t)settings->redis_database,
		.dc = settings->dc,
		.timeout_ms = (uint32_t)settings->redis_timeout_ms,
		.retry_ms_max = (uint32_t)settings->redis_retry_ms_max,
		.reply_bytes_max = settings->redis_reply_bytes_max,
	};
	struct store_handlers handlers = {
		.context = turn,
		.opened = turn_on_opened,
		.lost = turn_on_lost,
		.waiting = turn_on_waiting,
		.fenced = turn_on_fenced,
		.reply = turn_on_reply,
		.answered = turn_on_answered,
		.expired = turn_on_expired,
		.fed = turn_on_fed,
	};
	turn->store = store_new(&options, &handlers);
	turn->status->store = turn->store;
}

