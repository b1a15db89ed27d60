/* Recover: the only way to start (docs/replication-model.md, "Recovery"). From what the store remembers and what the logs
 * hold, everything else is rebuilt. Local writes are taken meanwhile; final batches wait behind the gate, remote writes until
 * the metadata is whole. */
#include "proxy/core/state.h"
#include "proxy/core/conflicts/fraction.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/versions/version.h"

#include <assert.h>
#include <string.h>

/* ---- closing ---- */

static void free_groups(struct core *core, struct group **list)
{
	while (*list != NULL) {
		struct group *group = *list;
		*list = group->next;
		group_reread(core, group);
		group_free(core, group);
	}
}

static void drop_stored(struct core *core)
{
	for (unsigned i = 0; i < core->stored_count; i++) {
		memory_free((void *)(uintptr_t)core->stored[i].intent.ptr);
		memory_free((void *)(uintptr_t)core->stored[i].final.ptr);
	}
	memory_free(core->stored);
	core->stored = NULL;
	core->stored_count = 0;
}

void recover_close(struct core *core)
{
	core->is_open = false;
	for (unsigned lane = 0; lane < 2; lane++)
		free_groups(core, &core->open[lane]);
	core->gathering++;
	free_groups(core, &core->unanswered);
	free_groups(core, &core->aborted);
	core->unanswered_end = &core->unanswered;
	core->aborted_end = &core->aborted;
	core->unanswered_count = core->local_unanswered = core->remote_unanswered = core->units_rerun = core->flushes_in_flight = 0;
	core->unanswered_bytes = 0;
	core->is_draining = false;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++) {
		inbox_drop(core, dc);
		core->peers[dc].is_following = core->peers[dc].is_follow_moved = false;
	}
	if (!core->is_gate_open)
		settle_carry(core);
	outbox_disown_entries(core);
	ask_drop_all(core);
	handle_forget(core);
	sweep_reset(core);
	/* What was to be read back still is; so is what was read back in vain. */
	for (unsigned i = 0; i < core->conflicts.settle_count; i++) {
		reread_add(core, core->conflicts.settles[i].db, core->conflicts.settles[i].key, false);
		settle_free(&core->conflicts.settles[i]);
	}
	core->conflicts.settle_count = 0;
	drop_stored(core);
	episodes_close(&core->keyspace);
	keyspace_free(&core->keyspace);
	policies_free_older(core);
	core_open_keyspace(core);
	buffer_reset(&core->resolutions);
	core->resolution_count = 0;
	core->is_trim_due = false;
}

/* ---- opening ---- */

static void forget_positions(struct core *core)
{
	for (unsigned i = 0; i < core->origins.count; i++) {
		struct origin *origin = &core->origins.items[i];
		origin->applied = origin->confirmed = origin->recalled = origin->stable = 0;
		origin->floor = origin->kept = origin->round_stable = origin->round_applied = 0;
		origin->ledger.len = 0;
	}
	for (unsigned dc = 0; dc < core->options.dc_count; dc++) {
		struct peer *peer = &core->peers[dc];
		peer->follow_position = peer->position = POSITION_BEGIN;
		peer->state = PEER_RECALLING;
		peer->applied_digest = 0;
		/* What it has applied must be heard again, in log order: only then is everything concurrent with it here, too. */
		memset(peer->known, 0, sizeof peer->known);
	}
}

