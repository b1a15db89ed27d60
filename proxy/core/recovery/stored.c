/* Stored: outbox entries found at opening that the own log may lack. */
#include "stored.h"

#include <limits.h>

void stored_drop(struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->stored_count; i++) {
		bytes_free(recovery->stored[i].intent);
		bytes_free(recovery->stored[i].final);
	}
	memory_free(recovery->stored);
	recovery->stored = NULL;
	recovery->stored_count = 0;
}

/* Entries are sorted as they were executed, by incarnation and then by seq: a binary search finds one. */
struct stored *stored_find(struct recovery *recovery, unsigned origin, uint64_t first_seq)
{
	uint64_t incarnation = recovery->causes->origins.items[origin].incarnation;
	unsigned low = 0, high = recovery->stored_count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		struct stored *stored = &recovery->stored[middle];
		uint64_t other = recovery->causes->origins.items[stored->origin].incarnation;
		if (stored->origin == origin && stored->first_seq == first_seq)
			return stored;
		if (other < incarnation || (other == incarnation && stored->first_seq < first_seq))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* One outbox entry: an intent ("b"), or the final form of an earlier one ("r"). */
bool stored_read(struct recovery *recovery, const struct stored_entry *entry)
{
	struct batch batch;
	if (envelope_decode(entry->payload, recovery->step->envelope, &batch) != ENVELOPE_OK)
		return false;
	int origin = origins_get(&recovery->causes->origins, batch.dc, batch.incarnation);
	if (origin < 0 || recovery->causes->origins.items[origin].dc != 0)
		return false;
	if (slice_equal(entry->kind, SLICE("r"))) {
		struct stored *stored = stored_find(recovery, (unsigned)origin, batch.first_seq);
		if (stored != NULL && stored->final.len == 0)
			stored->final = buffer_copy(entry->payload);
		return true;
	}
	uint64_t last_hlc = batch.hlc + batch.write_count;
	if (last_hlc > recovery->causes->hlc)
		recovery->causes->hlc = last_hlc;
	recovery->stored = memory_resize(recovery->stored, (recovery->stored_count + 1) * sizeof(struct stored));
	recovery->stored[recovery->stored_count++] = (struct stored){
		.intent = buffer_copy(entry->payload), .entry_ms = entry->ms, .entry_seq = entry->seq,
		.origin = (unsigned)origin, .first_seq = batch.first_seq, .write_count = batch.write_count,
	};
	uint64_t last_seq = batch.first_seq + batch.write_count - 1;
	struct origin *own = &recovery->causes->origins.items[origin];
	if (last_seq > own->applied)
		own->applied = own->confirmed = last_seq;
	return true;
}

/* Drops the entries that the log holds. The others wait for the answer to the probe. */
void stored_drop_logged(struct recovery *recovery)
{
	unsigned kept = 0, last_origin = UINT_MAX;
	for (unsigned i = 0; i < recovery->stored_count; i++) {
		struct stored *stored = &recovery->stored[i];
		bool is_first = stored->origin != last_origin;
		last_origin = stored->origin;
		uint64_t *logged = &recovery->causes->origins.items[stored->origin].logged;
		/* The log has lost some batches. What precedes the first outbox entry was in the log, or it would still be in the outbox. (What is missing
		 * between two entries was refused by the store.) */
		if (is_first && !recovery->causes->origins.items[stored->origin].is_logged_whole && stored->first_seq > *logged)
			*logged = stored->first_seq - 1;
		if (stored->first_seq + stored->write_count - 1 > recovery->causes->origins.items[stored->origin].logged) {
			recovery->stored[kept++] = *stored;
			continue;
		}
		bytes_free(stored->intent);
		bytes_free(stored->final);
	}
	recovery->stored_count = kept;
}
