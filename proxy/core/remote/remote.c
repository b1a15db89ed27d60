/* Remote: batches whose causes are applied become one transaction for the store: their outcome and their position, hence exactly
 * once (data path of a remote write, steps 8 to 10). */
#include "proxy/core/state.h"

#include <assert.h>

#define BATCHES_PER_TURN 256
#define WRITES_PER_TURN 8192

static bool is_covered(const struct core *core, const struct context *context, unsigned own)
{
	for (uint32_t i = 0; i < context->count; i++)
		if (i != own && context->seqs[i] > core->origins.items[i].applied)
			return false;
	return true;
}

/* Does it touch a key with a local write under way? Whether that write takes place is not known yet. */
static bool is_in_flight(struct core *core, const struct delivery *delivery)
{
	if (core->flushes_in_flight > 0)
		return true;
	if (core->local_unanswered == 0)
		return false;
	struct slice writes = delivery->writes, raw;
	enum plan pending;
	while (envelope_write_next(&writes, &pending, &core->changes, &raw)) {
		for (unsigned i = 0; i < core->changes.count; i++) {
			const struct change *change = &core->changes.items[i];
			if (change->kind == CHANGE_FLUSH)
				return true;
			if (keyspace_is_in_flight(&core->keyspace, change->db, change->key))
				return true;
		}
	}
	return false;
}

/* A peer has writes of ours that neither our store nor our log holds any more: they can only come from a peer's snapshot. What is still to be read
 * of our log is not lost, although a peer may have read it sooner. */
static void note_lost_writes(struct core *core, const struct context *context)
{
	if (core->peers[0].state == PEER_NEEDS_RESYNC || core->peers[0].first != NULL || core->peers[0].is_following)
		return;
	for (uint32_t i = 0; i < context->count; i++) {
		const struct origin *origin = &core->origins.items[i];
		if (origin->dc != 0 || context->seqs[i] <= origin->applied)
			continue;
		peer_stop(core, 0, PEER_NEEDS_RESYNC, "a peer has writes of ours that our Redis and our log lost: adopt a peer's snapshot");
		return;
	}
}

enum readiness { IS_READY, IS_DUPLICATE, IS_WAITING };

/* What stopped a log stays to be seen until the next opening. */
static void note_state(struct peer *peer, enum peer_state state)
{
	if (peer->state != PEER_NEEDS_RESYNC && peer->state != PEER_UNDECODABLE)
		peer->state = state;
}

static enum readiness readiness_of(struct core *core, struct peer *peer, struct delivery *delivery)
{
	const struct origin *origin = &core->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	note_state(peer, PEER_FOLLOWING);
	if (delivery->write_count > 0 && last_seq <= origin->applied)
		return IS_DUPLICATE;
	/* 1. Metadata must be whole: without it, concurrent writes would look covered. */
	if (!core->is_recalled) {
		note_state(peer, PEER_RECALLING);
		return IS_WAITING;
	}
	/* 2. A clock far ahead would win every conflict for that long. */
	if (hlc_ms(delivery->hlc) > core->now_ms + core->options.quarantine_ms) {
		note_state(peer, PEER_QUARANTINED);
		return IS_WAITING;
	}
	/* 3. No gap: the origin's earlier writes first. */
	if (delivery->first_seq > origin->applied + 1) {
		/* A log is in order: what is missing in front of this will not come. */
		if (!delivery->is_gap_counted) {
			delivery->is_gap_counted = true;
			peer->status.gaps++;
			peer_stop(core, (unsigned)(peer - core->peers), PEER_NEEDS_RESYNC, "its log lacks writes that we have not applied: adopt a peer's snapshot");
		}
		return IS_WAITING;
	}
	/* 4. Causes first. */
	if (!is_covered(core, delivery->context, delivery->origin)) {
		note_lost_writes(core, delivery->context);
		note_state(peer, PEER_HELD);
		return IS_WAITING;
	}
	/* 5. What local writes under way come to decides as well. */
	if (delivery->write_count > 0 && is_in_flight(core, delivery)) {
		core->is_draining = true;
		return IS_WAITING;
	}
	return IS_READY;
}

static void note_reach(struct group *group, unsigned origin, uint64_t seq)
{
	for (unsigned i = 0; i < group->reach_count; i++) {
		if (group->reaches[i].origin == origin) {
			group->reaches[i].seq = seq;
			return;
		}
	}
	if (group->reach_count == group->reach_cap) {
		group->reach_cap = group->reach_cap ? group->reach_cap * 2 : 4;
		group->reaches = memory_resize(group->reaches, group->reach_cap * sizeof(struct reach));
	}
	group->reaches[group->reach_count++] = (struct reach){ origin, seq };
}

