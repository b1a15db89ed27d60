/* Remote: batches whose causes are applied become one transaction for the store. It holds their outcome and their positions in the logs, so that
 * each batch takes effect exactly once. */
#include "remote_state.h"
#include "proxy/core/causes/clocks.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/topology.h"
#include "proxy/core/conflicts/render.h"

#include <assert.h>

#define BATCHES_PER_TURN 256
#define WRITES_PER_TURN 8192
#define BYTES_PER_TURN (512 * 1024)      /* so that what a transaction holds stays in the processor's cache, here and in Redis */
#define CAREFUL_MS 5000                  /* after the store was full, local and remote groups are not under way at the same time */

static bool is_own_log_read(const struct remote *remote)
{
	return remote->inboxes[0].first == NULL && !remote->causes->peers[0].is_following;
}

/* Our store had lost what is below our floor, and our log has brought it back: all of it, unless the log lost its beginning. */
static bool has_own_below(const struct remote *remote, uint64_t floor)
{
	if (floor > floor_at(remote->causes->origins.heard, 0) || remote->books->is_log_lost)
		return false;
	for (const struct delivery *delivery = remote->inboxes[0].first; delivery != NULL; delivery = delivery->next)
		if (remote->causes->origins.items[delivery->origin].incarnation < floor)
			return false;
	return true;
}

/* A floor is learnt from its own DC's log: that has all which is below in front of it. LOG: the DC whose log says it. */
static bool are_floors_covered(struct remote *remote, const struct floors *floors, unsigned log)
{
	const struct origins *origins = &remote->causes->origins;
	if (floor_at(floors, 0) > floor_at(origins->floors, 0) && has_own_below(remote, floors->at[0]))
		stability_raise_floor(remote, 0, floors->at[0]);
	for (unsigned dc = 0; floors != NULL && dc < origins->dc_count; dc++) {
		if (floors->at[dc] <= floor_at(origins->floors, dc) || dc == log)
			continue;
		remote->causes->peers[log].status.waiting_for = dc;
		return false;
	}
	return true;
}

static bool is_covered(struct remote *remote, const struct context *context, unsigned own)
{
	const struct origins *origins = &remote->causes->origins;
	if (context->floors != origins->floors && !are_floors_covered(remote, context->floors, origins->items[own].dc))
		return false;
	for (uint32_t i = 0; i < context->count; i++) {
		if (i == own || context->seqs[i] <= origins->items[i].applied || context->seqs[i] == SEQ_NONE)
			continue;
		remote->causes->peers[origins->items[own].dc].status.waiting_for = origins->items[i].dc;
		return false;
	}
	return true;
}

/* True if the batch touches a key with a local write under way: we do not know yet whether that write takes place. */
static bool is_in_flight(struct remote *remote, const struct delivery *delivery)
{
	if (remote->groups->flushes_in_flight > 0)
		return true;
	if (remote->groups->local_unanswered == 0)
		return false;
	struct slice writes = delivery->writes, raw;
	enum plan pending;
	while (envelope_write_next(&writes, &pending, &remote->step->changes, &raw)) {
		for (unsigned i = 0; i < remote->step->changes.count; i++) {
			const struct change *change = &remote->step->changes.items[i];
			uint64_t user[2];
			if (change->kind == CHANGE_FLUSH || (change->db == DB_RESERVED && homes_take_over(remote->topology, change, user)))
				return true;
			if (keyspace_is_in_flight(remote->keyspace, change->db, change->key))
				return true;
		}
	}
	return false;
}

/* A peer's context may name writes of ours that neither our store nor our log holds any more. Nothing can bring them back here, so we stop. While
 * our log is still being read they are not lost: the peer may merely have read them sooner. */
static void note_lost_writes(struct remote *remote, const struct context *context)
{
	if (remote->causes->peers[0].state == PEER_NEEDS_RESYNC || !is_own_log_read(remote))
		return;
	uint64_t floor = floor_at(context->floors, 0);
	bool is_floor_lost = floor > floor_at(remote->causes->origins.floors, 0) && floor > floor_at(remote->causes->origins.heard, 0);
	for (unsigned i = 0; i < remote->causes->origins.count; i++) {
		const struct origin *origin = &remote->causes->origins.items[i];
		uint64_t seq = context_at(context, i);
		if (!is_floor_lost && (origin->dc != 0 || seq <= origin->applied || seq == SEQ_WHOLE))
			continue;
		peer_stop(remote->causes, 0, PEER_NEEDS_RESYNC,
		          "a peer has writes of ours that our Redis and our log lost: docs/operating.md, needs-resync, says what to do");
		return;
	}
}

