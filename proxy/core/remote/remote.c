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
		note_fresh(remote, dc, &(struct fresh){ delivery->clock, delivery->steady_ms, delivery->entries_from_ms }, group);
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
