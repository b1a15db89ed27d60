/* Recover: the only way to start (docs/replication-model.md, "Recovery"). It rebuilds our state from what the store remembers and what the logs
 * hold. Meanwhile clients may write: their batches wait until the gate opens. Remote writes wait until the metadata is whole. */
#include "stored.h"

#include "proxy/core/causes/rooms.h"
#include "proxy/core/conflicts/fraction.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/versions/forget.h"
#include "proxy/core/versions/sequence.h"
#include "proxy/core/versions/version.h"

#include <assert.h>
#include <string.h>

/* Begins with an empty keyspace, which knows no writes. */
static void open_keyspace(struct recovery *recovery)
{
	struct keyspace *keyspace = recovery->keyspace;
	keyspace->policy_for = policies_find;
	keyspace->policy_context = recovery->policies;
	keyspace->note_value_bytes_max = recovery->options->record_value_bytes_max;
	keyspace_open(keyspace, &recovery->causes->origins, recovery->options->databases, recovery->options->reserved_db);
	episodes_open(keyspace);
	latent_open(recovery->apply);
	recovery->conflicts->keyspace = keyspace;
}

/* ---- closing ---- */

/* Fractions of two DCs were added to these numbers, and their rounded sums were to be read back. That is still due after the next opening. */
static void keep_roundings(struct recovery *recovery)
{
	struct conflicts *conflicts = recovery->conflicts;
	for (unsigned i = 0; i < conflicts->rounding_count; i++) {
		rereads_add(recovery->rereads, conflicts->roundings[i].db, conflicts->roundings[i].key, false);
		rounding_free(&conflicts->roundings[i]);
	}
	conflicts->rounding_count = 0;
}

void recover_close(struct recovery *recovery)
{
	recovery_state_move(&recovery->state, RECOVERY_LOST, recovery->causes);
	local_close(recovery->local);
	remote_drop_pieces(recovery->remote);
	for (unsigned dc = 0; dc < recovery->options->dc_count; dc++) {
		inbox_drop(recovery->remote, dc);
		miles_drop(recovery->books, dc);
		recovery->causes->peers[dc].is_following = false;
	}
	if (!recovery->causes->is_gate_open)
		settle_carry(recovery);
	outbox_disown_entries(recovery->outbox);
	outbox_hold(recovery->outbox);
	asks_close(recovery->asks);
	keep_roundings(recovery);
	stored_drop(recovery);
	episodes_close(recovery->keyspace);
	keyspace_free(recovery->keyspace);
	policies_free_older(recovery->policies);
	open_keyspace(recovery);
	books_reset(recovery->books);
}

struct recovery *recovery_new(const struct rooms *rooms)
{
	struct recovery *recovery = memory_new(sizeof *recovery);
	*recovery = (struct recovery){
		.options = rooms->options, .step = rooms->step, .causes = rooms->causes, .rereads = rooms->rereads, .suspects = rooms->suspects,
		.groups = rooms->groups, .books = rooms->books, .apply = rooms->apply, .outbox = rooms->outbox, .local = rooms->local,
		.asks = rooms->asks, .remote = rooms->remote, .keyspace = rooms->keyspace, .conflicts = rooms->conflicts,
		.policies = rooms->policies,
	};
	append_list_init(&recovery->carried);
	open_keyspace(recovery);
	return recovery;
}

uint64_t recovery_check(const struct recovery *recovery)
{
	uint64_t events = 0;
	recovery_state_check(recovery->state, recovery->causes);
	for (const struct append *append = recovery->carried.first; append != NULL; append = append->next)
		events += append->events;
	return events;
}

void recovery_free(struct recovery *recovery)
{
	append_list_clear(recovery->outbox, &recovery->carried);
	memory_free(recovery);
}

/* ---- opening ---- */

static void forget_positions(struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->causes->origins.count; i++) {
		struct origin *origin = &recovery->causes->origins.items[i];
		origin->was_confirmed = origin->confirmed;
		origin->applied = origin->confirmed = origin->recalled = origin->stable = 0;
		origin->floor = origin->kept = origin->round_stable = origin->round_applied = 0;
		origin->ledger.len = 0;
		origin->is_past = origin->is_unused = origin->is_begun = false;
		/* We must hear again, in log order, what each DC has applied. Only then do we hold everything that is concurrent with it. */
		memset(origin->known, 0, sizeof origin->known);
	}
	floors_drop(recovery->causes->origins.floors);
	floors_drop(recovery->causes->origins.heard);
	recovery->causes->origins.floors = recovery->causes->origins.heard = NULL;
	for (unsigned dc = 0; dc < recovery->options->dc_count; dc++) {
		struct peer *peer = &recovery->causes->peers[dc];
		recovery->books->roads[dc].follow_position = recovery->books->roads[dc].told_position = peer->position = POSITION_BEGIN;
		peer->state = PEER_RECALLING;
		peer->is_cut = false;
		peer->reached_incarnation = 0;
		peer->applied_digest = 0;
	}
}