/* Entries stand in the order in which they were executed: by incarnation, then by seq. */
struct stored *stored_find(struct core *core, unsigned origin, uint64_t first_seq)
{
	uint64_t incarnation = core->origins.items[origin].incarnation;
	unsigned low = 0, high = core->stored_count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		struct stored *stored = &core->stored[middle];
		uint64_t other = core->origins.items[stored->origin].incarnation;
		if (stored->origin == origin && stored->first_seq == first_seq)
			return stored;
		if (other < incarnation || (other == incarnation && stored->first_seq < first_seq))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* One outbox entry: an intent ("b"), or the final form of an earlier one ("r"). */
static bool read_entry(struct core *core, const struct stored_entry *entry)
{
	struct batch batch;
	if (envelope_decode(entry->payload, core->scratch, &batch) != ENVELOPE_OK)
		return false;
	int origin = origins_get(&core->origins, batch.dc, batch.incarnation);
	if (origin < 0 || core->origins.items[origin].dc != 0)
		return false;
	if (slice_equal(entry->kind, SLICE("r"))) {
		struct stored *stored = stored_find(core, (unsigned)origin, batch.first_seq);
		if (stored != NULL && stored->final.len == 0)
			stored->final = buffer_copy(entry->payload);
		return true;
	}
	uint64_t last_hlc = batch.hlc + batch.write_count;
	if (last_hlc > core->hlc)
		core->hlc = last_hlc;
	core->stored = memory_resize(core->stored, (core->stored_count + 1) * sizeof(struct stored));
	core->stored[core->stored_count++] = (struct stored){
		.intent = buffer_copy(entry->payload), .entry_ms = entry->ms, .entry_seq = entry->seq,
		.origin = (unsigned)origin, .first_seq = batch.first_seq, .write_count = batch.write_count,
	};
	uint64_t last_seq = batch.first_seq + batch.write_count - 1;
	struct origin *own = &core->origins.items[origin];
	if (last_seq > own->applied)
		own->applied = own->confirmed = last_seq;
	return true;
}

static void follow(struct core *core, unsigned dc)
{
	core->peers[dc].is_following = true;
	struct effect *effect = effects_add(core->effects, EFFECT_FOLLOW);
	effect->log.dc = dc;
	effect->log.position = core->peers[dc].follow_position;
}

/* This process reads the own log from the stored position on. What was announced before that, the store had by then. */
static void note_announced(struct core *core)
{
	for (unsigned i = 0; i < core->origins.count; i++) {
		const struct origin *origin = &core->origins.items[i];
		if (origin->dc != 0 && origin->applied > core->announced[i])
			core->announced[i] = origin->applied;
	}
}

void recover_open(struct core *core, const struct event *event)
{
	bool is_same_run;
	uint64_t incarnation = 0;
	recover_close(core);
	forget_positions(core);
	core->nonce = event->opened.nonce;
	core->is_suspecting = core->is_settling = false;
	core->is_rules_due = true;
	suspects_drop(core);
	bool is_readable = positions_read(core, event, &is_same_run, &incarnation);
	if (!core->has_announced)
		note_announced(core);
	for (unsigned i = 0; i < event->opened.outbox_count; i++)
		is_readable = is_readable && read_entry(core, &event->opened.outbox[i]);
	if (!is_readable || (!is_same_run && core->origins.count == ORIGINS_MAX)) {
		core_alarm(core, 0, "the reserved database holds what this version cannot read: nothing is replicated, writes are refused");
		return;
	}
	/* A run of the server that we did not see begin may lack its tail: a dot must never name two writes. */
	if (!is_same_run)
		incarnation = core->nonce;
	core->self = (unsigned)origins_get_dc(&core->origins, 0, incarnation);
	core->answered_seq = core->origins.items[core->self].applied;
	core->next_seq = core->answered_seq + 1;
	bool has_answers = core->stored_answered.incarnation == incarnation && core->stored_answered.last >= core->answered_seq;
	core->answered_first = has_answers ? core->stored_answered.first : core->next_seq;
	struct origin *self = &core->origins.items[core->self];
	core->is_begun = core->stored_answered.incarnation == incarnation && core->stored_answered.is_begun;
	retention_begin(core);
	episodes_restore(core, event);
	core->is_open = true;
	core->opened_ms = core->now_ms;
	core->is_probe_due = false;
	memset(core->heard, 0, sizeof core->heard);
	core->heard_hlc = 0;
	core->is_hello_seen = core->is_gate_open = core->is_recalled = core->is_log_cut = false;
	for (unsigned i = 0; i < core->origins.count; i++) {
		core->opened_applied[i] = core->origins.items[i].applied;
		core->logged[i] = core->origins.items[i].floor;
		core->origins.items[i].is_logged_whole = core->origins.items[i].floor > 0;
	}
	/* Its hello is behind us: it must not be taken for lost, and what it wrote for later than another one. */
	self->is_logged_whole |= core->is_begun;
	/* What this process has executed and not yet appended comes before the hello, so that it is found again. */
	outbox_hand_over(core);
	if (!is_same_run && core->has_announced)
		self->before = context_new(core->announced, core->origins.count);
	outbox_heartbeat(core, true);
	for (unsigned dc = 0; dc < core->options.dc_count; dc++)
		follow(core, dc);
	buffer_reset(&core->run_id);
	buffer_add(&core->run_id, event->opened.run_id);
	core->is_run_due = true;
	positions_record(core);
}

/* ---- reading the own log up to the hello ---- */

/* Drops what the log has; the rest waits for the probe. */
static void drop_logged(struct core *core)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < core->stored_count; i++) {
		struct stored *stored = &core->stored[i];
		uint64_t *logged = &core->logged[stored->origin];
		/* The log has lost some of it: what precedes the outbox was there, or would still be in the outbox. */
		if (!core->origins.items[stored->origin].is_logged_whole && stored->first_seq > *logged)
			*logged = stored->first_seq - 1;
		if (stored->first_seq + stored->write_count - 1 > core->logged[stored->origin]) {
			core->stored[kept++] = *stored;
			continue;
		}
		memory_free((void *)(uintptr_t)stored->intent.ptr);
		memory_free((void *)(uintptr_t)stored->final.ptr);
	}
	core->stored_count = kept;
}

