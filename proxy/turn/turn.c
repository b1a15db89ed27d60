/* Turn: one pass of the loop after another, and what sessions and the sidecar ask for meanwhile (see turn.h).
 *
 *   turn.c            the loop; requests and errands come in here
 *   turn_store.c      Redis and its answers        turn_logs.c     the logs and their messages
 *   turn_rules.c      rules and their handlers     turn_release.c  where clients get their answers
 *   turn_homes.c      homes, as the core takes them   turn_isolation.c, turn_cut.c   cut off for a drill
 *   turn_step.c       one event to the core, its effects to everybody else
 *   turn_groups.c     groups under way             turn_errands.c  questions of the sidecar itself        turn_clock.h  time */
#include "turn.h"

#include "proxy/core/commands/command.h"
#include "proxy/handler_runs/handler_runs.h"
#include "turn_errands.h"
#include "turn_guard.h"
#include "turn_isolation.h"
#include "turn_logs.h"
#include "turn_rules.h"
#include "turn_step.h"
#include "turn_store.h"

#include <assert.h>
#include <event2/event.h>
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
	turn->callbacks = options->callbacks;
	turn->errands = turn_errands_new(turn->loop);
	turn->handler_runs = handler_runs_new();
	handler_runs_configure(turn->handler_runs, turn->status->settings);
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
	turn_close_store(turn);
	if (turn->tick != NULL)
		event_free(turn->tick);
	turn->status->core = NULL;
	core_free(turn->core);
	effects_free(&turn->effects);
	turn_groups_free(&turn->groups);
	buffer_free(&turn->listing);
	turn_errands_free(turn->errands);
	handler_runs_free(turn->handler_runs);
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

void turn_take_settings(struct turn *turn)
{
	turn_reload_rules(turn);
}

static void turn_end(struct turn *turn)
{
	turn->callbacks.gathered(turn->callbacks.context);
	/* More handlers wait: the next turn, which runs one of them, must begin at once and not when something happens. */
	if (turn_run_handler(turn))
		event_active(turn->tick, EV_TIMEOUT, 0);
	if (turn->is_open) {
		turn_step(turn, &(struct event){ .type = EVENT_TURN_ENDED });
		if (core_is_unfinished(turn->core))
			event_active(turn->tick, EV_TIMEOUT, 0);
	}
	store_flush(turn->store);
	turn->callbacks.ended(turn->callbacks.context);
	if (turn->is_reopening)
		turn_reopen_store(turn);
	/* A turn in which nobody asked for the time did nothing that takes any. */
	if (turn->clock->is_read)
		histogram_observe(&turn->status->counters.turn_duration, turn_clock_us_of(CLOCK_BOOTTIME) - turn->clock->steady_us, 1);
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

void turn_read_remembered(struct turn *turn, unsigned protocol, uint32_t db, struct slice command, uint64_t token)
{
	assert(turn->is_open);
	store_read_remembered(turn->store, protocol, db, command, token);
}

void turn_remember_groups(struct turn *turn, bool is_on)
{
	store_remember_groups(turn->store, is_on);
}

uint32_t turn_groups_sent(const struct turn *turn)
{
	return turn->groups.next;
}

struct store_guard *turn_guard_new(struct turn *turn, unsigned protocol, const struct store_guard_callbacks *callbacks)
{
	assert(turn->is_open);
	return store_guard_new(turn->store, protocol, callbacks);
}

static bool has_write(const struct event *request)
{
	for (unsigned i = 0; i < request->request.count; i++)
		if (request->request.rows[i]->class == COMMAND_WRITE)
			return true;
	return false;
}

/* Nobody knows what of the outbox and the positions will still be there. */
static bool is_evicting_all(const struct turn *turn)
{
	return store_facts(turn->store)->is_evicting_all;
}

void turn_request(struct turn *turn, struct event *request)
{
	assert(turn->is_open);
	if (is_evicting_all(turn) && has_write(request))
		turn_refuse(turn, request->request.token, slice_of(TURN_EVICTING));
	else
		turn_step(turn, request);
}

static bool is_reading(enum ask ask)
{
	return ask == ASK_GET || ask == ASK_EXPLAIN || ask == ASK_TOKEN || ask == ASK_WAIT;
}

void turn_ask(struct turn *turn, struct event *asked)
{
	assert(asked->type == EVENT_ASKED);
	assert(turn->is_open);
	if (is_evicting_all(turn) && !is_reading(asked->asked.ask))
		turn_refuse(turn, asked->asked.token, slice_of(TURN_EVICTING));
	else
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

void turn_fetch_by(struct turn *turn, unsigned protocol, struct slice command, const struct errand *errand)
{
	uint64_t token = turn_errands_add(turn->errands, errand);
	if (turn->is_open)
		store_read(turn->store, protocol, (uint32_t)turn->status->settings->redis_database, command, token);
	else
		turn_errands_end(turn->errands, token, ERRAND_LOST, (struct slice){ "", 0 });
}

void turn_fetch_from(struct turn *turn, uint32_t db, struct slice command, const struct errand *errand)
{
	uint64_t token = turn_errands_add(turn->errands, errand);
	if (turn->is_open)
		store_read(turn->store, 2, db, command, token);
	else
		turn_errands_end(turn->errands, token, ERRAND_LOST, (struct slice){ "", 0 });
}

void turn_fetch(struct turn *turn, struct slice command, const struct errand *errand)
{
	turn_fetch_from(turn, (uint32_t)turn->status->settings->redis_database, command, errand);
}

void turn_forget(struct turn *turn, const void *context)
{
	turn_errands_drop(turn->errands, context);
}

const char *turn_busy(const struct turn *turn)
{
	return store_busy(turn->store);
}

void turn_probe(struct turn *turn)
{
	store_probe(turn->store);
}

const char *turn_refusal(const struct turn *turn)
{
	return core_refusal(turn->core);
}

uint64_t turn_gathering(const struct turn *turn)
{
	return core_gathering(turn->core);
}

bool turn_concerns_read(const struct turn *turn, const struct command *row, const struct request *request)
{
	return core_concerns_read(turn->core, row, request);
}

bool turn_reads_in_order(const struct turn *turn, struct slice key)
{
	return core_reads_in_order(turn->core, key);
}

uint64_t turn_entries_until_ms(const struct turn *turn)
{
	return core_entries_until_ms(turn->core);
}

unsigned turn_forwarded_to(const struct turn *turn, const struct command *row, const struct request *request)
{
	return core_forwarded_to(turn->core, row, request);
}

uint64_t turn_backlog(const struct turn *turn)
{
	if (!turn->is_open)
		return 0;
	uint64_t queued, answers_due, unanswered = core_unanswered_bytes(turn->core);
	store_load(turn->store, &queued, &answers_due);
	return queued > unanswered ? queued : unanswered;
}

/* ---- time ---- */

static void turn_on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct turn *turn = context;
	if (turn->core == NULL)
		return;
	turn_step(turn, &(struct event){ .type = EVENT_TICK });
	turn_isolation_tick(turn);
	turn_watch_rules(turn);
	turn_watch_store(turn);
}
