/* Readiness: may the first batch of an inbox be applied? The list of what must hold is readiness_of. */
#include "remote_state.h"
#include "proxy/core/causes/clocks.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/topology.h"

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
	/* To look at very many each time would take longer than to wait for those that are under way. */
	if (delivery->changes_max > remote->options->elements_per_turn)
		return true;
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
	struct envelope_walk walk = { .writes = delivery->writes };
	if (delivery->is_weighed)
		return delivery->is_removing;
	delivery->is_weighed = delivery->is_removing = true;
	while (delivery->is_removing && envelope_walk_next(&walk, &remote->step->changes))
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

enum readiness readiness_of(struct remote *remote, struct peer *peer, struct delivery *delivery)
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
