/* Reread: keys and numbers to be read back from the store and shipped as found: a key that expired, a write whose reply was lost or that
 * was made on data the store had lost the end of, a sum of fractions (docs/replication-model.md, rules 10 and 11, and "Outcomes"). What is read back claims to have seen all that was announced: it
 * waits until the store has all of that (again). */
#include "proxy/core/state.h"

#define REREADS_MAX 1000000U         /* keys waiting; more are dropped, counted, and left to a comparison with the peers */

void reread_add(struct core *core, uint32_t db, struct slice key, bool is_expired)
{
	/* The same key again, right away: one reading tells as much. */
	if (core->reread_count > 0) {
		const struct reread *last = &core->rereads[core->reread_count - 1];
		if (last->db == db && slice_equal(last->key, key))
			return;
	}
	if (core->reread_count == REREADS_MAX) {
		core->status.dropped_rereads++;
		return;
	}
	if (core->reread_count == core->reread_cap) {
		core->reread_cap = core->reread_cap ? core->reread_cap * 2 : 8;
		core->rereads = memory_resize(core->rereads, core->reread_cap * sizeof(struct reread));
	}
	core->rereads[core->reread_count++] = (struct reread){ db, buffer_copy(key), is_expired };
}

void reread_touched(struct core *core, struct changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		changes->items[i].result.len = 0;
		if (changes->items[i].kind != CHANGE_FLUSH)
			reread_add(core, changes->items[i].db, changes->items[i].key, false);
	}
}

/* Of a batch that was shipped while we had not caught up, by a process that may have ended before it could read back. */
void reread_writes(struct core *core, struct slice writes)
{
	struct slice raw;
	enum plan pending;
	while (envelope_write_next(&writes, &pending, &core->changes, &raw))
		reread_touched(core, &core->changes);
}

void reread_clear(struct core *core)
{
	for (unsigned i = 0; i < core->reread_count; i++)
		memory_free((void *)(uintptr_t)core->rereads[i].key.ptr);
	memory_free(core->rereads);
	core->rereads = NULL;
	core->reread_count = core->reread_cap = 0;
}

static void read_back(struct core *core, bool is_expired)
{
	for (unsigned i = 0; i < core->reread_count; i++) {
		const struct reread *reread = &core->rereads[i];
		struct key *key = reread->is_expired == is_expired ? keyspace_key(&core->keyspace, reread->db, reread->key) : NULL;
		if (key == NULL || key->is_read_back)
			continue;
		key->is_read_back = true;
		gather_readback(core, reread->db, reread->key, is_expired);
	}
}

/* Each key once, however often it was named. */
static void read_back_all(struct core *core)
{
	read_back(core, true);
	read_back(core, false);
	for (unsigned i = 0; i < core->reread_count; i++) {
		struct key *key = keyspace_find(&core->keyspace, core->rereads[i].db, core->rereads[i].key);
		if (key != NULL) {
			key->is_read_back = false;
			keyspace_release_key(&core->keyspace, key);
		}
		memory_free((void *)(uintptr_t)core->rereads[i].key.ptr);
	}
	core->reread_count = 0;
}

void reread_pump(struct core *core)
{
	bool is_due = core->reread_count > 0 || core->conflicts.settle_count > 0;
	if (!is_due || core->is_store_refusing || !core_is_caught_up(core))
		return;
	read_back_all(core);
	gather_settles(core);
}
