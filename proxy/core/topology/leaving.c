#include "leaving.h"

#include "homes.h"

void leaving_begin(struct topology *topology, struct slice text, struct slice value)
{
	struct home home, next;
	struct user user;
	if (!patterns_named(&topology->patterns, text, &user))
		return;
	struct user_hash hash = patterns_hash(&user);
	/* We are taking him over as well: what we write counts as not having seen this. */
	const struct move *move = moves_find(&topology->moves, hash);
	topology->is_leaving_unsent |= move != NULL && move->is_gathered && move->phase == MOVE_FLIPPING;
	homes_find(topology, &user, hash, &home);
	homes_read(topology, value, &next);
	if (home.dc != 0 || next.dc == 0 || topology_is_leaving(topology, hash))
		return;
	topology->leaving = array_reserve(topology->leaving, topology->leaving_count, &topology->leaving_cap, sizeof *topology->leaving);
	topology->leaving[topology->leaving_count++] = hash;
	topology->is_leaving_unsent = true;
}

bool leaving_may_go(const struct topology *topology)
{
	return !topology->is_leaving_unsent;
}

void leaving_mark(struct topology *topology)
{
	topology->step->is_unfinished |= topology->is_leaving_unsent;
	topology->is_leaving_unsent = false;
}

void leaving_end(struct topology *topology)
{
	topology->is_learning = false;
	if (topology->leaving_count == 0)
		return;
	topology->leaving_count = 0;
	topology->is_leaving_unsent = false;
	held_list_move(&topology->waiting, &topology->ready);
}
