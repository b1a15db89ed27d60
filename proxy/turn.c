/* Turn: events in, effects out (see turn.h). */
#include "turn.h"

#include "../connectors/log.h"
#include "../connectors/store.h"
#include "log.h"
#include "turn_groups.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/time.h>

#define TICK_MS 100

struct turn {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	struct turn_handlers handlers;
	struct store *store;
	struct core *core;           /* NULL before the store was opened for the first time */
	struct effects effects;
	struct log *logs[CORE_DCS_MAX]; /* [0]: the own one */
	struct turn_groups groups;
	struct event *tick;          /* libevent's */
	bool is_open;
	bool is_stepping;            /* the core's effects are being run */
	bool is_reopening;           /* at the end of this turn */
	bool is_stopped;
	int exit_code;
};

static bool logs_open(struct turn *turn, struct buffer *error);
static void turn_open_store(struct turn *turn);
static void turn_on_lost(void *context, const char *why);
static void turn_end(struct turn *turn);
static void turn_step(struct turn *turn, struct event *event);
static void turn_on_tick(evutil_socket_t fd, short what, void *context);

struct turn *turn_new(const struct turn_options *options, struct buffer *error)
{
	static const struct timeval tick_interval = { .tv_usec = TICK_MS * 1000 };
	struct turn *turn = memory_new(sizeof(*turn));
	turn->loop = options->loop;
	turn->clock = options->clock;
	turn->status = options->status;
	turn->handlers = options->handlers;
	if (!logs_open(turn, error)) {
		turn_free(turn);
		return NULL;
	}
	turn_open_store(turn);
	turn->tick = event_new(turn->loop, -1, EV_PERSIST, turn_on_tick, turn);
	event_add(turn->tick, &tick_interval);
	return turn;
}

void turn_free(struct turn *turn)
{
	if (turn == NULL)
		return;
	/* Nobody listens any more: what connectors still say on their way out changes nothing. */
	turn->is_open = false;
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++) {
		if (turn->logs[dc] != NULL)
			turn->logs[dc]->class->close(turn->logs[dc], 0);
	}
	if (turn->store != NULL)
		store_free(turn->store);
	if (turn->tick != NULL)
		event_free(turn->tick);
	turn->status->store = NULL;
	turn->status->core = NULL;
	core_free(turn->core);
	effects_free(&turn->effects);
	turn_groups_free(&turn->groups);
	memory_free(turn);
}

int turn_run(struct turn *turn)
{
	while (!turn->is_stopped) {
		event_base_loop(turn->loop, EVLOOP_ONCE);
		turn_end(turn);
	}
	return turn->exit_code;
}

void turn_stop(struct turn *turn, int exit_code)
{
	turn->is_stopped = true;
	turn->exit_code = exit_code;
}

/* The core mistrusts what it knows of the store: connecting again is how it starts over. */
static void turn_reopen_store(struct turn *turn)
{
	turn->is_reopening = false;
	turn_on_lost(turn, "connecting again to start over");
	store_free(turn->store);
	turn_open_store(turn);
}

static void turn_end(struct turn *turn)
{
	turn->handlers.gathered(turn->handlers.context);
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_TURN_ENDED });
	store_flush(turn->store);
	turn->handlers.ended(turn->handlers.context);
	if (turn->is_reopening)
		turn_reopen_store(turn);
	turn_clock_end(turn->clock);
}

/* ---- for sessions ---- */

bool turn_is_open(const struct turn *turn)
{
	return turn->is_open;
}

bool turn_is_quiet(const struct turn *turn)
{
	if (!turn->is_open)
		return true;
	const struct core_status *status = core_status(turn->core);
	return status->groups_unanswered == 0 && status->outbox_events == 0;
}

void turn_read(struct turn *turn, unsigned protocol, uint32_t db, struct slice command, uint64_t token)
{
	assert(turn->is_open);
	store_read(turn->store, protocol, db, command, token);
}