/* A store that came back without some of a peer's writes no longer has all that the peer committed up to then. */
static void doubt_freshness(struct recovery *recovery, bool is_read)
{
	for (unsigned dc = 1; dc < recovery->options->dc_count && !is_read; dc++)
		peer_doubt_fresh(recovery->causes, dc);
	for (unsigned i = 0; i < recovery->causes->origins.count; i++) {
		const struct origin *origin = &recovery->causes->origins.items[i];
		if (origin->confirmed < origin->was_confirmed)
			peer_doubt_fresh(recovery->causes, origin->dc);
	}
}

static void follow(struct recovery *recovery, unsigned dc)
{
	recovery->causes->peers[dc].is_following = true;
	recovery->causes->peers[dc].listening_since_ms = recovery->step->steady_ms;
	struct effect *effect = effects_add(recovery->step->effects, EFFECT_FOLLOW);
	effect->log.dc = dc;
	effect->log.position = recovery->books->roads[dc].follow_position;
}

/* A new process reads its own log from the stored position on. Whatever was announced before that position is applied in the store. */
static void note_announced(struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->causes->origins.count; i++) {
		struct origin *origin = &recovery->causes->origins.items[i];
		if (origin->dc != 0 && origin->applied > origin->announced)
			origin->announced = origin->applied;
	}
	floors_join(&recovery->causes->origins.announced, recovery->causes->origins.floors);
}

static bool read_store(struct recovery *recovery, const struct event *event, bool *is_same_run, uint64_t *incarnation)
{
	bool is_readable = positions_read(recovery->books, event, is_same_run, incarnation);
	if (!recovery->causes->has_announced)
		note_announced(recovery);
	for (unsigned i = 0; i < event->opened.outbox_count; i++)
		is_readable = is_readable && stored_read(recovery, &event->opened.outbox[i]);
	*is_same_run = *is_same_run && event->opened.parts == CORE_PARTS_ALL;
	/* A new run of the server needs an incarnation of its own. */
	if (origins_indexed(&recovery->causes->origins) >= CORE_INCARNATIONS_KNOWN_MAX && (!is_readable || !*is_same_run))
		recovery->causes->trouble = CORE_TROUBLE_INCARNATIONS;
	else if (recovery->causes->is_exchanged)
		recovery->causes->trouble = CORE_TROUBLE_EXCHANGED;
	else if (!is_readable)
		recovery->causes->trouble = CORE_TROUBLE_UNREADABLE;
	return recovery->causes->trouble == NULL;
}

/* Which origin we are, and what it has done so far. */
static struct origin *begin_incarnation(struct recovery *recovery, uint64_t incarnation)
{
	struct causes *causes = recovery->causes;
	struct books *books = recovery->books;
	causes->self = (unsigned)origins_get_dc(&causes->origins, 0, incarnation);
	struct origin *self = &causes->origins.items[causes->self];
	causes->answered_seq = self->applied;
	causes->next_seq = causes->answered_seq + 1;
	bool is_stored = books->stored_answered.incarnation == incarnation;
	bool has_answers = is_stored && books->stored_answered.last >= causes->answered_seq;
	books->answered_first = has_answers ? books->stored_answered.first : causes->next_seq;
	return self;
}

/* Nothing of our own log has been read yet. */
static void begin_reading(struct recovery *recovery)
{
	struct causes *causes = recovery->causes;
	recovery->is_log_cut = recovery->has_lost_position = false;
	recovery->heard_hlc = 0;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		struct origin *origin = &causes->origins.items[i];
		origin->heard = 0;
		origin->opened_applied = origin->applied;
		origin->logged = origin->floor;
		/* The hello of what has begun may stand before the position that we read from. Without this, it would be taken for lost, and its writes for
		 * later than those of another incarnation. */
		origin->is_logged_whole = origin->floor > 0 || origin->is_begun;
	}
}

/* The largest context that others may have heard of us. */
static struct context *announced(struct causes *causes)
{
	struct origins *origins = &causes->origins;
	struct context *context = context_new(origins, origins->count);
	context->floors = floors_hold(origins->announced);
	for (unsigned i = 0; i < origins->count; i++)
		if (!origin_is_below(origins, origins->announced, i))
			context->seqs[i] = origins->items[i].announced;
	return context;
}

static void note_run(struct recovery *recovery, struct slice run_id)
{
	buffer_reset(&recovery->books->run_id);
	buffer_add(&recovery->books->run_id, run_id);
	recovery->books->is_run_due = true;
}

/* Incarnations go up, whatever somebody did to the clock: one below our floor would count as over. */
static uint64_t later_nonce(const struct causes *causes, uint64_t nonce)
{
	const struct origins *origins = &causes->origins;
	if (nonce < floor_at(origins->floors, 0))
		nonce = floor_at(origins->floors, 0);
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].dc == 0 && origins->items[i].incarnation >= nonce)
			nonce = origins->items[i].incarnation + 1;
	return nonce > causes->identity.rival_incarnation ? nonce : causes->identity.rival_incarnation + 1;
}