/* All that is below has come before this in its log, is applied, and every DC has it. So this floor may be taken while the batch that tells it still waits
 * for the floors of others, which may wait for this one. */
static void floors_adopt(struct remote *remote, unsigned dc, const struct floors *floors)
{
	struct origins *origins = &remote->causes->origins;
	if (dc == 0 || floor_at(floors, dc) <= floor_at(origins->floors, dc))
		return;
	stability_raise_floor(remote, dc, floors->at[dc]);
}

static bool is_quarantined(const struct remote *remote, const struct peer *peer, const struct delivery *delivery)
{
	uint64_t limit_ms = remote->options->quarantine_ms;
	return hlc_ms(delivery->hlc) > remote->step->now_ms + limit_ms && clocks_are_ahead(remote->causes, (unsigned)(peer - remote->causes->peers), limit_ms);
}

static bool is_removal(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_CLEAR: case CHANGE_FLUSH: case CHANGE_FIELD_REMOVE: case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_REMOVE: case CHANGE_EXPIRE:
	case CHANGE_LIST_REMOVE: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_TRIM:
		return true;
	case CHANGE_SET: case CHANGE_INCREMENT: case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_SET: case CHANGE_FIELD_INCREMENT:
	case CHANGE_FIELD_INCREMENT_FLOAT: case CHANGE_MEMBER_ADD: case CHANGE_SCORE_SET: case CHANGE_SCORE_INCREMENT: case CHANGE_SIBLING:
	case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION: case CHANGE_LIST_INSERT: case CHANGE_LIST_SET: case CHANGE_STREAM_ADD:
	case CHANGE_STREAM_REACH:
		return false;
	}
	return false;
}

/* A full store takes only what removes. */
static bool is_removing(struct remote *remote, struct delivery *delivery)
{
	struct slice writes = delivery->writes, raw;
	enum plan pending;
	if (delivery->is_weighed)
		return delivery->is_removing;
	delivery->is_weighed = delivery->is_removing = true;
	while (delivery->is_removing && envelope_write_next(&writes, &pending, &remote->step->changes, &raw))
		for (unsigned i = 0; i < remote->step->changes.count; i++)
			delivery->is_removing &= is_removal(&remote->step->changes.items[i]);
	return delivery->is_removing;
}

/* A log is ordered. So what has not come before will not come. */
static bool lacks_earlier(const struct remote *remote, unsigned dc, const struct delivery *delivery)
{
	const struct origins *origins = &remote->causes->origins;
	const struct origin *origin = &origins->items[delivery->origin];
	if (!origin->is_past && delivery->first_seq > origin->applied + 1)
		return true;
	if (dc != 0 && remote->causes->peers[dc].is_cut && floor_at(delivery->context->floors, dc) > floor_at(origins->floors, dc))
		return true;
	for (uint32_t i = 0; i < delivery->context->count; i++) {
		uint64_t seen = delivery->context->seqs[i];
		if (i != delivery->origin && origins->items[i].dc == dc && seen > origins->items[i].applied && seen != SEQ_NONE)
			return true;
	}
	return false;
}

static void note_gap(struct remote *remote, unsigned dc, struct delivery *delivery)
{
	if (delivery->is_gap_counted)
		return;
	delivery->is_gap_counted = true;
	remote->causes->peers[dc].status.gaps++;
	peer_stop(remote->causes, dc, PEER_NEEDS_RESYNC, "its log lacks writes that we have not applied: docs/operating.md, needs-resync, says what to do");
}

enum readiness { IS_READY, IS_DUPLICATE, IS_WAITING };

