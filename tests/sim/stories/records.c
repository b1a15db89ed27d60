/* Stories of what is written down of conflicts. Records that are open, or whose writes are not stable, are in a hash; those that ended, and those
 * that opened, in a stream. */
#include <stdio.h>
#include <string.h>

#include "proxy/core/wire/record.h"
#include "story.h"

static const struct sim_key *reserved_key(const struct story *story, unsigned dc, const char *name)
{
	return sim_store_find(story->world->dcs[dc].store, SIM_RESERVED_DB, pool_intern(story->world->pool, slice_of(name)));
}

/* How many records a value holds, and the last of them. */
static unsigned records_in(const struct story *story, uint32_t value, struct slice *last)
{
	struct slice records = pool_text(story->world->pool, value);
	unsigned count = 0;

	while (records_next(&records, last))
		count++;
	return count;
}

static unsigned kept_count(const struct story *story, unsigned dc)
{
	const struct sim_key *hash = reserved_key(story, dc, CORE_EPISODES_KEY);
	struct slice last;
	unsigned count = 0;

	for (unsigned i = 0; hash != NULL && i < hash->count; i++)
		count += records_in(story, hash->elements[i].value, &last);
	return count;
}

static unsigned told_count(const struct story *story, unsigned dc)
{
	const struct sim_key *stream = reserved_key(story, dc, CORE_CONFLICTS_KEY);
	struct slice last;
	unsigned count = 0;

	for (unsigned i = 0; stream != NULL && i < stream->entry_count; i++)
		count += records_in(story, stream->entries[i].value, &last);
	return count;
}

/* The bytes of the record that is kept, or of the last that was told, by their number in the pool. */
static uint32_t newest_record(const struct story *story, unsigned dc)
{
	const struct sim_key *hash = reserved_key(story, dc, CORE_EPISODES_KEY), *stream = reserved_key(story, dc, CORE_CONFLICTS_KEY);
	struct slice last = { "", 0 };

	if (hash != NULL && hash->count > 1)
		records_in(story, hash->elements[1].value, &last);
	else if (stream != NULL && stream->entry_count > 0)
		records_in(story, stream->entries[stream->entry_count - 1].value, &last);
	return last.len == 0 ? 0 : pool_intern(story->world->pool, last);
}

/* Every DC keeps KEPT records and has told of TOLD, and the newest one is the same bytes everywhere. */
static void expect_counts(struct story *story, unsigned kept, unsigned told)
{
	for (unsigned dc = AMS; dc <= CPT; dc++) {
		if (kept_count(story, dc) != kept || told_count(story, dc) != told)
			auditor_find(story->world->auditor, "%s keeps %u records and has told of %u, not %u and %u", world_dc_names[dc],
			             kept_count(story, dc), told_count(story, dc), kept, told);
		story_check(story, newest_record(story, dc) == newest_record(story, AMS), "a record is the same everywhere");
	}
}

static void expect_record(struct story *story, enum record_status status, unsigned sides, uint64_t pairs)
{
	struct record_scratch scratch = { 0 };
	struct record record;
	struct slice bytes = pool_text(story->world->pool, newest_record(story, AMS));

	if (!record_decode(bytes, &scratch, &record))
		auditor_find(story->world->auditor, "there is no record");
	else if (record.status != status || record.side_count != sides || record.pairs != pairs)
		auditor_find(story->world->auditor, "the record is %s, with %u sides and %llu pairs", record_status_text(record.status), record.side_count,
		             (unsigned long long)record.pairs);
	memory_free(scratch.sides);
}

static void write_apart(struct story *story, const char *key)
{
	char command[100];

	story_part(story, AMS, BOM);
	snprintf(command, sizeof(command), "SET %s a", key);
	story_say(story, AMS, command);
	story_wait(story, 10);
	snprintf(command, sizeof(command), "SET %s b", key);
	story_say(story, BOM, command);
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 3000);
}

void conflict_is_told_once_all_have_its_writes(struct story *story)
{
	write_apart(story, "l:k");
	expect_counts(story, 0, 1);
	expect_record(story, RECORD_AUTO, 2, 1);
}

