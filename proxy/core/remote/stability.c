/* Stability: what every DC has applied is forgotten, and need not be read again after a restart (docs/replication-model.md, rule 3). */
#include "proxy/core/state.h"

void peer_add_mile(struct core *core, unsigned dc, int64_t position, unsigned origin, uint64_t seq)
{
	struct peer *peer = &core->peers[dc];
	if (peer->mile_count > 0) {
		struct mile *last = &peer->miles[peer->mile_head + peer->mile_count - 1];
		/* A heartbeat, or parts of a batch: they add nothing to wait for. */
		if (seq == 0 || (last->origin == origin && last->seq >= seq)) {
			last->position = position;
			return;
		}
	}
	if (peer->mile_head + peer->mile_count == peer->mile_cap) {
		if (peer->mile_head > peer->mile_cap / 2) {
			for (unsigned i = 0; i < peer->mile_count; i++)
				peer->miles[i] = peer->miles[peer->mile_head + i];
			peer->mile_head = 0;
		} else {
			peer->mile_cap = peer->mile_cap ? peer->mile_cap * 2 : 64;
			peer->miles = memory_resize(peer->miles, peer->mile_cap * sizeof(struct mile));
		}
	}
	peer->miles[peer->mile_head + peer->mile_count++] = (struct mile){ position, origin, seq };
}

void stability_learn(struct core *core, unsigned dc, const struct context *context, unsigned origin, uint64_t seq)
{
	uint64_t *known = core->peers[dc].known;
	/* What comes from an earlier incarnation may be what the store had lost: its DC may have written without it since. */
	if (core->origins.items[origin].incarnation < core->peers[dc].known_incarnation)
		return;
	for (uint32_t i = 0; i < context->count; i++)
		if (context->seqs[i] > known[i])
			known[i] = context->seqs[i];
	if (seq > known[origin])
		known[origin] = seq;
}

static uint64_t stable_seq(const struct core *core, unsigned origin)
{
	uint64_t stable = core->origins.items[origin].confirmed;
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (core->peers[dc].known[origin] < stable)
			stable = core->peers[dc].known[origin];
	return stable;
}

static void move_follow_position(struct core *core, unsigned dc)
{
	struct peer *peer = &core->peers[dc];
	while (peer->mile_count > 0) {
		const struct mile *mile = &peer->miles[peer->mile_head];
		struct origin *origin = &core->origins.items[mile->origin];
		if (mile->seq > origin->kept)
			break;
		peer->follow_position = mile->position;
		if (mile->seq > origin->floor)
			origin->floor = mile->seq;
		peer->is_follow_moved = true;
		peer->mile_head++;
		peer->mile_count--;
	}
	if (peer->mile_count == 0)
		peer->mile_head = 0;
}

/* What is recalled after a restart must hold, for each write that is not stable, all that ever beat it. A winner may become stable before its
 * loser; but once all that was applied when a round began is stable, whatever met the winner then is stable, too. So what was
 * stable at the beginning of a finished round may be left behind. */
static void advance_rounds(struct core *core)
{
	for (unsigned i = 0; i < core->origins.count; i++)
		if (core->origins.items[i].stable < core->origins.items[i].round_applied)
			return;
	for (unsigned i = 0; i < core->origins.count; i++) {
		struct origin *origin = &core->origins.items[i];
		origin->kept = origin->round_stable;
		origin->round_stable = origin->stable;
		origin->round_applied = origin->applied;
	}
}

void stability_pump(struct core *core)
{
	/* While metadata is recalled, it is not whole: forget nothing. Nor while writes of ours that the store had lost are still to come back from our
	 * log: others' are concurrent with them. */
	if (!core->is_recalled || core->peers[0].is_following || core->peers[0].first != NULL)
		return;
	bool is_moved = false;
	for (unsigned i = 0; i < core->origins.count; i++) {
		uint64_t stable = stable_seq(core, i);
		if (stable <= core->origins.items[i].stable)
			continue;
		core->origins.items[i].stable = stable;
		is_moved = true;
	}
	if (is_moved)
		keyspace_forget(&core->keyspace);
	episodes_pump(core, is_moved);
	advance_rounds(core);
	for (unsigned dc = 0; dc < core->options.dc_count; dc++)
		move_follow_position(core, dc);
}
