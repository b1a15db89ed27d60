/* Rereads: the list of keys to be read back from the store and shipped as they are found (local/readback.c does that). */
#include "rereads.h"

#define REREADS_MAX 1000000U         /* keys waiting; more are dropped, counted, and left to a comparison with the peers */

void rereads_add(struct rereads *rereads, uint32_t db, struct slice key, bool is_expired)
{
	/* Homes are absolute, and never read back: the hash may hold millions. */
	if (db == DB_RESERVED)
		return;
	/* The same key again, right away: one reading tells as much. */
	if (rereads->count > 0) {
		const struct reread *last = &rereads->items[rereads->count - 1];
		if (last->db == db && slice_equal(last->key, key))
			return;
	}
	if (rereads->count == REREADS_MAX) {
		rereads->step->status.dropped_rereads++;
		return;
	}
	rereads->items = array_reserve(rereads->items, rereads->count, &rereads->cap, sizeof *rereads->items);
	rereads->items[rereads->count++] = (struct reread){ db, buffer_copy(key), is_expired };
}

void rereads_add_touched(struct rereads *rereads, struct changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		changes->items[i].result.len = 0;
		if (changes->items[i].kind != CHANGE_FLUSH)
			rereads_add(rereads, changes->items[i].db, changes->items[i].key, false);
	}
}

/* Of a batch that was shipped while we had not caught up, by a process that may have ended before it could read back. */
void rereads_add_writes(struct rereads *rereads, struct slice writes)
{
	struct envelope_walk walk = { .writes = writes };
	while (envelope_walk_next(&walk, &rereads->step->changes))
		rereads_add_touched(rereads, &rereads->step->changes);
}

void rereads_clear(struct rereads *rereads)
{
	for (unsigned i = 0; i < rereads->count; i++)
		bytes_free(rereads->items[i].key);
	memory_free(rereads->items);
	rereads->items = NULL;
	rereads->count = rereads->cap = 0;
}