static void stop_reading(struct core *core)
{
	core->peers[0].is_following = false;
	effects_add(core->effects, EFFECT_UNFOLLOW)->log.dc = 0;
}

/* The log has nothing of the origin: it never had, or has lost it. */
static bool is_in_doubt(const struct core *core, unsigned origin)
{
	return !core->origins.items[origin].is_logged_whole && core->logged[origin] == 0;
}

/* The store is so old that it knows no position in the log, and the log no longer has its beginning. Writes that may have been in there
 * must not be shipped a second time, perhaps as something else. */
static bool has_doubts(const struct core *core)
{
	if (!core->is_log_cut)
		return false;
	for (unsigned i = 0; i < core->stored_count; i++)
		if (is_in_doubt(core, core->stored[i].origin))
			return true;
	for (const struct append *append = core->carried.first; append != NULL; append = append->next)
		if (is_in_doubt(core, append->origin))
			return true;
	return false;
}

static void begin_after(struct core *core, struct origin *own)
{
	if (own->before != NULL)
		return;
	own->before = context_new(core->heard, core->origins.count);
	if (core->heard_hlc > own->before_hlc)
		own->before_hlc = core->heard_hlc;
}

/* The store says that its first hello got into the log: it is in front of what we read. */
static bool was_begun(const struct core *core, unsigned origin)
{
	return core->stored_answered.is_begun && core->stored_answered.incarnation == core->origins.items[origin].incarnation;
}

/* An incarnation of which the log has nothing began after all that it has: its first hello did not get there. */
static void hear_lost_hellos(struct core *core)
{
	for (unsigned i = 0; i < core->origins.count; i++)
		if (core->origins.items[i].dc == 0 && is_in_doubt(core, i) && !was_begun(core, i))
			begin_after(core, &core->origins.items[i]);
}

/* Our store has not read what the log no longer has: it may be gone everywhere, even what was acknowledged. What there is goes on. */
static void tell_log_lost(struct core *core)
{
	core->peers[0].state = PEER_NEEDS_RESYNC;
	core_alarm(core, 0, "our own log lost its beginning, of which our Redis knows nothing: writes of ours may be gone: adopt a peer's snapshot");
}

