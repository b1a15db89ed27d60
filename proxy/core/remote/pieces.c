/* Pieces: a batch with a write of very many changes enters the metadata some at a time, over several turns, is then rendered in the same way, and goes to
 * the store as one group.
 * Invariant: meanwhile no local write is sent or unanswered, and nothing else enters the metadata or leaves it. */
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

static bool apply(struct remote *remote, unsigned *most)
{
	struct pieces *pieces = &remote->pieces;
	uint64_t before = pieces->piece.elements;
	pieces->is_applied = apply_some(remote->apply, remote->inboxes[pieces->dc].first, &pieces->piece, most);
	remote->step->turn_elements += (unsigned)(pieces->piece.elements - before);
	return pieces->is_applied;
}

static bool render(struct remote *remote, unsigned *most)
{
	unsigned before = *most;
	bool is_all = render_some(remote->keyspace, &remote->pieces.group->script, &remote->pieces.place, most);
	remote->step->turn_elements += before - *most;
	return is_all;
}

static void take(struct remote *remote, unsigned most)
{
	struct pieces *pieces = &remote->pieces;
	if ((!pieces->is_applied && !apply(remote, &most)) || !render(remote, &most))
		return;
	struct group *group = pieces->group;
	unsigned dc = pieces->dc;
	*pieces = (struct pieces){ 0 };
	local_set_draining(remote->local, false);
	remote_note_applied(remote, dc, remote->inboxes[dc].first, group);
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