static enum readiness readiness_of(struct remote *remote, struct peer *peer, struct delivery *delivery)
{
	const struct origin *origin = &remote->causes->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	peer_note_state(peer, PEER_FOLLOWING);
	if (delivery->write_count > 0 && last_seq <= origin->applied)
		return IS_DUPLICATE;
	/* 0. It must be known who wrote it. */
	if (origin->is_stranger)
		return IS_DUPLICATE;
	if (identity_is_awaited(remote->causes, delivery->origin)) {
		peer_note_state(peer, PEER_HELD);
		return IS_WAITING;
	}
	/* 1. The metadata must be whole. Without it, concurrent writes would look covered. */
	if (!remote->causes->is_recalled) {
		peer_note_state(peer, PEER_RECALLING);
		return IS_WAITING;
	}
	/* 2. The sender's clock must not be far ahead. Until ours got there, its writes would win every conflict. Once its clock is right again, waiting
	 * protects nobody: all that it writes comes after its own HLC, and what its readers write comes after that. */
	if (is_quarantined(remote, peer, delivery)) {
		peer_note_state(peer, PEER_QUARANTINED);
		peer->status.quarantine_until_ms = hlc_ms(delivery->hlc) - remote->options->quarantine_ms;
		return IS_WAITING;
	}
	/* 3. What precedes it in its log must be applied: the origin's earlier writes, and those of earlier incarnations that it has seen. */
	unsigned dc = (unsigned)(peer - remote->causes->peers);
	if (lacks_earlier(remote, dc, delivery)) {
		note_gap(remote, dc, delivery);
		return IS_WAITING;
	}
	/* 4. All that the batch depends on must be applied. */
	floors_adopt(remote, dc, delivery->context->floors);
	if (!is_covered(remote, delivery->context, delivery->origin)) {
		note_lost_writes(remote, delivery->context);
		peer_note_state(peer, PEER_HELD);
		return IS_WAITING;
	}
	/* 5. The store must have room for it. */
	if (remote->groups->is_store_full && !is_removing(remote, delivery)) {
		groups_note_waiting(remote->groups);
		return IS_WAITING;
	}
	/* 6. No local write to its keys may be under way, as the outcome of that write takes part in the decision. */
	if (delivery->write_count > 0 && is_in_flight(remote, delivery)) {
		local_set_draining(remote->local, true);
		return IS_WAITING;
	}
	/* 7. All that was taken of users whom it takes away from here must be sent. */
	if (remote->topology->is_on && remote_takes_users(remote, delivery))
		return IS_WAITING;
	return IS_READY;
}

static void note_reach(struct group *group, unsigned origin, uint64_t seq)
{
	for (unsigned i = 0; i < group->remote.reach_count; i++) {
		if (group->remote.reaches[i].origin == origin) {
			group->remote.reaches[i].seq = seq;
			return;
		}
	}
	group->remote.reaches = array_reserve(group->remote.reaches, group->remote.reach_count, &group->remote.reach_cap, sizeof(struct reach));
	group->remote.reaches[group->remote.reach_count++] = (struct reach){ origin, seq };
}

/* At once where nothing of that datacenter is on its way to the store: no remote group is unanswered while another is filled. */
static void note_fresh(struct remote *remote, unsigned dc, const struct fresh *fresh, struct group *group)
{
	if (group == NULL || group->remote.visible_writes[dc] == 0)
		peer_note_fresh(remote->causes, dc, fresh);
	else
		group->remote.fresh[dc] = *fresh;
}

static void note_time(struct remote *remote, const struct delivery *delivery)
{
	uint64_t last_hlc = delivery->hlc + (delivery->write_count > 0 ? delivery->write_count - 1 : 0);
	if (last_hlc > remote->causes->hlc)
		remote->causes->hlc = last_hlc;
}

/* What a message tells besides its writes. GROUP: what is to be sent so far; NULL: nothing. */
static void note_told(struct remote *remote, unsigned dc, const struct delivery *delivery, struct group *group)
{
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	/* A heartbeat counts all that its datacenter ever wrote, but what is below its floor. So a floor that rises later tells of nothing that the log has lost. */
	if (delivery->write_count == 0 && delivery->hello == 0)
		remote->causes->peers[dc].is_cut = false;
	if (dc != 0)
		suspects_hear(remote->suspects, dc, delivery->rules_digest);
	/* A hello precedes batches that its sender had committed and not appended, so it does not tell how fresh we are. */
	if (delivery->hello == 0 && delivery->clock != 0 && dc != 0)
		note_fresh(remote, dc, &(struct fresh){ delivery->clock, delivery->steady_ms }, group);
	if (dc != 0)
		peer_learn(remote->causes, dc, delivery->context, delivery->origin, last_seq);
	if (delivery->asks && dc != 0)
		*(group == NULL ? &remote->topology->is_answer_due : &group->remote.has_question) = true;
}

