/* Stability (causal stability): metadata of writes that every DC has applied is forgotten, and their part of the log need not be read again after a
 * restart (docs/replication-model.md, section 3). */
#include "remote_state.h"
#include "proxy/core/versions/forget.h"

static uint64_t stable_seq(const struct remote *remote, unsigned origin)
{
	uint64_t stable = remote->causes->origins.items[origin].confirmed;
	for (unsigned dc = 1; dc < remote->options->dc_count; dc++)
		if (remote->causes->origins.items[origin].known[dc] < stable)
			stable = remote->causes->origins.items[origin].known[dc];
	return stable;
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
		origin->kept = origin->round_stable;
		origin->round_stable = origin->stable;
		origin->round_applied = origin->applied;
	}
}

void stability_pump(struct remote *remote)
{
	/* While metadata is recalled, it is not whole: forget nothing. Nor while writes of ours that the store had lost are still to come back from our
	 * log: others' are concurrent with them. */
	if (!remote->causes->is_recalled || remote->causes->peers[0].is_following || remote->inboxes[0].first != NULL)
		return;
	bool is_moved = false;
	for (unsigned i = 0; i < remote->causes->origins.count; i++) {
		uint64_t stable = stable_seq(remote, i);
		if (stable <= remote->causes->origins.items[i].stable)
			continue;
		remote->causes->origins.items[i].stable = stable;
		is_moved = true;
	}
	if (is_moved)
		keyspace_forget(remote->keyspace);
	episodes_pump(remote->books, is_moved);
	advance_rounds(remote);
	for (unsigned dc = 0; dc < remote->options->dc_count; dc++)
		miles_pass(remote->books, dc);
}
