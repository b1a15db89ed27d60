#include "core_parts.h"
#include "proxy/core/causes/clocks.h"
#include "proxy/core/local/kept.h"
#include "proxy/core/local/promise.h"
#include "proxy/core/topology/admission.h"
#include "proxy/core/topology/doubt.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/leaving.h"
#include "proxy/core/topology/missed.h"
#include "proxy/core/topology/move_orders.h"
#include "proxy/core/topology/moving.h"

#define TRIAL_MS 500

static bool is_quiet(const struct core *core)
{
	return core->groups.local_unanswered == 0 && !local_is_rerunning(core->local) && core->outbox.waiting.first == NULL &&
	       core->causes.is_gate_open;
}

/* Nothing is read or written for anybody. */
static void torn_ended(struct core *core)
{
	if (positions_are_due(&core->books) && core->groups.remote_unanswered == 0)
		positions_send(&core->books);
	torn_pump(core->recovery);
	outbox_pump(&core->outbox);
}

static void note_elements(struct core *core)
{
	if (core->step.turn_elements > core->step.status.turn_elements_max)
		core->step.status.turn_elements_max = core->step.turn_elements;
	core->step.turn_elements = 0;
}

/* Clients' writes go on, and nothing else: what is half taken in may not be looked at. */
static void late_ended(struct core *core)
{
	core->step.is_unfinished = true;
	local_set_draining(core->local, false);
	if (!local_is_rerunning(core->local) && gathering_is_worth_sending(core->local))
		gathering_close(core->local);
	gather_guarded_pump(core->local);
	outbox_pump(&core->outbox);
}

static void pieces_ended(struct core *core)
{
	core->step.is_unfinished = true;
	remote_pump_pieces(core->remote);
	outbox_pump(&core->outbox);
}

static void turn_ended(struct core *core)
{
	core->step.is_unfinished = false;
	note_elements(core);
	if (!core->causes.is_open)
		return;
	if (remote_is_in_pieces(core->remote)) {
		pieces_ended(core);
		return;
	}
	late_pump(core);
	if (late_is_any(core)) {
		late_ended(core);
		return;
	}
	if (core->causes.lost_parts != 0) {
		torn_ended(core);
		return;
	}
	recover_pump(core->recovery);
	stability_pump(core->remote);
	reuse_pump(core);
	if (positions_are_due(&core->books) && !local_is_rerunning(core->local) && core->groups.remote_unanswered == 0)
		positions_send(&core->books);
	remote_pump(core->remote);
	if (remote_is_in_pieces(core->remote)) {
		core->step.is_unfinished = true;
		return;
	}
	rules_pump(core);
	readback_pump(core->local);
	topology_pump(core->topology);
	gather_scripts_pump(core->local);
	gather_homes_pump(core->local);        /* behind what is read back of these users */
	handle_pump(core->asks);
	ask_pump(core->asks);
	wait_pump(core->asks);
	sweep_pump(core->asks);
	if (local_is_rerunning(core->local))
		rerun_pump(core->local);
	else if (!local_is_draining(core->local) && gathering_is_worth_sending(core->local))
		gathering_close(core->local);
	gather_guarded_pump(core->local);
	outbox_pump(&core->outbox);
	if (!local_has_open(core->local) && !local_is_rerunning(core->local)) {
		leaving_mark(core->topology);
		moving_mark(core->topology);
	}
	/* One at a time. Where writes are under way, their batch does as well. */
	if (topology_is_heartbeat_due(core->topology) && is_quiet(core) && core->outbox.sent.first == NULL)
		outbox_heartbeat(&core->outbox, 0);
}

/* The store refused something. Sends a trial (a harmless write), to see whether it takes writes again. */
static void try_store(struct core *core)
{
	struct group *group = group_new(&core->groups, GROUP_TRIAL);
	script_select(&group->script, core->options.reserved_db);
	script_add(&group->script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("trial"), SLICE("1") });
	group_send(&core->groups, group);
	core->trial_ms = core->step.steady_ms;
}