void remote_note_applied(struct remote *remote, unsigned dc, struct delivery *delivery, struct group *group)
{
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	/* The batch is ours and comes back from the log. Nobody knows whether the keys it changed had been read back. */
	if (dc == 0 && delivery->is_lifted)
		rereads_add_writes(remote->rereads, delivery->writes);
	struct origin *origin = &remote->causes->origins.items[delivery->origin];
	origin->applied = origin->recalled = last_seq;
	note_reach(group, delivery->origin, last_seq);
	if (group->remote.visible_writes[dc] == 0)
		group->remote.written_ms[dc] = hlc_ms(delivery->hlc);
	group->remote.visible_writes[dc] += delivery->write_count;
	note_told(remote, dc, delivery, group);
}

static void apply_delivery(struct remote *remote, unsigned dc, struct delivery *delivery, struct group **group)
{
	note_time(remote, delivery);
	if (delivery->write_count == 0) {
		note_told(remote, dc, delivery, *group);
		return;
	}
	if (*group == NULL)
		*group = group_new(remote->groups, GROUP_REMOTE);
	apply_delivery_writes(remote->apply, delivery, &(*group)->script);
	remote_note_applied(remote, dc, delivery, *group);
}

/* The first of DC's has so many changes that it enters the metadata in pieces (pieces.c). */
static void begin_pieces(struct remote *remote, unsigned dc)
{
	const struct delivery *delivery = remote->inboxes[dc].first;
	note_time(remote, delivery);
	remote->pieces.dc = dc;
	remote->pieces.group = group_new(remote->groups, GROUP_REMOTE);
	apply_begin_pieces(&remote->pieces.piece, delivery);
	local_set_draining(remote->local, true);
}

/* What a transaction may still take in. */
struct budget { unsigned writes; size_t bytes; };

static bool budget_is_left(const struct budget *left)
{
	return left->writes > 0 && left->bytes > 0;
}

/* How long one message has stood in the way of all that follow it. */
static void note_waiting(struct remote *remote, struct peer *peer, const struct delivery *first)
{
	if (first == NULL) {
		peer->status.waiting_since_ms = 0;
	} else if (peer->status.waiting_since_ms == 0 || peer->waiting_position != first->position) {
		peer->status.waiting_since_ms = remote->step->steady_ms;
		peer->waiting_position = first->position;
	}
}

/* Applies the batches of one DC that are ready, and returns their number. */
static unsigned pump_peer(struct remote *remote, unsigned dc, struct group **group, struct budget *left)
{
	struct peer *peer = &remote->causes->peers[dc];
	const struct inbox *inbox = &remote->inboxes[dc];
	unsigned count = 0;
	while (inbox->first != NULL && count < BATCHES_PER_TURN && budget_is_left(left)) {
		enum readiness readiness = readiness_of(remote, peer, inbox->first);
		if (readiness == IS_WAITING)
			break;
		/* It goes alone. */
		if (readiness == IS_READY && inbox->first->changes_max > remote->options->elements_per_turn) {
			if (*group == NULL)
				begin_pieces(remote, dc);
			*left = (struct budget){ 0, 0 };
			break;
		}
		unsigned writes = inbox->first->write_count;
		size_t bytes = inbox->first->bytes.len;
		if (readiness == IS_READY)
			apply_delivery(remote, dc, inbox->first, group);
		else
			peer->status.duplicate_events += writes;
		left->writes -= writes < left->writes ? writes : left->writes;
		left->bytes -= bytes < left->bytes ? bytes : left->bytes;
		inbox_pop(remote, dc);
		count++;
	}
	note_waiting(remote, peer, inbox->first);
	return count;
}

/* True if it is decided that the key has no deadline. A clear may have decided that, too, before we knew of any deadline. */
static bool has_no_deadline(const struct keyspace *keyspace, const struct key *key, const struct version *deadline)
{
	if (deadline == NULL)
		return key->fixed[KIND_TTL] == NULL && key_is_cleared(keyspace, key);
	return !deadline->is_present || deadline->expire_at_ms == 0;
}