/* The first hello: all that the log had when we started is read. A second one comes behind writes that the store lost and that were
 * not in the log yet: they have come back by then, like any other origin's. */
static void hear_hello(struct core *core)
{
	bool is_first = !core->is_hello_seen;
	core->is_hello_seen = core->has_announced = core->is_begun = true;
	if (is_first && has_doubts(core)) {
		peer_stop(core, 0, PEER_NEEDS_RESYNC, "our own log lost its beginning, and our Redis its end: adopt a peer's snapshot");
		return;
	}
	core->is_log_lost |= core->is_log_cut;
	if (is_first && core->is_log_lost)
		tell_log_lost(core);
	if (is_first) {
		drop_logged(core);
		settle_adopt_carried(core);
	}
	if (!is_first || core->carried.first == NULL)
		stop_reading(core);
	if (is_first)
		settle_stored(core);
}

/* What this process announced lately may not be in the log yet: earlier incarnations had not seen it. */
static void hear(struct core *core, unsigned origin, uint64_t seq)
{
	if (seq > core->heard[origin])
		core->heard[origin] = seq;
	if (seq > core->announced[origin])
		core->announced[origin] = seq;
}

void recover_own_batch(struct core *core, const struct delivery *delivery)
{
	struct origin *own = &core->origins.items[delivery->origin];
	/* An incarnation's first hello bears its number: what the log said up to here was announced before it. */
	own->is_logged_whole |= delivery->hello == own->incarnation;
	if (delivery->write_count > 0 && delivery->first_seq > core->logged[delivery->origin] + 1)
		own->is_logged_whole = false;
	if (delivery->hello != 0 && delivery->hello == own->incarnation)
		begin_after(core, own);
	if (delivery->hello == core->nonce && !core->is_hello_seen)
		hear_lost_hellos(core);
	if (delivery->write_count > 0 && !core->is_hello_seen)
		settle_logged(core, delivery);
	if (delivery->write_count > 0)
		core_note_logged(core, delivery->origin, delivery->first_seq, delivery->hlc, delivery->write_count);
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	for (uint32_t i = 0; i < delivery->context->count; i++)
		hear(core, i, delivery->context->seqs[i]);
	hear(core, delivery->origin, last_seq);
	/* The hello only names what comes next: whether all before it is in the log is what we are about to find out. */
	if (delivery->write_count > 0 && last_seq > core->logged[delivery->origin])
		core->logged[delivery->origin] = last_seq;
	uint64_t last_hlc = delivery->hlc + delivery->write_count;
	if (last_hlc > core->heard_hlc)
		core->heard_hlc = last_hlc;
	if (last_hlc > core->hlc)
		core->hlc = last_hlc;
	if (delivery->hello == core->nonce)
		hear_hello(core);
}

/* ---- metadata ---- */

static bool is_whole(const struct core *core)
{
	for (unsigned i = 0; i < core->origins.count; i++)
		if (core->origins.items[i].recalled < core->opened_applied[i])
			return false;
	return true;
}

/* It may have met its deadline while nobody listened, or have lost it in a group whose answer never came. */
static void doubt_deadline(void *context, struct key *key)
{
	if (key->fixed[KIND_TTL] != NULL)
		keyspace_set_thinned(context, key);
}

static void kill_unvouched(void *context, struct key *key)
{
	for (struct element *element = key->elements; element != NULL; element = element->next)
		element_kill_unvouched(context, element);
}

/* Once every DC's metadata is back, remote writes may be applied, and what is stable forgotten. */
void recover_pump(struct core *core)
{
	if (core->is_recalled || !core->is_gate_open || !is_whole(core))
		return;
	core->is_recalled = core->keyspace.is_whole = true;
	/* What was stable came back only for what it beats or covers. */
	keyspace_each_key(&core->keyspace, kill_unvouched, &core->keyspace);
	keyspace_forget(&core->keyspace);
	keyspace_sweep(&core->keyspace);
	keyspace_each_key(&core->keyspace, doubt_deadline, &core->keyspace);
}