static void apply_delivery(struct core *core, unsigned dc, struct delivery *delivery, struct group **group)
{
	struct peer *peer = &core->peers[dc];
	struct origin *origin = &core->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	uint64_t last_hlc = delivery->hlc + (delivery->write_count > 0 ? delivery->write_count - 1 : 0);
	if (last_hlc > core->hlc)
		core->hlc = last_hlc;
	if (delivery->write_count > 0) {
		if (*group == NULL)
			*group = group_new(core, GROUP_REMOTE);
		apply_delivery_writes(core, delivery, &(*group)->script);
		/* Ours, and back from the log: whether what it did was read back nobody knows. */
		if (dc == 0 && delivery->is_lifted)
			reread_writes(core, delivery->writes);
		origin->applied = origin->recalled = last_seq;
		note_reach(*group, delivery->origin, last_seq);
		peer->status.applied_events += delivery->write_count;
		if ((*group)->visible_writes[dc] == 0)
			(*group)->written_ms[dc] = hlc_ms(delivery->hlc);
		(*group)->visible_writes[dc] += delivery->write_count;
	}
	if (dc != 0)
		rules_hear(core, dc, delivery->rules_digest);
	/* A hello comes before what its sender had committed and not yet appended: it proves no freshness. */
	if (delivery->hello == 0 && hlc_ms(last_hlc) > peer->status.fresh_ms)
		peer->status.fresh_ms = hlc_ms(last_hlc);
	peer->status.heard_ms = core->now_ms;
	if (dc != 0)
		stability_learn(core, dc, delivery->context, delivery->origin, last_seq);
}

/* Takes what is ready off one DC's queue. Returns how many batches. */
static unsigned pump_peer(struct core *core, unsigned dc, struct group **group, unsigned *writes_left)
{
	struct peer *peer = &core->peers[dc];
	unsigned count = 0;
	while (peer->first != NULL && count < BATCHES_PER_TURN && *writes_left > 0) {
		enum readiness readiness = readiness_of(core, peer, peer->first);
		if (readiness == IS_WAITING)
			break;
		unsigned writes = peer->first->write_count;
		if (readiness == IS_READY)
			apply_delivery(core, dc, peer->first, group);
		else
			peer->status.duplicate_events += writes;
		*writes_left -= writes < *writes_left ? writes : *writes_left;
		inbox_pop(core, peer);
		count++;
	}
	return count;
}

/* It was decided that there is none: by a clear that came before anything was known of it, too. */
static bool has_no_deadline(const struct keyspace *keyspace, const struct key *key, const struct version *deadline)
{
	if (deadline == NULL)
		return key->fixed[KIND_TTL] == NULL && key_is_cleared(keyspace, key);
	return !deadline->is_present || deadline->expire_at_ms == 0;
}

/* Keys that may have run empty, and with that lost a deadline that others keep. Where the batch's own DC saw it happen, it said so. */
static void add_checks(struct core *core, struct group *group)
{
	while (core->keyspace.thinned_keys != NULL) {
		struct key *key = core->keyspace.thinned_keys;
		core->keyspace.thinned_keys = key->thinned_next;
		key->is_thinned = false;
		const struct element *ttl = key->fixed[KIND_TTL];
		const struct version *deadline = ttl == NULL ? NULL : key->policy->rule->decide(&core->keyspace, ttl);
		if (has_no_deadline(&core->keyspace, key, deadline)) {
			keyspace_release_key(&core->keyspace, key);
			continue;
		}
		if (group->check_count == group->check_cap) {
			group->check_cap = group->check_cap ? group->check_cap * 2 : 4;
			group->checks = memory_resize(group->checks, group->check_cap * sizeof(struct check));
		}
		script_select(&group->script, key->db);
		group->checks[group->check_count++] = (struct check){
			.reply = group->script.count, .db = key->db, .key = buffer_copy(key->name),
			.deadline_ms = deadline == NULL ? 0 : deadline->expire_at_ms,
		};
		script_add(&group->script, 2, (struct slice[]){ SLICE("PEXPIRETIME"), key->name });
		keyspace_release_key(&core->keyspace, key);
	}
}

static void send_remote(struct core *core, struct group *group)
{
	render_dirty(&core->keyspace, &group->script);
	add_checks(core, group);
	positions_write(core, &group->script);
	group_send(core, group);
}

void remote_pump(struct core *core)
{
	core->is_draining = false;
	/* The store may refuse one transaction and take the next. A position must not pass over what was refused: one at a time. */
	if (core->remote_unanswered > 0 || positions_are_due(core))
		return;
	if (core->aborted != NULL || core->is_store_refusing)
		return;
	struct group *group = NULL;
	unsigned writes_left = WRITES_PER_TURN, count;
	do {
		count = 0;
		for (unsigned dc = 0; dc < core->options.dc_count; dc++)
			count += pump_peer(core, dc, &group, &writes_left);
	} while (count > 0 && writes_left > 0);
	if (group == NULL && core->keyspace.thinned_keys != NULL)
		group = group_new(core, GROUP_REMOTE);
	if (group != NULL)
		send_remote(core, group);
}
