#include "state.h"
#include "proxy/core/records/episode.h"

#include <assert.h>
#include <string.h>

#define SMALL_GROUP 64               /* requests */
#define SMALL_GROUP_BYTES 16384
#define TRIAL_MS 500

/* ---- making one ---- */

static const char *options_check(const struct core_options *options)
{
	if (options->dc_count == 0 || options->dc_count > CORE_DCS_MAX)
		return "between 1 and 16 datacenters, this one included, can replicate: name fewer peers";
	for (unsigned i = 0; i < options->dc_count; i++)
		for (unsigned j = i + 1; j < options->dc_count; j++)
			if (strcmp(options->dcs[i], options->dcs[j]) == 0)
				return "two datacenters have the same name: rename one";
	if (options->reserved_db >= options->databases)
		return "the reserved database does not exist in the store: choose a smaller redis.database or raise the server's 'databases'";
	return NULL;
}

void core_open_keyspace(struct core *core)
{
	core->keyspace.policy_for = policies_find;
	core->keyspace.policy_context = core;
	core->keyspace.note_value_bytes_max = core->options.record_value_bytes_max;
	keyspace_open(&core->keyspace, &core->origins, core->options.databases, core->options.reserved_db);
	episodes_open(&core->keyspace);
	latent_open(core);
	core->conflicts.keyspace = &core->keyspace;
}

struct core *core_new(const struct core_options *options, const char **error)
{
	*error = options_check(options);
	if (*error != NULL)
		return NULL;
	struct core *core = memory_new(sizeof *core);
	core->options = *options;
	core->dc_names = memory_new(options->dc_count * sizeof(char *));
	for (unsigned i = 0; i < options->dc_count; i++) {
		struct slice name = slice_of(options->dcs[i]);
		core->dc_names[i] = memory_new(name.len + 1);
		memcpy(core->dc_names[i], name.ptr, name.len);
		core->peers[i].end = &core->peers[i].first;
	}
	core->origins.dcs = (const char *const *)core->dc_names;
	core->origins.dc_count = options->dc_count;
	core->scratch = envelope_scratch_new();
	core->conflicts.arena = &core->seqs;
	core->conflicts.is_listing = options->is_listing_conflicts;
	core->asks_end = &core->asks;
	core->unanswered_end = &core->unanswered;
	core->aborted_end = &core->aborted;
	append_list_init(&core->sent);
	append_list_init(&core->waiting);
	append_list_init(&core->carried);
	core_open_keyspace(core);
	core->policies = policies_new(core, options->rules, options->rule_count, error);
	if (*error == NULL)
		return core;
	core_free(core);
	return NULL;
}

static void free_done(struct core *core)
{
	while (core->done != NULL) {
		struct group *group = core->done;
		core->done = group->next;
		group_free(core, group);
	}
}

void core_free(struct core *core)
{
	if (core == NULL)
		return;
	recover_close(core);
	free_done(core);
	group_free_spare(core);
	episodes_close(&core->keyspace);
	keyspace_free(&core->keyspace);
	append_list_clear(core, &core->sent);
	append_list_clear(core, &core->waiting);
	append_list_clear(core, &core->carried);
	for (unsigned i = 0; i < core->options.dc_count; i++) {
		memory_free(core->peers[i].miles);
		buffer_free(&core->peers[i].parts);
		memory_free(core->dc_names[i]);
	}
	policies_free_older(core);
	policies_free(core->policies);
	suspects_drop(core);
	memory_free(core->suspects);
	memory_free(core->handled);
	memory_free(core->dc_names);
	origins_free(&core->origins);
	envelope_scratch_free(core->scratch);
	changes_free(&core->changes);
	changes_free(&core->results);
	changes_free(&core->latent);
	apply_window_free(core->apply_window);
	arena_free(&core->seqs);
	buffer_free(&core->text);
	buffer_free(&core->replies);
	buffer_free(&core->resolutions);
	buffer_free(&core->run_id);
	reread_clear(core);
	memory_free(core->conflicts.settles);
	memory_free(core);
}

/* ---- what all files of the core need ---- */

void core_alarm(struct core *core, unsigned dc, const char *text)
{
	struct effect *effect = effects_add(core->effects, EFFECT_ALARM);
	effect->alarm.text = slice_of(text);
	effect->alarm.dc = dc;
}

uint64_t core_tick_hlc(struct core *core, unsigned writes)
{
	uint64_t first = hlc_next(core->hlc, core->now_ms);
	core->hlc = first + (writes > 0 ? writes - 1 : 0);
	return first;
}

void core_announce(struct core *core, const struct context *context)
{
	for (uint32_t i = 0; i < context->count; i++)
		if (i != core->self && context->seqs[i] > core->announced[i])
			core->announced[i] = context->seqs[i];
}