void open_conflict_is_kept_until_a_write_has_seen_it(struct story *story)
{
	write_apart(story, "r:k");
	expect_counts(story, 1, 1);
	expect_record(story, RECORD_OPEN, 2, 1);
	story_check(story, core_status(story->world->dcs[CPT].core)->open_conflicts == 1, "an open record is counted");
	story_say(story, CPT, "SET r:k c");
	story_wait(story, 3000);
	expect_counts(story, 0, 2);
	expect_record(story, RECORD_SUPERSEDED, 2, 1);
	story_check(story, core_status(story->world->dcs[CPT].core)->open_conflicts == 0, "a record that ended is not counted as open");
}

void chain_of_three_is_one_record(struct story *story)
{
	story_part(story, AMS, BOM);
	story_part(story, BOM, CPT);
	story_say(story, AMS, "SET l:k a");
	story_say(story, BOM, "SET l:k b");
	story_wait(story, 100);
	/* It has seen the first, and not the second. */
	story_say(story, CPT, "SET l:k c");
	story_wait(story, 100);
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 3000);
	expect_counts(story, 0, 1);
	expect_record(story, RECORD_AUTO, 3, 2);
}

void write_that_joins_two_records_leaves_one(struct story *story)
{
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	story_say(story, CPT, "SET r:k z");
	story_wait(story, 100);
	write_apart(story, "r:k");
	write_apart(story, "r:k");
	for (unsigned dc = AMS; dc <= BOM; dc++)
		story_check(story, kept_count(story, dc) == 2, "as long as nothing joins them there are two records");
	story_rejoin(story, AMS, CPT);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 3000);
	for (unsigned dc = AMS; dc <= CPT; dc++) {
		story_check(story, kept_count(story, dc) == 1, "joined records are one");
		story_check(story, newest_record(story, dc) == newest_record(story, AMS), "a record is the same everywhere");
	}
	expect_record(story, RECORD_OPEN, 5, 6);
	story_expect_siblings(story, CPT, "r:k", "b a z");
}

void open_conflict_outlives_its_sidecar(struct story *story)
{
	write_apart(story, "r:k");
	for (unsigned dc = AMS; dc <= CPT; dc++) {
		sidecar_crash(story->world, &story->world->dcs[dc]);
		sidecar_start(story->world, &story->world->dcs[dc]);
	}
	story_wait(story, 3000);
	expect_counts(story, 1, 1);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:k", "b a");
	story_check(story, core_status(story->world->dcs[BOM].core)->open_conflicts == 1, "an open record is counted after a restart");
	story_say(story, BOM, "DEL r:k");
	story_wait(story, 3000);
	expect_counts(story, 0, 2);
	expect_record(story, RECORD_SUPERSEDED, 2, 1);
}

/* Nothing is stable when the sidecar goes: what it wrote down and what it hears again are one. */
void record_is_taken_up_where_its_sidecar_left_it(struct story *story)
{
	story_part(story, AMS, BOM);
	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k a");
	story_say(story, BOM, "SET l:k b");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 1000);
	story_check(story, kept_count(story, BOM) == 1 && told_count(story, BOM) == 0, "a conflict is kept until all have its writes");
	sidecar_crash(story->world, &story->world->dcs[BOM]);
	sidecar_start(story->world, &story->world->dcs[BOM]);
	story_wait(story, 1000);
	story_mend(story, CPT, AMS);
	story_wait(story, 3000);
	expect_counts(story, 0, 1);
	expect_record(story, RECORD_AUTO, 2, 1);
}

static unsigned field_count(const struct story *story, unsigned dc)
{
	const struct sim_key *hash = reserved_key(story, dc, CORE_EPISODES_KEY);

	return hash == NULL ? 0 : hash->count - 1;               /* it is marked */
}

static void restart(struct story *story, unsigned dc)
{
	sidecar_crash(story->world, &story->world->dcs[dc]);
	sidecar_start(story->world, &story->world->dcs[dc]);
	story_wait(story, 1000);
}