void turn_request(struct turn *turn, struct event *request)
{
	assert(turn->is_open);
	turn_step(turn, request);
}

uint64_t turn_gathering(const struct turn *turn)
{
	return core_gathering(turn->core);
}

/* ---- effects ---- */

static void group_run(struct turn *turn, const struct effect *group)
{
	turn_groups_add(&turn->groups, group);
	turn->handlers.group_sent(turn->handlers.context, group);
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

/* Lag from there to here. */
static void visible_observe(struct turn *turn, const struct effect *effect)
{
	uint64_t now_ms = turn_clock_now(turn->clock)->unix_ms;
	uint64_t lag_ms = now_ms > effect->visible.written_ms ? now_ms - effect->visible.written_ms : 0;
	histogram_observe(&turn->status->counters.replication_latency[effect->visible.dc], lag_ms * 1000, effect->visible.writes);
}

static void log_effect_run(struct turn *turn, const struct effect *effect)
{
	struct log *log = turn->logs[effect->log.dc];
	switch (effect->type) {
	case EFFECT_FOLLOW:
		log->class->follow(log, effect->log.position);
		return;
	case EFFECT_UNFOLLOW:
		log->class->unfollow(log);
		return;
	case EFFECT_PAUSE:
	case EFFECT_RESUME:
		log->class->pause(log, effect->type == EFFECT_PAUSE);
		return;
	case EFFECT_TRIM:
		log->class->trim(log, effect->log.position);
		return;
	default:
		assert(false && "an effect on a log");
	}
}

static void effect_run(struct turn *turn, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_GROUP:
		group_run(turn, effect);
		return;
	case EFFECT_REFUSE:
		turn->handlers.refused(turn->handlers.context, effect->refuse.token, effect->refuse.error);
		return;
	case EFFECT_APPEND:
		turn->logs[0]->class->append(turn->logs[0], effect->append.id, effect->append.bytes);
		return;
	case EFFECT_CONFLICT:
		conflict_log(turn, effect);
		return;
	case EFFECT_VISIBLE:
		visible_observe(turn, effect);
		return;
	case EFFECT_REOPEN:
		turn->is_reopening = true;
		return;
	case EFFECT_ALARM:
		alarm_log(turn, effect);
		return;
	default:
		log_effect_run(turn, effect);
	}
}

/* Connectors never call back from within a call, so steps do not nest. */
static void turn_step(struct turn *turn, struct event *event)
{
	assert(!turn->is_stepping);
	turn->is_stepping = true;
	event->now_ms = turn_clock_now(turn->clock)->unix_ms;
	core_step(turn->core, event, &turn->effects);
	for (unsigned i = 0; i < turn->effects.count; i++)
		effect_run(turn, &turn->effects.items[i]);
	turn->is_stepping = false;
}

static void turn_on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct turn *turn = context;
	if (turn->core != NULL)
		turn_step(turn, &(struct event){ .type = EVENT_TICK });
}

/* ---- the store ---- */

static bool turn_make_core(struct turn *turn, uint32_t databases)
{
	const struct settings *settings = turn->status->settings;
	struct core_rule *rules = memory_new(settings->rule_count * sizeof(*rules));
	for (unsigned i = 0; i < settings->rule_count; i++)
		rules[i] = (struct core_rule){ .match = settings->rules[i].match, .rule = settings->rules[i].rule };
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
	log_info("store opened", "version", store_facts(turn->store)->version, "run_id", store_facts(turn->store)->run_id);
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
	struct turn *turn = context;
	turn->handlers.answered(turn->handlers.context, tag, reply);
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
				turn->handlers.answered(turn->handlers.context, slot->token, replies[slot->reply]);
		}
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

static void turn_open_store(struct turn *turn)
{
	const struct settings *settings = turn->status->settings;
	struct store_options options = {
		.loop = turn->loop,
		.host = settings->redis_address.host,
		.port = settings->redis_address.port,
		.username = settings->redis_username,
		.password = settings->redis_password,
		.reserved_db = (uint32_t)settings->redis_database,
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

/* ---- the logs ---- */

static void turn_on_message(void *context, unsigned dc, int64_t position, struct slice bytes)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_BATCH, .batch = { dc, position, bytes } });
}