struct context *core_context(struct core *core)
{
	uint64_t seqs[ORIGINS_MAX];
	const struct context *before = core->origins.items[core->self].before;
	for (unsigned i = 0; i < core->origins.count; i++) {
		uint64_t applied = core->origins.items[i].applied, seen = before == NULL ? 0 : context_at(before, i);
		seqs[i] = seen > applied ? seen : applied;
	}
	seqs[core->self] = core->next_seq - 1;
	return context_new(seqs, core->origins.count);
}

struct context *core_confirmed(struct core *core)
{
	uint64_t seqs[ORIGINS_MAX];
	for (unsigned i = 0; i < core->origins.count; i++)
		seqs[i] = core->origins.items[i].confirmed;
	seqs[core->self] = core->answered_seq;
	return context_new(seqs, core->origins.count);
}

struct context *core_translate(struct core *core, struct slice positions)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	struct position position;
	while (envelope_context_next(&positions, &position)) {
		int origin = origins_get(&core->origins, position.dc, position.incarnation);
		if (origin >= 0)
			seqs[origin] = position.seq;
	}
	struct context *context = context_new(seqs, core->origins.count);
	context->is_explicit = true;
	return context;
}

bool core_has_applied(const struct core *core, const struct context *context)
{
	for (uint32_t i = 0; context != NULL && i < context->count; i++)
		if (context->seqs[i] > core->origins.items[i].applied)
			return false;
	return true;
}

bool core_is_caught_up(const struct core *core)
{
	return core->is_gate_open && core_has_applied(core, core->origins.items[core->self].before);
}

bool core_lift(const struct core *core, struct context **context, unsigned own)
{
	const struct context *before = core->origins.items[own].before;
	bool is_lifted = false;
	uint64_t seqs[ORIGINS_MAX];
	for (unsigned i = 0; i < core->origins.count; i++) {
		seqs[i] = context_at(*context, i);
		if (before == NULL || i == own || context_at(before, i) <= seqs[i])
			continue;
		seqs[i] = context_at(before, i);
		is_lifted = true;
	}
	if (is_lifted) {
		context_drop(*context);
		*context = context_new(seqs, core->origins.count);
	}
	return is_lifted;
}

/* Depends on what was stamped and announced alone: whoever settles the write comes to the same time, and times go up with seqs. */
uint64_t core_lift_hlc(const struct core *core, unsigned own, uint64_t seq, uint64_t hlc)
{
	uint64_t before = core->origins.items[own].before_hlc;
	return before > 0 && before + seq > hlc ? before + seq : hlc;
}

static void raise(uint64_t *at_least, uint64_t value)
{
	if (value > *at_least)
		*at_least = value;
}

void core_note_logged(struct core *core, unsigned own, uint64_t first_seq, uint64_t hlc, unsigned writes)
{
	struct origin *origin = &core->origins.items[own];
	if (hlc > first_seq)
		raise(&origin->before_hlc, hlc - first_seq);
	for (unsigned i = 0; i < core->origins.count; i++)
		if (core->origins.items[i].dc == 0 && core->origins.items[i].incarnation > origin->incarnation)
			raise(&core->origins.items[i].before_hlc, hlc + writes);
}

struct context *core_lifted(struct core *core, struct batch *batch, bool *is_lifted)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	int own = origins_get(&core->origins, batch->dc, batch->incarnation);
	assert(own >= 0);
	for (unsigned i = 0; i < batch->context_count; i++) {
		int origin = origins_dc(&core->origins, batch->context[i].dc) < 0 ? -1 :
			origins_get(&core->origins, batch->context[i].dc, batch->context[i].incarnation);
		if (origin >= 0)
			seqs[origin] = batch->context[i].seq;
	}
	struct context *context = context_new(seqs, core->origins.count);
	*is_lifted = core_lift(core, &context, (unsigned)own);
	batch->hlc = core_lift_hlc(core, (unsigned)own, batch->first_seq, batch->hlc);
	return context;
}

unsigned core_positions(const struct core *core, const struct context *context, struct position *positions)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < context->count; i++) {
		const struct origin *origin = &core->origins.items[i];
		if (context->seqs[i] > 0)
			positions[count++] = (struct position){ slice_of(core->dc_names[origin->dc]), origin->incarnation, context->seqs[i] };
	}
	return count;
}

/* ---- steps ---- */

/* A small group waits as long as one is on its way, so that the next is larger: for the store one after the other is the same (as RFC 896 does
 * with segments). */
static bool is_worth_sending(const struct core *core)
{
	unsigned members = 0;
	size_t bytes = 0;
	for (unsigned lane = 0; lane < 2; lane++) {
		const struct group *group = core->open[lane];
		members += group == NULL ? 0 : group->member_count;
		bytes += group == NULL ? 0 : group->bytes.len + group->pairs.len;
	}
	bool is_small = members < SMALL_GROUP && bytes < SMALL_GROUP_BYTES;
	return members > 0 && (!is_small || core->local_unanswered == 0);
}