static void tick(struct core *core)
{
	clocks_judge(&core->causes, &core->options);
	kept_forget(&core->outbox);
	if (!core->causes.is_open)
		return;
	identity_tick(&core->causes);
	/* While an earlier heartbeat is not durable, another would only queue up behind it. */
	bool is_due = core->step.steady_ms - core->outbox.heartbeat_ms >= core->options.heartbeat_ms;
	if (is_due && is_quiet(core) && core->outbox.sent.first == NULL)
		outbox_heartbeat(&core->outbox, 0);
	own_log_tell_stopped(core->recovery);
	topology_tick(core->topology);
	groups_note_calm(&core->groups);
	bool is_trial_due = (core->groups.is_store_refusing || core->groups.is_store_full) && core->groups.refused == NULL;
	if (is_trial_due && core->step.steady_ms - core->trial_ms >= TRIAL_MS)
		try_store(core);
	if (settle_is_refused(core->recovery) && core->step.steady_ms - core->trial_ms >= TRIAL_MS) {
		core->trial_ms = core->step.steady_ms;
		settle_again(core->recovery);
	}
	turn_ended(core);
}

static void lost_position(struct core *core, unsigned dc)
{
	if (!core->causes.is_open || !core->causes.peers[dc].is_following || (dc == 0 && own_log_begin_again(core->recovery)))
		return;
	peer_stop(&core->causes, dc, PEER_NEEDS_RESYNC,
	          "its log no longer holds the position to continue from: docs/operating.md, needs-resync, says what to do");
}

/* Whatever is tried meanwhile, this counts from when remote writes began to wait. */
static void note_recalling(struct core *core)
{
	struct core_status *status = &core->step.status;
	if (core->causes.is_recalled)
		status->recalling_since_ms = 0;
	else if (status->recalling_since_ms == 0)
		status->recalling_since_ms = core->step.steady_ms;
}

/* Until it is known what others wrote into our log, it must be read again from there. */
static void take_between(struct core *core, const struct event *event)
{
	struct books *books = &core->books;
	struct batch batch;
	if (!core->causes.is_gate_open)
		return;
	if (event->between.bytes.ptr == NULL) {
		books->own_held_until = books->is_own_held && books->own_held_until > event->between.position ? books->own_held_until : event->between.position;
		books->is_own_held = true;
		return;
	}
	bool is_known = envelope_decode(event->between.bytes, core->step.envelope, &batch) != ENVELOPE_OK || identity_hear_between(&core->causes, &batch);
	if (!is_known)
		books->own_held_until = INT64_MAX;
	else if (event->between.position >= books->own_held_until)
		books->is_own_held = false;
}

/* Recovery is given each message of our own log before the inbox holds it. */
static void take_batch(struct core *core, const struct event *event)
{
	unsigned dc = event->batch.dc;
	struct delivery *delivery = inbox_take(core->remote, dc, event->batch.position, event->batch.bytes);
	if (delivery == NULL)
		return;
	if (dc == 0)
		own_log_take(core->recovery, delivery);
	inbox_hold(core->remote, dc, delivery);
}

static void take_asked(struct core *core, const struct event *event)
{
	switch (event->asked.ask) {
	case ASK_TOKEN: case ASK_WAIT: wait_take(core->asks, event); break;
	case ASK_REHOME: case ASK_TAKE_OVER: move_order(core->topology, event); break;
	case ASK_GET: case ASK_SET: case ASK_DELETE: case ASK_EXPLAIN: case ASK_RESOLVE: case ASK_RETRY: ask_take(core->asks, event); break;
	}
}

/* Must all that the store has answered be taken in first? */
static bool needs_answers(enum event_type type)
{
	switch (type) {
	case EVENT_HOMES: case EVENT_OPENED: case EVENT_LOST: case EVENT_RULES: case EVENT_HANDLED:
		return true;
	case EVENT_REQUEST: case EVENT_TURN_ENDED: case EVENT_ANSWERED: case EVENT_EXPIRED: case EVENT_BATCH: case EVENT_LOG_LOST_POSITION:
	case EVENT_LOG_LOST_BEGINNING: case EVENT_BETWEEN: case EVENT_NAMESAKE: case EVENT_APPENDED: case EVENT_APPEND_RETRY: case EVENT_TICK: case EVENT_ASKED:
		return false;
	}
	return false;
}

static void open_store(struct core *core, const struct event *event)
{
	stream_tops_forget_all(core->conflicts.ids.tops);
	topology_close(core->topology);
	doubt_begin_opening(core->topology);
	recover_open(core->recovery, event);
	doubt_end_reading(core->topology);
	missed_begin_opening(core->topology);
}

