/* Pieces: a batch with a write of very many changes enters the metadata some at a time, over several turns, and goes to the store when all are in.
 * Invariant: meanwhile no local write is sent, and nothing else enters the metadata or leaves it, but answers to writes of other keys. */
#include "remote_state.h"

#include <limits.h>

bool remote_is_in_pieces(const struct remote *remote)
{
	return remote->pieces.group != NULL;
}

void remote_drop_pieces(struct remote *remote)
{
	if (remote_is_in_pieces(remote))
		group_free(remote->groups, remote->pieces.group);
	remote->pieces = (struct pieces){ 0 };
}

static void take(struct remote *remote, unsigned most)
{
	struct pieces *pieces = &remote->pieces;
	struct delivery *delivery = remote->inboxes[pieces->dc].first;
	uint64_t before = pieces->piece.elements;
	bool is_all = apply_some(remote->apply, delivery, &pieces->piece, &most);
	remote->step->turn_elements += (unsigned)(pieces->piece.elements - before);
	if (!is_all)
		return;
	struct group *group = pieces->group;
	unsigned dc = pieces->dc;
	*pieces = (struct pieces){ 0 };
	local_set_draining(remote->local, false);
	remote_note_applied(remote, dc, delivery, group);
	inbox_pop(remote, dc);
	remote_send(remote, group);
}

void remote_pump_pieces(struct remote *remote)
{
	remote->step->status.sliced_turns++;
	take(remote, remote->options->elements_per_turn);
}

void remote_finish_pieces(struct remote *remote)
{
	if (remote_is_in_pieces(remote))
		take(remote, UINT_MAX);
}
