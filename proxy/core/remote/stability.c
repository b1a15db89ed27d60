/* Stability (causal stability): metadata of writes that every DC has applied is forgotten, and their part of the log need not be read again after a
 * restart (docs/replication-model.md, section 3). */
#include "remote_state.h"
#include "proxy/core/versions/forget.h"
#include "proxy/core/versions/sequence.h"

#define FORGET_PART 16

static uint64_t stable_seq(const struct remote *remote, unsigned origin)
{
	uint64_t stable = remote->causes->origins.items[origin].confirmed;
	for (unsigned dc = 1; dc < remote->options->dc_count; dc++)
		if (remote->causes->origins.items[origin].known[dc] < stable)
			stable = remote->causes->origins.items[origin].known[dc];
	return stable;
}

/* From where metadata of an origin is recalled after a restart, at the end of a round. The order of a list needs whatever is concurrent with a write that it
 * needs. Under writes that never pause that may be older than any round. */
static uint64_t kept_from(const struct remote *remote, unsigned index)
{
	const struct origin *origin = &remote->causes->origins.items[index];
	uint64_t before = sequences_before(remote->keyspace, index, origin->round_stable);
	return before > origin->kept ? before : origin->kept;
}

/* What is recalled after a restart must hold, for each write that is not stable, all that ever beat it. A winner may become stable before its
 * loser; but once all that was applied when a round began is stable, whatever met the winner then is stable, too. So what was
 * stable at the beginning of a finished round may be left behind. */
static void advance_rounds(struct remote *remote)
{
	for (unsigned i = 0; i < remote->causes->origins.count; i++)
		if (remote->causes->origins.items[i].stable < remote->causes->origins.items[i].round_applied)
			return;
	for (unsigned i = 0; i < remote->causes->origins.count; i++) {
		struct origin *origin = &remote->causes->origins.items[i];
		origin->kept = kept_from(remote, i);
		origin->round_stable = origin->stable;
		origin->round_applied = origin->applied;
	}
}

/* ---- incarnations ---- */

/* That makes nothing stable here: after a loss, writes concurrent with those below may still have to be applied again. Contexts that tell the floor say,
 * in log order as ever, who has what is below. */
void stability_raise_floor(struct remote *remote, unsigned dc, uint64_t incarnation)
{
	struct origins *origins = &remote->causes->origins;
	floors_raise(&origins->floors, origins, dc, incarnation);
	remote->books->roads[dc].is_follow_moved = true;
}

/* It is over, and a restart would not read any of it again: so it is stable, too. */
static bool is_settled(const struct origin *origin)
{
	return origin->floor == origin->applied && origin->confirmed == origin->applied && origin->seen <= origin->applied && origin->ledger.len == 0;
}

/* A peer may have read the end of an incarnation that our store and our log lost together, and not have said so yet. Once it has said that it heard a later one,
 * it has told how much it has of all before that. */
static uint64_t told_by_all(const struct remote *remote)
{
	uint64_t told = remote->causes->origins.items[remote->causes->self].incarnation;
	for (unsigned dc = 1; dc < remote->options->dc_count; dc++)
		if (remote->causes->peers[dc].told_incarnation < told)
			told = remote->causes->peers[dc].told_incarnation;
	return told;
}

/* Ours: up to the first that is not settled. Others hear of it with our next message. */
static void raise_own_floor(struct remote *remote)
{
	struct origins *origins = &remote->causes->origins;
	uint64_t floor = told_by_all(remote);
	bool is_any = false;
	/* Others may have writes of ours that we lost for good. */
	if (remote->books->is_log_lost || remote->causes->peers[0].state == PEER_NEEDS_RESYNC)
		return;
	/* Our log said so before the store lost it; all that it lost is back. */
	if (floor_at(origins->heard, 0) > floor_at(origins->floors, 0))
		stability_raise_floor(remote, 0, origins->heard->at[0]);
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		if (origin->dc == 0 && !origin->is_past && origin->incarnation < floor && !is_settled(origin))
			floor = origin->incarnation;
	}
	for (unsigned i = 0; i < origins->count; i++)
		is_any |= origins->items[i].dc == 0 && origins->items[i].incarnation < floor && !origins->items[i].is_past;
	if (is_any && floor > floor_at(origins->floors, 0))
		stability_raise_floor(remote, 0, floor);
}

/* What is below a floor need not be remembered once nothing here asks for it any more. */
static void pass_settled(struct remote *remote)
{
	struct origins *origins = &remote->causes->origins;
	for (unsigned i = 0; i < origins->count; i++) {
		struct origin *origin = &origins->items[i];
		if (origin->is_past || !origin_is_below(origins, origins->floors, i) || !is_settled(origin))
			continue;
		origin_pass(origin);
		remote->books->roads[origin->dc].is_follow_moved = true;
	}
}

/* So that a turn stays short; and a part of all there is, so that what comes in each turn never outgrows what goes. */
static uint32_t forget_at_once(const struct remote *remote)
{
	uint64_t marks = 0;
	for (unsigned i = 0; i < remote->causes->origins.count; i++)
		marks += remote->causes->origins.items[i].ledger.len;
	uint64_t part = marks / FORGET_PART;
	return part > remote->options->forget_per_turn ? (uint32_t)part : remote->options->forget_per_turn;
}

/* What our log had lost may have been gone everywhere. Every peer has applied a write of this incarnation, and so all that it ever read of our log
 * before: if none has seen more of us than we have, and all have that, nothing is missing anywhere that anybody could bring back. */
static void end_loss(struct remote *remote)
{
	const struct origins *origins = &remote->causes->origins;
	if (!remote->books->is_log_lost || remote->step->status.has_lost_metadata)
		return;
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		if (origin->dc != 0 || origin->is_past)
			continue;
		if (origin->seen > origin->applied || stable_seq(remote, i) < origin->applied || (i == remote->causes->self && origin->applied == 0))
			return;
	}
	remote->books->is_log_lost = false;
	remote->books->is_loss_over = remote->books->roads[0].is_follow_moved = true;
	remote->causes->peers[0].state = PEER_FOLLOWING;
	remote->causes->peers[0].status.why = NULL;
}

void stability_pump(struct remote *remote)
{
	/* While metadata is recalled, it is not whole: forget nothing. Nor while writes of ours that the store had lost are still to come back from our
	 * log: others' are concurrent with them. */
	if (!remote->causes->is_recalled || remote->causes->peers[0].is_following || remote->inboxes[0].first != NULL)
		return;
	bool is_moved = remote->keyspace->is_forgetting;
	for (unsigned i = 0; i < remote->causes->origins.count; i++) {
		uint64_t stable = stable_seq(remote, i);
		if (stable <= remote->causes->origins.items[i].stable)
			continue;
		remote->causes->origins.items[i].stable = stable;
		is_moved = true;
	}
	if (is_moved)
		keyspace_forget(remote->keyspace, forget_at_once(remote));
	remote->step->is_unfinished = remote->keyspace->is_forgetting;
	/* Dots that are to be kept beside the data go to the store as their metadata goes. Before that, the log must not forget them. */
	if (remote->keyspace->is_forgetting)
		return;
	episodes_pump(remote->books, is_moved);
	advance_rounds(remote);
	for (unsigned dc = 0; dc < remote->options->dc_count; dc++)
		miles_pass(remote->books, dc);
	end_loss(remote);
	raise_own_floor(remote);
	pass_settled(remote);
}
