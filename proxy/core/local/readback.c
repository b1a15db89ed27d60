/* Readback: keys and numbers are read back from the store and shipped as found: a key that expired, a write whose reply was lost or that
 * was made on data the store had lost the end of, a sum of fractions (docs/replication-model.md, rules 10 and 11, and "Outcomes").
 * What is read back claims to have seen all that was announced: it waits until the store has all of that (again). */
#include "local_state.h"

static void read_back(struct local *local, bool is_expired)
{
	for (unsigned i = 0; i < local->rereads->count; i++) {
		const struct reread *reread = &local->rereads->items[i];
		struct key *key = reread->is_expired == is_expired ? keyspace_key(local->keyspace, reread->db, reread->key) : NULL;
		if (key == NULL || key->is_read_back)
			continue;
		key->is_read_back = true;
		gather_readback(local, reread->db, reread->key, is_expired);
	}
}

/* Reads each key back once, however often it was put on the list. */
static void read_back_all(struct local *local)
{
	read_back(local, true);
	read_back(local, false);
	for (unsigned i = 0; i < local->rereads->count; i++) {
		struct key *key = keyspace_recall(local->keyspace, local->rereads->items[i].db, local->rereads->items[i].key);
		if (key != NULL) {
			key->is_read_back = false;
			keyspace_release_key(local->keyspace, key);
		}
		bytes_free(local->rereads->items[i].key);
	}
	local->rereads->count = 0;
}

void readback_pump(struct local *local)
{
	bool is_due = local->rereads->count > 0 || local->conflicts->rounding_count > 0;
	if (!is_due || local->groups->is_store_refusing || !causes_are_caught_up(local->causes))
		return;
	read_back_all(local);
	gather_roundings(local);
}
