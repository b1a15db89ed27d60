/* Peer: one datacenter as we know it: whether its log is followed, and what it has applied. */
#include "clocks.h"

void peer_stop(struct causes *causes, unsigned dc, enum peer_state state, const char *text)
{
	struct peer *peer = &causes->peers[dc];
	peer->state = state;
	peer->is_following = false;
	peer->status.why = state == PEER_NEEDS_RESYNC ? text : NULL;
	effects_add(causes->step->effects, EFFECT_UNFOLLOW)->log.dc = dc;
	step_alarm(causes->step, dc, text);
}

void peer_note_state(struct peer *peer, enum peer_state state)
{
	if (peer->state != PEER_NEEDS_RESYNC && peer->state != PEER_UNDECODABLE && peer->state != PEER_FOREIGN)
		peer->state = state;
}

void peer_note_fresh(struct causes *causes, unsigned dc, const struct fresh *fresh)
{
	struct peer *peer = &causes->peers[dc];
	/* A promise of entries that was made holds, whatever is not promised anew. */
	uint64_t entries_from_ms = fresh->entries_from_ms > peer->fresh.entries_from_ms ? fresh->entries_from_ms : peer->fresh.entries_from_ms;
	if (entries_from_ms > peer->fresh.entries_from_ms)
		peer->status.ordered_at_ms = causes->step->steady_ms;
	peer->fresh = *fresh;
	peer->fresh.entries_from_ms = peer->status.entries_from_ms = entries_from_ms;
	clocks_date_freshness(causes, dc);
}

void peer_doubt_fresh(struct causes *causes, unsigned dc)
{
	causes->peers[dc].fresh = (struct fresh){ .clock = 0 };
	causes->peers[dc].status.fresh_at_ms = causes->peers[dc].status.entries_from_ms = 0;
}

uint64_t peer_reached(const struct causes *causes, unsigned dc)
{
	uint64_t reached = causes->peers[dc].reached_incarnation;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		const struct origin *origin = &causes->origins.items[i];
		if (origin->dc == dc && origin->incarnation < reached && origin->confirmed < origin->applied)
			return 0;
	}
	return reached;
}

void peer_learn(struct causes *causes, unsigned dc, const struct context *context, unsigned origin, uint64_t seq)
{
	struct origin *origins = causes->origins.items;
	causes->peers[dc].learnt++;
	if (origins[origin].dc == dc && origins[origin].incarnation > causes->peers[dc].reached_incarnation)
		causes->peers[dc].reached_incarnation = origins[origin].incarnation;
	/* What comes from an earlier incarnation may be what the store had lost: its DC may have written without it since. */
	if (causes->origins.items[origin].incarnation < causes->peers[dc].known_incarnation)
		return;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		uint64_t applied = context_at(context, i);
		if (applied > origins[i].known[dc])
			origins[i].known[dc] = applied;
	}
	if (seq > origins[origin].known[dc])
		origins[origin].known[dc] = seq;
}