void recover_open(struct recovery *recovery, const struct event *event)
{
	struct causes *causes = recovery->causes;
	bool is_same_run;
	uint64_t incarnation = 0;
	recover_close(recovery);
	forget_positions(recovery);
	suspects_begin_opening(recovery->suspects);
	recovery->nonce = event->opened.nonce;
	causes->trouble = NULL;
	identity_begin(causes, event->opened.store_id);
	recovery->books->is_own_held = false;
	struct event believed = torn_judge(recovery, event);
	bool is_read = read_store(recovery, &believed, &is_same_run, &incarnation);
	doubt_freshness(recovery, is_read && causes->lost_parts == 0);
	if (!is_read) {
		recovery_state_move(&recovery->state, RECOVERY_OPENED_UNREADABLE, causes);
		step_alarm(recovery->step, 0, causes->trouble);
		return;
	}
	torn_begin(recovery);
	is_same_run = is_same_run && !causes->identity.is_renewal_due;
	causes->identity.is_renewal_due = false;
	/* If Redis was restarted, it may have lost its last writes. Then we need a new incarnation, or their dots would be used again: a dot must
	 * never name two writes. */
	if (!is_same_run)
		recovery->nonce = later_nonce(causes, recovery->nonce);
	struct origin *self = begin_incarnation(recovery, is_same_run ? incarnation : recovery->nonce);
	retention_begin(recovery->books);
	episodes_restore(recovery->books, &believed);
	recovery_state_move(&recovery->state, RECOVERY_OPENED, causes);
	causes->opened_ms = recovery->step->steady_ms;
	if (causes->clock == 0)
		causes->clock = event->opened.nonce;
	begin_reading(recovery);
	if (!is_same_run)
		lost_end_open(recovery);
	/* Batches that this process executed and did not append yet go before the hello, so that reading up to the hello finds them. */
	outbox_go_on(recovery->outbox);
	outbox_hand_over(recovery->outbox);
	if (!is_same_run && causes->has_announced)
		self->before = announced(causes);
	outbox_heartbeat(recovery->outbox, recovery->nonce);
	for (unsigned dc = 0; dc < recovery->options->dc_count; dc++)
		follow(recovery, dc);
	note_run(recovery, event->opened.run_id);
	/* Beside data, and nothing of ours, what is written now would look like what is left of more. */
	if (!recovery->is_adopting)
		positions_send(recovery->books);
}

/* ---- metadata ---- */

/* What a log has lost is not waited for: the other logs are read on without it. */
static bool is_due(const struct recovery *recovery, const struct origin *origin)
{
	return origin_lacks_metadata(origin) && recovery->causes->peers[origin->dc].state != PEER_NEEDS_RESYNC;
}

static bool is_whole(const struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->causes->origins.count; i++)
		if (is_due(recovery, &recovery->causes->origins.items[i]))
			return false;
	return true;
}

void recovery_status(const struct recovery *recovery, struct core_status *status)
{
	const struct origins *origins = &recovery->causes->origins;
	status->recovery = recovery_state_text(recovery->state);
	for (unsigned dc = 0; dc < recovery->options->dc_count; dc++)
		status->peers[dc].is_recall_due = dc == 0 && recovery->state == RECOVERY_READING;
	for (unsigned i = 0; i < origins->count && recovery->state == RECOVERY_RECALLING; i++)
		status->peers[origins->items[i].dc].is_recall_due |= is_due(recovery, &origins->items[i]);
}

static bool has_lost_metadata(const struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->causes->origins.count; i++)
		if (origin_lacks_metadata(&recovery->causes->origins.items[i]))
			return true;
	return false;
}

/* The key may have expired while we were not connected, or have lost its deadline in a group whose answer never came. */
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

/* When the metadata of every DC is back, remote writes may be applied, and stable metadata be forgotten. */
void recover_pump(struct recovery *recovery)
{
	if (recovery->state != RECOVERY_RECALLING || !is_whole(recovery))
		return;
	recovery_state_move(&recovery->state, RECOVERY_METADATA_BACK, recovery->causes);
	recovery->step->status.has_lost_metadata |= has_lost_metadata(recovery);
	recovery->keyspace->is_whole = true;
	/* Stable versions were recalled only for what they beat or cover. They have done that now, and go. */
	keyspace_each_key(recovery->keyspace, kill_unvouched, recovery->keyspace);
	keyspace_forget(recovery->keyspace, UINT32_MAX);
	keyspace_prune(recovery->keyspace);
	sequences_prune_recalled(recovery->keyspace);
	keyspace_each_key(recovery->keyspace, doubt_deadline, recovery->keyspace);
}
