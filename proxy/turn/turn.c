/* Turn: events in, effects out (see turn.h). */
#include "turn.h"

#include "proxy/handlers/handlers.h"
#include "proxy/ops/log.h"
#include "turn_errands.h"
#include "turn_parts.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/time.h>

#define TICK_MS 100

static void turn_end(struct turn *turn);
static void turn_on_tick(evutil_socket_t fd, short what, void *context);

struct turn *turn_new(const struct turn_options *options, struct buffer *error)
{
	static const struct timeval tick_interval = { .tv_usec = TICK_MS * 1000 };
	struct turn *turn = memory_new(sizeof(*turn));
	turn->loop = options->loop;
	turn->clock = options->clock;
	turn->status = options->status;
	turn->handlers = options->handlers;
	turn->errands = turn_errands_new(turn->loop);
	turn->custom = handlers_new();
	handlers_set(turn->custom, turn->status->settings);
	turn->rules_reloads = turn->status->settings->rules_reloads;
	if (!turn_open_logs(turn, error)) {
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
	turn_close_logs(turn);
	if (turn->store != NULL)
		store_free(turn->store);
	if (turn->tick != NULL)
		event_free(turn->tick);
	turn->status->store = NULL;
	turn->status->core = NULL;
	core_free(turn->core);
	effects_free(&turn->effects);
	turn_groups_free(&turn->groups);
	turn_errands_free(turn->errands);
	handlers_free(turn->custom);
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
	/* The next one runs in a turn of its own, which must not wait for anything to happen. */
	if (turn_run_handler(turn))
		event_active(turn->tick, EV_TIMEOUT, 0);
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

void turn_ask(struct turn *turn, struct event *asked)
{
	assert(asked->type == EVENT_ASKED);
	assert(turn->is_open);
	turn_step(turn, asked);
}

/* ---- for the sidecar itself ---- */

void turn_ask_for(struct turn *turn, struct event *asked, const struct errand *errand)
{
	asked->asked.token = turn_errands_add(turn->errands, errand);
	if (turn->is_open)
		turn_ask(turn, asked);
	else
		turn_errands_end(turn->errands, asked->asked.token, ERRAND_LOST, (struct slice){ "", 0 });
}

void turn_fetch(struct turn *turn, struct slice command, const struct errand *errand)
{
	uint64_t token = turn_errands_add(turn->errands, errand);
	if (turn->is_open)
		store_read(turn->store, 2, (uint32_t)turn->status->settings->redis_database, command, token);
	else
		turn_errands_end(turn->errands, token, ERRAND_LOST, (struct slice){ "", 0 });
}

void turn_forget(struct turn *turn, const void *context)
{
	turn_errands_drop(turn->errands, context);
}

bool turn_is_holding(const struct turn *turn)
{
	return core_is_holding(turn->core);
}

uint64_t turn_gathering(const struct turn *turn)
{
	return core_gathering(turn->core);
}

uint64_t turn_backlog(const struct turn *turn)
{
	if (!turn->is_open)
		return 0;
	uint64_t queued, answers_due, unanswered = core_unanswered_bytes(turn->core);
	store_load(turn->store, &queued, &answers_due);
	return queued > unanswered ? queued : unanswered;
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

static void refuse_run(struct turn *turn, const struct effect *effect)
{
	uint64_t token = effect->refuse.token;
	if (turn_errands_are_meant(token))
		turn_errands_end(turn->errands, token, ERRAND_REFUSED, effect->refuse.error);
	else
		turn->handlers.refused(turn->handlers.context, token, effect->refuse.error);
}

void turn_answer(struct turn *turn, uint64_t token, struct slice reply)
{
	if (turn_errands_are_meant(token))
		turn_errands_end(turn->errands, token, ERRAND_ANSWERED, reply);
	else
		turn->handlers.answered(turn->handlers.context, token, reply);
}

static void effect_run(struct turn *turn, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_GROUP:
		group_run(turn, effect);
		return;
	case EFFECT_REFUSE:
		refuse_run(turn, effect);
		return;
	case EFFECT_REPLY:
		turn_answer(turn, effect->reply.token, effect->reply.bytes);
		return;
	case EFFECT_APPEND:
		turn->status->counters.shipped_bytes += effect->append.bytes.len;
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
	case EFFECT_HANDLE:
		handlers_ask(turn->custom, effect);
		return;
	case EFFECT_ALARM:
		alarm_log(turn, effect);
		return;
	default:
		log_effect_run(turn, effect);
	}
}

void turn_step(struct turn *turn, struct event *event)
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
	if (turn->core == NULL)
		return;
	turn_step(turn, &(struct event){ .type = EVENT_TICK });
	turn_watch_rules(turn);
}
