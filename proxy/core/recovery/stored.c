/* Stored: outbox entries found at opening that the own log may lack. */
#include "stored.h"

#include "proxy/core/scripting/ran.h"
#include "proxy/core/scripting/scripts.h"

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
	for (unsigned i = 0; i < recovery->ran_count; i++)
		bytes_free(recovery->ran[i]);
	memory_free(recovery->ran);
	recovery->ran = NULL;
	recovery->ran_count = recovery->ran_cap = 0;
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

/* ---- what scripts wrote ---- */

static struct slice log_of(const struct recovery *recovery, struct slice by)
{
	struct slice token = slice_take_until(&by, ' ');
	for (unsigned i = 0; i < recovery->ran_count; i++)
		if (slice_equal(ran_token(recovery->ran[i]), token))
			return recovery->ran[i];
	return (struct slice){ "", 0 };
}

static void add_told_write(struct recovery *recovery, struct buffer *out, struct arena *arena)
{
	struct step *step = recovery->step;
	struct write_facts facts = step->changes.facts;
	struct slice log = log_of(recovery, facts.by);
	struct plan_world world = { .now_ms = step->now_ms, .db = scripts_db(facts.by), .reserved_db = recovery->options->reserved_db, .databases = recovery->options->databases };
	step->results.count = 0;
	if (log.len > 0 && !ran_changes(log, &world, arena, &step->changes, &step->results))
		step_alarm(step, 0, "a script did what cannot be told to other datacenters: its keys differ there");
	step->results.facts = facts;
	step->results.facts.by = (struct slice){ "", 0 };
	envelope_add_write(out, PLAN_SCRIPT, &step->results);
}

/* An intent whose scripts have told what they wrote, with that in it. PAYLOAD: as it stands in the outbox. Returns a copy. */
static struct slice with_scripts(struct recovery *recovery, struct slice payload, const struct batch *batch)
{
	if (recovery->ran_count == 0)
		return buffer_copy(payload);
	struct buffer out = { 0 };
	struct arena arena = { 0 };
	struct slice writes = batch->writes, raw;
	enum plan pending;
	envelope_begin(&out, batch);
	while (envelope_write_next(&writes, &pending, &recovery->step->changes, &raw)) {
		if (pending == PLAN_SCRIPT)
			add_told_write(recovery, &out, &arena);
		else
			envelope_add_write_raw(&out, raw);
	}
	for (unsigned i = 0; i < recovery->ran_count; i++)
		bytes_free(recovery->ran[i]);
	recovery->ran_count = 0;
	arena_free(&arena);
	struct slice copy = buffer_copy(buffer_slice(&out));
	buffer_free(&out);
	return copy;
}

static void note_ran(struct recovery *recovery, struct slice log)
{
	recovery->ran = array_reserve(recovery->ran, recovery->ran_count, &recovery->ran_cap, sizeof *recovery->ran);
	recovery->ran[recovery->ran_count++] = buffer_copy(log);
}

/* One outbox entry: what a script wrote, in front of its intent ("s"); an intent ("b"), or the final form of an earlier one ("r"). */
bool stored_read(struct recovery *recovery, const struct stored_entry *entry)
{
	struct batch batch;
	if (slice_equal(entry->kind, SLICE("s"))) {
		note_ran(recovery, entry->payload);
		return true;
	}
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
	struct slice intent = with_scripts(recovery, entry->payload, &batch);
	recovery->stored[recovery->stored_count++] = (struct stored){
		.intent = intent, .entry_ms = entry->ms, .entry_seq = entry->seq,
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

void stored_hear_floor(struct recovery *recovery, const struct stored *stored)
{
	struct origins *origins = &recovery->causes->origins;
	struct batch batch;
	envelope_read_header(stored->intent, recovery->step->envelope, &batch);
	for (unsigned i = 0; i < batch.context_count && !batch.is_lifted; i++) {
		const struct position *position = &batch.context[i];
		if (position->is_floor && origins_dc(origins, position->dc) == 0 && position->incarnation > floor_at(origins->heard, 0))
			floors_raise(&origins->heard, origins, 0, position->incarnation);
	}
}