static void turn_ended(struct core *core)
{
	if (!core->is_open)
		return;
	recover_pump(core);
	stability_pump(core);
	if (positions_are_due(core) && core->remote_unanswered == 0)
		positions_record(core);
	remote_pump(core);
	rules_pump(core);
	reread_pump(core);
	handle_pump(core);
	ask_pump(core);
	sweep_pump(core);
	if (core->aborted != NULL)
		group_rerun(core);
	else if (!core->is_draining && is_worth_sending(core))
		gather_close(core);
	outbox_pump(core);
}

static bool is_quiet(const struct core *core)
{
	return core->local_unanswered == 0 && core->aborted == NULL && core->waiting.first == NULL && core->is_gate_open;
}

/* Are writes taken again after a remote batch was refused? */
static void try_store(struct core *core)
{
	struct group *group = group_new(core, GROUP_TRIAL);
	script_select(&group->script, core->options.reserved_db);
	script_add(&group->script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("trial"), SLICE("1") });
	group_send(core, group);
	core->trial_ms = core->now_ms;
}

static void tick(struct core *core)
{
	if (!core->is_open)
		return;
	/* While an earlier one is not durable, another would only queue up behind it. */
	bool is_due = core->now_ms - core->heartbeat_ms >= core->options.heartbeat_ms || core->now_ms < core->heartbeat_ms;
	if (is_due && is_quiet(core) && core->sent.first == NULL)
		outbox_heartbeat(core, false);
	if (core->is_store_refusing && core->now_ms - core->trial_ms >= TRIAL_MS)
		try_store(core);
	if (core->is_probe_due && core->now_ms - core->trial_ms >= TRIAL_MS) {
		core->trial_ms = core->now_ms;
		settle_stored(core);
	}
	turn_ended(core);
}

static void lost_position(struct core *core, unsigned dc)
{
	if (core->is_open && core->peers[dc].is_following)
		peer_stop(core, dc, PEER_NEEDS_RESYNC, "its log no longer holds the position to continue from: adopt a peer's snapshot");
}

/* Answers were written while their buffer could still move. */
static void fix_replies(struct core *core)
{
	const char *reply = core->replies.ptr;
	for (unsigned i = 0; i < core->effects->count; i++) {
		struct effect *effect = &core->effects->items[i];
		if (effect->type == EFFECT_REPLY && effect->reply.bytes.ptr == NULL) {
			effect->reply.bytes.ptr = reply;
			reply += effect->reply.bytes.len;
		}
	}
}

static void begin_step(struct core *core, const struct event *event, struct effects *effects)
{
	effects->count = 0;
	core->effects = effects;
	core->conflicts.effects = effects;
	core->now_ms = event->now_ms;
	core->keyspace.now_ms = event->now_ms;
	arena_reset(&core->seqs);
	buffer_reset(&core->replies);
	core->reply_at = 0;
	free_done(core);
}

void core_step(struct core *core, const struct event *event, struct effects *effects)
{
	begin_step(core, event, effects);
	switch (event->type) {
	case EVENT_OPENED: recover_open(core, event); break;
	case EVENT_LOST: recover_close(core); break;
	case EVENT_REQUEST: gather_request(core, event); break;
	case EVENT_TURN_ENDED: turn_ended(core); break;
	case EVENT_ANSWERED: group_answered(core, event); break;
	case EVENT_EXPIRED:
		if (core->is_open)
			reread_add(core, event->expired.db, event->expired.key, true);
		break;
	case EVENT_BATCH: inbox_take(core, event->batch.dc, event->batch.position, event->batch.bytes); break;
	case EVENT_LOG_LOST_POSITION: lost_position(core, event->log.dc); break;
	case EVENT_LOG_LOST_BEGINNING: core->is_log_cut |= event->log.dc == 0; break;
	case EVENT_APPENDED: outbox_appended(core, event->appended.id, event->appended.position); break;
	case EVENT_APPEND_RETRY: outbox_retry(core, event->appended.id); break;
	case EVENT_TICK: tick(core); break;
	case EVENT_ASKED: ask_take(core, event); break;
	case EVENT_HANDLED: handle_ended(core, event); break;
	case EVENT_RULES: rules_change(core, event->rules.rules, event->rules.count); break;
	}
	fix_replies(core);
}

bool core_is_holding(const struct core *core)
{
	return core->is_draining || core->aborted != NULL;
}

uint64_t core_gathering(const struct core *core)
{
	return core->gathering;
}

uint64_t core_unanswered_bytes(const struct core *core)
{
	return core->unanswered_bytes;
}