/* The batch's removals may have emptied a collection here, which loses its deadline then, while other DCs keep it. So we check such keys. (If the
 * collection ran empty at the DC that wrote the batch, the batch says so itself.) */
static void add_checks(struct remote *remote, struct group *group)
{
	while (remote->keyspace->thinned_keys != NULL) {
		struct key *key = remote->keyspace->thinned_keys;
		remote->keyspace->thinned_keys = key->thinned_next;
		key->is_thinned = false;
		const struct element *ttl = key->fixed[KIND_TTL];
		const struct version *deadline = ttl == NULL ? NULL : key->policy->rule->decide(remote->keyspace, ttl);
		if (has_no_deadline(remote->keyspace, key, deadline)) {
			keyspace_release_key(remote->keyspace, key);
			continue;
		}
		group->remote.checks = array_reserve(group->remote.checks, group->remote.check_count, &group->remote.check_cap, sizeof(struct check));
		script_select(&group->script, key->db);
		group->remote.checks[group->remote.check_count++] = (struct check){
			.reply = group->script.count, .db = key->db, .key = buffer_copy(key->name),
			.deadline_ms = deadline == NULL ? 0 : deadline->expire_at_ms,
		};
		script_add(&group->script, 2, (struct slice[]){ SLICE("PEXPIRETIME"), key->name });
		keyspace_release_key(remote->keyspace, key);
	}
}

void remote_send(struct remote *remote, struct group *group)
{
	group->is_for_full = remote->groups->is_store_full;
	render_dirty(remote->keyspace, &group->script);
	group->remote.edits = remote->keyspace->edits;
	group->remote.edit_count = remote->keyspace->edit_count;
	remote->keyspace->edits = NULL;
	remote->keyspace->edit_count = remote->keyspace->edit_cap = 0;
	remote_note_homes(remote, group);
	add_checks(remote, group);
	positions_write(remote->books, group);
	group_send(remote->groups, group);
}

/* What the full store refused goes first. Where another group has overtaken it, its outcome was decided from what is no longer so: only starting over
 * helps. */
static void pump_refused(struct remote *remote)
{
	struct groups *groups = remote->groups;
	local_set_draining(remote->local, true);
	if (groups->unanswered_count > 0)
		return;
	if (!groups->is_overtaken) {
		groups_send_refused(groups);
		return;
	}
	groups_give_up_refused(groups);
	effects_add(remote->step->effects, EFFECT_REOPEN);
}

static bool has_held(const struct remote *remote)
{
	for (unsigned dc = 0; dc < remote->options->dc_count; dc++)
		if (remote->inboxes[dc].first != NULL)
			return true;
	return false;
}

/* A while ago the store was full, and may be again: then no local group may follow a remote one, lest it overtake it. Returns whether to wait. */
static bool is_waiting_for_local(struct remote *remote)
{
	const struct groups *groups = remote->groups;
	if (groups->waited_ms == 0 || remote->step->steady_ms - groups->waited_ms >= CAREFUL_MS)
		return false;
	bool is_waiting = groups->remote_unanswered > 0 || (groups->local_unanswered > 0 && has_held(remote));
	local_set_draining(remote->local, is_waiting);
	return is_waiting;
}

void remote_pump(struct remote *remote)
{
	local_set_draining(remote->local, false);
	if (remote->groups->refused != NULL) {
		pump_refused(remote);
		return;
	}
	if (is_waiting_for_local(remote))
		return;
	/* One remote group at a time: the store may refuse one and take the next, whose positions would pass over the refused one. */
	if (remote->groups->remote_unanswered > 0 || local_is_rerunning(remote->local) || remote->groups->is_store_refusing ||
	    positions_are_due(remote->books))
		return;
	struct group *group = NULL;
	struct budget left = { WRITES_PER_TURN, BYTES_PER_TURN };
	unsigned count;
	do {
		count = 0;
		for (unsigned dc = 0; dc < remote->options->dc_count && budget_is_left(&left); dc++)
			count += pump_peer(remote, dc, &group, &left);
	} while (count > 0 && budget_is_left(&left));
	if (remote->pieces.group != NULL)
		return;
	if (group == NULL && remote->keyspace->thinned_keys != NULL)
		group = group_new(remote->groups, GROUP_REMOTE);
	if (group == NULL)
		return;
	remote_send(remote, group);
	is_waiting_for_local(remote);
}
