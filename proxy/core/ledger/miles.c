/* Miles (an index from offsets to seqs): which seq each origin had reached at which message of a DC's log. They tell from where the log must be read
 * after a restart. */
#include "books.h"

void miles_add(struct books *books, unsigned dc, int64_t position, unsigned origin, uint64_t seq)
{
	struct road *road = &books->roads[dc];
	if (road->mile_count > 0) {
		struct mile *last = &road->miles[road->mile_head + road->mile_count - 1];
		/* A heartbeat, or a part of a batch, brings no new seq: only the position moves. */
		if (seq == 0 || (last->origin == origin && last->seq >= seq)) {
			last->position = position;
			return;
		}
	}
	if (road->mile_head + road->mile_count == road->mile_cap) {
		if (road->mile_head > road->mile_cap / 2) {
			for (unsigned i = 0; i < road->mile_count; i++)
				road->miles[i] = road->miles[road->mile_head + i];
			road->mile_head = 0;
		} else {
			road->mile_cap = road->mile_cap ? road->mile_cap * 2 : 64;
			road->miles = memory_resize(road->miles, road->mile_cap * sizeof(struct mile));
		}
	}
	road->miles[road->mile_head + road->mile_count++] = (struct mile){ position, origin, seq };
}

void miles_pass(struct books *books, unsigned dc)
{
	struct road *road = &books->roads[dc];
	if (dc == 0 && books->is_own_held)
		return;
	while (road->mile_count > 0) {
		const struct mile *mile = &road->miles[road->mile_head];
		struct origin *origin = &books->causes->origins.items[mile->origin];
		if (mile->seq > origin->kept)
			break;
		road->follow_position = mile->position;
		if (mile->seq > origin->floor)
			origin->floor = mile->seq;
		road->is_follow_moved = true;
		road->mile_head++;
		road->mile_count--;
	}
	if (road->mile_count == 0)
		road->mile_head = 0;
}

void miles_drop(struct books *books, unsigned dc)
{
	struct road *road = &books->roads[dc];
	road->mile_head = road->mile_count = 0;
	road->is_follow_moved = false;
}