static void turn_on_lost_position(void *context, unsigned dc, const char *why)
{
	struct turn *turn = context;
	log_error("the log no longer has the position to continue from: this datacenter needs a resync",
	          "dc", turn->status->dcs[dc], "why", why);
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_LOG_LOST_POSITION, .log = { dc } });
}

static void turn_on_lost_beginning(void *context, unsigned dc)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_LOG_LOST_BEGINNING, .log = { dc } });
}

/* The core's own log goes on while the store is away: what it gave to append stays given. */
static void turn_on_appended(void *context, uint64_t id, int64_t position)
{
	struct turn *turn = context;
	if (turn->core != NULL)
		turn_step(turn, &(struct event){ .type = EVENT_APPENDED, .appended = { id, position } });
}

static void turn_on_append_retry(void *context, uint64_t id)
{
	struct turn *turn = context;
	if (turn->core != NULL)
		turn_step(turn, &(struct event){ .type = EVENT_APPEND_RETRY, .appended = { .id = id } });
}

static void turn_on_log_state(void *context, unsigned dc, bool is_connected, const char *text)
{
	struct turn *turn = context;
	struct log_status *status = &turn->status->logs[dc];
	status->is_connected = is_connected;
	/* The first state of all may be told while the log is still being opened. */
	if (turn->logs[dc] != NULL)
		status->retention_ms = turn->logs[dc]->class->retention_ms(turn->logs[dc]);
	snprintf(status->text, sizeof(status->text), "%s", text);
	log_line(is_connected ? SETTINGS_LEVEL_INFO : SETTINGS_LEVEL_WARN, is_connected ? "log connected" : "log not connected",
	         "dc", turn->status->dcs[dc], "what", text, NULL);
}

static bool log_open(struct turn *turn, unsigned dc, const struct settings_log *settings, struct buffer *error)
{
	const struct log_class *class = log_class_find(settings->kind);
	assert(class != NULL);       /* the configuration was checked */
	struct log_pair *pairs = memory_new(settings->pair_count * sizeof(*pairs));
	for (unsigned i = 0; i < settings->pair_count; i++)
		pairs[i] = (struct log_pair){ settings->pairs[i].name, settings->pairs[i].value };
	struct log_options options = {
		.loop = turn->loop,
		.dc = turn->status->dcs[dc],
		.dc_index = dc,
		.is_own = dc == 0,
		.pairs = pairs,
		.pair_count = settings->pair_count,
		.reserved_db = (uint32_t)turn->status->settings->redis_database,
		.retain_bytes = turn->status->settings->limits_log_retain_bytes,
	};
	struct log_handlers handlers = {
		.context = turn,
		.message = turn_on_message,
		.lost_position = turn_on_lost_position,
		.lost_beginning = turn_on_lost_beginning,
		.appended = turn_on_appended,
		.append_retry = turn_on_append_retry,
		.state = turn_on_log_state,
		.fed = turn_on_fed,
	};
	const char *why = "";
	turn->logs[dc] = class->open(&options, &handlers, &why);
	memory_free(pairs);
	if (turn->logs[dc] != NULL)
		return true;
	buffer_add_text(error, "cannot open the log of ");
	buffer_add_text(error, options.dc);
	buffer_add_text(error, ": ");
	buffer_add_text(error, why);
	return false;
}

static bool logs_open(struct turn *turn, struct buffer *error)
{
	const struct settings *settings = turn->status->settings;
	if (!log_open(turn, 0, &settings->log, error))
		return false;
	for (unsigned i = 0; i < settings->peer_count; i++) {
		if (!log_open(turn, i + 1, &settings->peers[i].log, error))
			return false;
	}
	return true;
}