static void lose_store(struct core *core)
{
	topology_close(core->topology);
	scripts_unload(&core->scripts);
	libraries_unload(&core->scripts.libraries);
	recover_close(core->recovery);
}

void core_step(struct core *core, const struct event *event, struct effects *effects)
{
	step_begin(&core->step, event, effects);
	core->conflicts.effects = effects;
	core->keyspace.now_ms = event->now_ms;
	groups_free_done(&core->groups);
	late_free_done(core);
	topology_begin_step(core->topology);
	/* A session token, too, is made of what is in flight (wait.c). */
	if (event->type == EVENT_RULES || event->type == EVENT_ASKED)
		remote_finish_pieces(core->remote);
	if (needs_answers(event->type))
		late_finish(core);
	switch (event->type) {
	case EVENT_HOMES: homes_load(core->topology, event); break;
	case EVENT_OPENED: open_store(core, event); break;
	case EVENT_LOST: lose_store(core); break;
	case EVENT_REQUEST: gather_request(core->local, event); break;
	case EVENT_TURN_ENDED: turn_ended(core); break;
	case EVENT_ANSWERED:
		if (late_is_due(core, event))
			late_add(core, event);
		else
			answers_take(core, event);
		break;
	case EVENT_EXPIRED:
		if (core->causes.is_open)
			rereads_add(&core->rereads, event->expired.db, event->expired.key, true);
		break;
	case EVENT_BATCH: take_batch(core, event); break;
	case EVENT_LOG_LOST_POSITION: lost_position(core, event->log.dc); break;
	case EVENT_LOG_LOST_BEGINNING:
		core->causes.peers[event->log.dc].is_cut = true;
		if (event->log.dc == 0)
			own_log_note_cut(core->recovery);
		break;
	case EVENT_BETWEEN: take_between(core, event); break;
	case EVENT_NAMESAKE:
		if (core->causes.is_open)
			identity_hear_namesake(&core->causes, event->log.dc);
		break;
	case EVENT_APPENDED: outbox_appended(&core->outbox, event->appended.id, event->appended.position); break;
	case EVENT_APPEND_RETRY: outbox_retry(&core->outbox, event->appended.id); break;
	case EVENT_TICK: tick(core); break;
	case EVENT_ASKED: take_asked(core, event); break;
	case EVENT_HANDLED: handle_ended(core->asks, event); break;
	case EVENT_RULES: rules_change(core, event->rules.rules, event->rules.count); break;
	}
	note_recalling(core);
	step_end(&core->step);
}

uint64_t core_gathering(const struct core *core)
{
	return local_gathering(core->local);
}

uint64_t core_unanswered_bytes(const struct core *core)
{
	return core->groups.unanswered_bytes;
}

bool core_is_unfinished(const struct core *core)
{
	return core->step.is_unfinished;
}

const char *core_refusal(const struct core *core)
{
	return core->causes.lost_parts != 0 ? core->causes.trouble : NULL;
}

bool core_is_holding(const struct core *core)
{
	return local_is_holding(core->local);
}

bool core_user_of_key(const struct core *core, struct slice key, struct buffer *user)
{
	struct user found;
	if (!patterns_user(&core->topology->patterns, key, &found))
		return false;
	patterns_add_user(user, &found);
	return true;
}

bool core_home_of_user(const struct core *core, struct slice user, struct home *home)
{
	return homes_told(core->topology, user, home);
}

bool core_concerns_read(const struct core *core, const struct command *row, const struct request *request)
{
	return admission_concerns_read(core->topology, row, request);
}

bool core_reads_in_order(const struct core *core, struct slice key)
{
	struct policies policies = core->policies;
	return policies.current->is_ordering && policies_find(&policies, key)->is_stream_ordered;
}

uint64_t core_entries_until_ms(const struct core *core)
{
	uint64_t until_ms = promise_entries(core->local, NULL);
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (core->causes.peers[dc].fresh.entries_from_ms < until_ms)
			until_ms = core->causes.peers[dc].fresh.entries_from_ms;
	return until_ms;
}

unsigned core_forwarded_to(const struct core *core, const struct command *row, const struct request *request)
{
	return admission_forwarded_to(core->topology, row, request);
}