void records_of_one_transaction_stand_together_until_one_changes(struct story *story)
{
	story_part(story, AMS, BOM);
	story_part(story, CPT, AMS);
	story_part(story, CPT, BOM);
	story_say(story, AMS, "MSET l:1 a l:2 a l:3 a");
	story_say(story, BOM, "MSET l:1 b l:2 b l:3 b");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 1000);
	story_check(story, field_count(story, BOM) == 1 && kept_count(story, BOM) == 3, "records of one transaction are in one field");
	restart(story, BOM);
	story_check(story, field_count(story, BOM) == 1 && kept_count(story, BOM) == 3, "a restart leaves them there");
	story_cut(story, BOM, CPT);
	story_say(story, CPT, "SET l:2 c");
	story_wait(story, 200);
	story_rejoin(story, CPT, AMS);
	story_wait(story, 1000);
	story_check(story, field_count(story, AMS) == 3 && kept_count(story, AMS) == 3, "when one changes, each gets a field of its own");
	restart(story, AMS);
	story_check(story, field_count(story, AMS) == 3 && kept_count(story, AMS) == 3, "a restart finds each once");
	story_rejoin(story, CPT, BOM);
	story_mend(story, BOM, CPT);
	story_wait(story, 3000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_check(story, kept_count(story, dc) == 0 && told_count(story, dc) == 3, "all are told once");
}

void sum_of_increments_is_no_record(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "INCRBY r:n 1");
	story_say(story, BOM, "INCRBY r:n 2");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 3000);
	story_expect_everywhere(story, "r:n", "3");
	expect_counts(story, 0, 0);
}

void same_member_popped_twice_is_told(struct story *story)
{
	const struct sim_key *stream;
	struct record_scratch scratch = { 0 };
	struct record record;
	struct slice records, bytes;
	bool is_told = false;

	story_say(story, AMS, "SADD m:s a");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "SPOP m:s");
	story_say(story, BOM, "SPOP m:s");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 3000);
	story_expect_element_everywhere(story, "m:s", "a", NULL);
	/* The key has a record of its own, which is about its deadline. */
	stream = reserved_key(story, CPT, CORE_CONFLICTS_KEY);
	records = stream == NULL || stream->entry_count == 0 ? SLICE("") : pool_text(story->world->pool, stream->entries[0].value);
	while (records_next(&records, &bytes))
		is_told |= record_decode(bytes, &scratch, &record) && record.kind == RECORD_DOUBLE_POP && slice_equal(record.sides[0].command, SLICE("spop"));
	story_check(story, is_told, "a double pop is told as such");
	memory_free(scratch.sides);
}

void version_that_survived_one_conflict_begins_another(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "SET r:k 1");
	story_wait(story, 10);
	story_say(story, BOM, "INCR r:k");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 3000);
	expect_counts(story, 0, 1);
	expect_record(story, RECORD_AUTO, 2, 1);
	/* Whether the first record is still there must not matter to what this one tells. */
	story_cut(story, CPT, BOM);
	story_ask(story, AMS, VERB_SET, "r:k", "3", 0);
	story_mend(story, CPT, BOM);
	story_wait(story, 1000);
	expect_counts(story, 1, 2);
	expect_record(story, RECORD_OPEN, 2, 1);
	story_ask(story, BOM, VERB_SET, "r:k", "all", story_ask(story, BOM, VERB_GET, "r:k", "", 0));
	story_wait(story, 3000);
	expect_counts(story, 0, 3);
	expect_record(story, RECORD_SUPERSEDED, 2, 1);
}

/* The string that the hash has killed is recalled, the hash no longer: it was stable a round earlier. */
void killed_version_is_not_written_down_alive_by_who_recalls_it(struct story *story)
{
	struct dc *restarted = &story->world->dcs[BOM];

	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	story_say(story, AMS, "SET r:k killed");
	story_wait(story, 20);
	story_say(story, CPT, "HSET r:k f v");
	story_wait(story, 20);
	story_say(story, BOM, "SET r:k b");
	story_wait(story, 20);
	story_say(story, CPT, "SET r:k c");
	story_rejoin(story, BOM, CPT);
	story_mend(story, AMS, BOM);
	story_mend(story, AMS, CPT);
	story_wait(story, 1500);
	story_mend(story, BOM, AMS);
	story_wait(story, 1500);
	story_cut(story, AMS, CPT);
	story_say(story, CPT, "SET l:x not-stable");
	story_wait(story, 500);
	story_mend(story, CPT, AMS);
	story_wait(story, 2500);
	story_cut(story, BOM, CPT);
	sidecar_crash(story->world, restarted);
	sidecar_start(story->world, restarted);
	story_wait(story, 2500);
	sidecar_crash(story->world, restarted);
	story_mend(story, BOM, CPT);
	sidecar_start(story->world, restarted);
	story_mend(story, AMS, CPT);
	story_wait(story, 3000);
	story_expect_siblings(story, AMS, "r:k", "c b");
	story_expect_siblings(story, BOM, "r:k", "c b");
}
