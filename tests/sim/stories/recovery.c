/* Stories of loss: of a process, of a store's tail, of all of a store, of a log's head. */
#include "story.h"

#include <string.h>

#include <stdio.h>

void killed_sidecar_ships_what_it_had_executed(struct story *story)
{
	struct dc *killed = &story->world->dcs[AMS];

	killed->is_log_cut = true;
	killed->log_generation++;
	story_say(story, AMS, "INCRBY l:n 5");
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 50);
	story_expect(story, AMS, "l:n", "5");
	sidecar_crash(story->world, killed);
	fault_heal(story->world, killed, FAULT_LOG_CUT, 0);
	story_wait(story, 50);
	story_expect(story, BOM, "l:n", NULL);
	sidecar_start(story->world, killed);
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:n", "5");
	story_expect_everywhere(story, "l:k", "v1");
}

void store_restored_from_an_old_snapshot_catches_up(struct story *story)
{
	unsigned snapshot;

	story_say(story, AMS, "INCRBY l:n 1");
	story_wait(story, 200);
	snapshot = sim_store_journal(story->world->dcs[BOM].store);
	story_say(story, AMS, "INCRBY l:n 10");
	story_say(story, BOM, "INCRBY l:n 100");
	story_wait(story, 200);
	story_restore(story, BOM, snapshot);
	story_expect(story, BOM, "l:n", "1");
	story_wait(story, 50);
	story_say(story, BOM, "INCRBY l:n 1000");
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:n", "1111");
}

void emptied_store_gets_everything_back(struct story *story)
{
	story_say(story, AMS, "INCRBY l:n 1");
	story_say(story, BOM, "INCRBY l:n 10");
	story_say(story, BOM, "HSET m:h f v");
	story_wait(story, 2000);
	story_restore(story, BOM, 0);
	story_expect(story, BOM, "l:n", NULL);
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:n", "11");
	story_expect_element_everywhere(story, "m:h", "f", "v");
}

static const char *id_of(const struct story *story, unsigned dc)
{
	return core_status(story->world->dcs[dc].core)->peers[0].id;
}

/* Its id comes from its log, as a new store has another one to propose. */
void emptied_store_is_the_datacenter_that_it_was(struct story *story)
{
	char before[CORE_ID_MAX + 1];

	story_wait(story, 8000);
	memcpy(before, id_of(story, BOM), sizeof(before));
	story_check(story, before[0] != '\0', "a datacenter has an id after a while");
	story_part(story, BOM, AMS);
	story_part(story, BOM, CPT);
	story_restore(story, BOM, 0);
	story_wait(story, 8000);
	story_check(story, strcmp(id_of(story, BOM), before) == 0, "a store that came back empty has the id of its datacenter, though no peer could tell it");
	story_rejoin(story, BOM, AMS);
	story_rejoin(story, BOM, CPT);
	story_say(story, BOM, "SET l:k v");
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:k", "v");
}

void truncated_log_stops_its_reader_loudly(struct story *story)
{
	struct dc *reader = &story->world->dcs[CPT], *source = &story->world->dcs[AMS];
	unsigned alarms = reader->alarms;

	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 100);
	sim_log_truncate(&source->log, source->log.count);
	story_say(story, AMS, "SET l:other v2");
	story_mend(story, CPT, AMS);
	story_wait(story, 2000);
	story_check(story, core_status(reader->core)->peers[world_local_index(reader, AMS)].state == PEER_NEEDS_RESYNC, "the reader needs a resync");
	story_check(story, reader->alarms > alarms, "the reader raises an alarm");
	story_expect(story, CPT, "l:other", NULL);
	story_expect(story, BOM, "l:other", "v2");
	story->is_told = true;
}

void store_and_log_that_both_lost_writes_say_so_for_good(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];

	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 200);
	sim_log_truncate(&loser->log, loser->log.count);
	story_restore(story, AMS, 0);
	story_wait(story, 2000);
	story_check(story, loser->alarms > 0, "an alarm is raised, although nobody is left who knows of the write");
	sidecar_crash(story->world, loser);
	sidecar_start(story->world, loser);
	story_wait(story, 2000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "a restart does not forget that something was lost");
	story->is_told = true;
}

/* Redis was restarted, and the log was cut behind all that it knew of it. What was there may be gone everywhere. */
void loss_is_over_once_all_have_a_later_write_and_nobody_lacks_any(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];

	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 4000);
	unsigned kept = sim_store_journal(loser->store);
	story_wait(story, 2000);
	sim_log_truncate(&loser->log, loser->log.count);
	loser->is_truncated = true;
	story_restore(story, AMS, kept);
	story_wait(story, 4000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "something may be gone");
	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k v2");
	story_wait(story, 4000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "one datacenter has not said that it lacks nothing");
	story_mend(story, CPT, AMS);
	story_wait(story, 4000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_FOLLOWING, "nobody lacks anything");
	sidecar_crash(story->world, loser);
	sidecar_start(story->world, loser);
	story_wait(story, 2000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_FOLLOWING, "a restart does not bring it up again");
	story_expect_everywhere(story, "l:k", "v2");
}

/* With a log that is a stream in the store itself. Its peers know better than the log. */
static void come_back_with_log(struct story *story, unsigned kept, const char *later)
{
	struct dc *loser = &story->world->dcs[AMS];

	sim_log_remake(&loser->log);
	story_restore(story, AMS, kept);
	story_wait(story, 2000);
	if (later != NULL)
		story_say(story, AMS, later);
	story_wait(story, 2000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "it says that writes of its own are gone");
	story->is_told = true;
}

void store_that_comes_back_empty_with_its_log_says_so(struct story *story)
{
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 2000);
	come_back_with_log(story, 0, "SET l:other v2");
}

void store_that_comes_back_old_with_its_log_says_so(struct story *story)
{
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 2000);
	unsigned kept = sim_store_journal(story->world->dcs[AMS].store);
	story_say(story, AMS, "SET l:k v2");
	story_wait(story, 2000);
	come_back_with_log(story, kept, "SET l:other v3");
}

/* Its log was deleted and made anew behind its back, while others lacked what it held. What was in it is gone; others' writes come through all the same. */
void logs_of_others_are_read_whatever_the_own_one_lost(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];

	story_say(story, AMS, "SET l:before 1");
	story_wait(story, 3000);
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_say(story, AMS, "SET l:k lost");
	story_wait(story, 2000);
	sidecar_crash(story->world, loser);
	sim_log_truncate(&loser->log, loser->log.count);
	loser->is_truncated = true;
	story_say(story, BOM, "SET l:other 1");
	sidecar_start(story->world, loser);
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 3000);
	story_check(story, !core_status(loser->core)->is_recalling, "what the log lost is not waited for");
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "that it lost something is said");
	story_expect(story, AMS, "l:other", "1");
	story_say(story, CPT, "SET l:more 1");
	story_wait(story, 1000);
	story_expect(story, AMS, "l:more", "1");
	story->is_told = true;
}

static struct core_peer_status status_of(struct story *story, unsigned dc, unsigned peer)
{
	const struct dc *reader = &story->world->dcs[dc];

	return core_status(reader->core)->peers[world_local_index(reader, peer)];
}

/* Its store is so old that it knows no position in the log, the log has lost its beginning, and there is an outbox entry that may have been in there. Whoever
 * has a write of that log, and lost the metadata of it, is not kept waiting for that. */
void readers_of_a_datacenter_that_is_stopped_do_not_wait_for_it(struct story *story)
{
	struct dc *stopped = &story->world->dcs[AMS], *reader = &story->world->dcs[CPT];

	story_cut(story, BOM, AMS);
	story_cut(story, CPT, AMS);
	story_wait(story, 200);
	sim_log_truncate(&stopped->log, stopped->log.count);
	story_say(story, AMS, "INCRBY l:n 1");
	story_wait(story, 50);
	story_mend(story, CPT, AMS);
	story_wait(story, 100);
	story_expect(story, CPT, "l:n", "1");
	sidecar_crash(story->world, stopped);
	sidecar_crash(story->world, reader);
	sim_log_truncate(&stopped->log, stopped->log.count);
	stopped->is_truncated = true;
	sidecar_start(story->world, stopped);
	sidecar_start(story->world, reader);
	story_wait(story, 1000);
	story_check(story, strcmp(core_status(stopped->core)->recovery, "stopped") == 0, "nobody knows what it may ship");
	story_wait(story, 2000);
	story_check(story, !core_status(reader->core)->is_recalling, "what the log lost is not waited for");
	story_check(story, status_of(story, CPT, AMS).state == PEER_NEEDS_RESYNC, "that it is lost is said");
	story_say(story, BOM, "SET l:k v");
	story_wait(story, 1000);
	story_expect(story, CPT, "l:k", "v");
	story->is_told = true;
}

void needs_resync_names_the_same_write_after_a_restart(struct story *story)
{
	struct dc *source = &story->world->dcs[AMS], *reader = &story->world->dcs[CPT];
	struct core_peer_status before, after;

	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 2000);
	story_cut(story, BOM, AMS);
	story_say(story, AMS, "SET l:k v2");
	story_wait(story, 2000);
	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k v3");
	story_wait(story, 100);
	sim_log_truncate(&source->log, source->log.count);
	source->is_truncated = true;
	story_mend(story, CPT, AMS);
	story_wait(story, 2000);
	before = status_of(story, CPT, AMS);
	sidecar_crash(story->world, reader);
	sidecar_start(story->world, reader);
	story_wait(story, 2000);
	after = status_of(story, CPT, AMS);
	story_check(story, before.state == PEER_NEEDS_RESYNC && after.state == PEER_NEEDS_RESYNC, "the reader needs a resync, before and after");
	story_check(story, before.newest.seq == 2 && after.newest.seq == before.newest.seq && after.newest.incarnation == before.newest.incarnation,
	            "it names the same write, before and after");
	story->is_told = true;
}

/* A datacenter that came back empty reads the log from its beginning. All that is left of it is of an incarnation that wrote nothing itself. It tells
 * what the one before had written. */
void heartbeats_behind_a_cut_log_stop_its_reader(struct story *story)
{
	struct dc *source = &story->world->dcs[AMS];

	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 1000);
	story_restore(story, AMS, sim_store_journal(source->store));
	story_wait(story, 1000);
	sim_log_truncate(&source->log, source->log.count);
	source->is_truncated = true;
	story_restore(story, CPT, 0);
	story_mend(story, CPT, AMS);
	story_wait(story, 2000);
	story_check(story, status_of(story, CPT, AMS).state == PEER_NEEDS_RESYNC, "the reader needs a resync");
	story->is_told = true;
}

/* Now and then there is time for every datacenter to hear what all have. */
void hundreds_of_restarts_leave_no_trace(struct story *story)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < 300; i++) {
		story_restore(story, AMS, sim_store_journal(story->world->dcs[AMS].store));
		story_wait(story, 120);
		story_say(story, AMS, "INCRBY l:n 1");
		story_wait(story, i % 10 == 9 ? 2000 : 20);
		for (unsigned dc = AMS; dc <= CPT; dc++)
			if (core_status(story->world->dcs[dc].core)->indexes > most)
				most = core_status(story->world->dcs[dc].core)->indexes;
	}
	story_expect_everywhere(story, "l:n", "300");
	story_check(story, most < 50, "fewer than 50 incarnations are remembered at any time");
}

/* Redis and sidecar die and come back ten thousand times, as in a pod that crashes in a loop, mostly before anybody has heard of the last time. */
void ten_thousand_restarts_leave_no_trace(struct story *story)
{
	static const unsigned long restarts = 10000;
	struct world *world = story->world;
	struct dc *looping = &world->dcs[BOM];
	char expected[24];
	uint64_t most = 0;
	unsigned writes = 0;

	for (unsigned long i = 1; i <= restarts; i++) {
		story_restore(story, BOM, sim_store_journal(looping->store));
		story_wait(story, 60);
		if (i % 25 == 0) {
			story_say(story, BOM, "INCRBY l:n 1");
			writes++;
			story_wait(story, 2000);
		}
		for (unsigned dc = AMS; dc <= CPT; dc++)
			if (core_status(world->dcs[dc].core)->indexes > most)
				most = core_status(world->dcs[dc].core)->indexes;
	}
	story_wait(story, 5000);
	snprintf(expected, sizeof expected, "%u", writes);
	story_expect_everywhere(story, "l:n", expected);
	story_check(story, most < 100, "fewer than 100 incarnations are remembered at any time");
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_check(story, core_status(world->dcs[dc].core)->indexes < 30, "fewer than 30 are in the end");
}

static bool is_write_taken(struct story *story, unsigned dc)
{
	uint64_t refused = core_status(story->world->dcs[dc].core)->refused_writes;

	story_say(story, dc, "INCRBY l:n 1");
	story_wait(story, 20);
	return core_status(story->world->dcs[dc].core)->refused_writes == refused;
}

void writes_refused_for_too_many_restarts_are_taken_once_all_are_heard(struct story *story)
{
	const unsigned limit = 30;
	struct dc *looping = &story->world->dcs[AMS];

	story->world->plan.limits.incarnations = limit;
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	for (unsigned i = 0; i < limit; i++) {
		story_restore(story, AMS, sim_store_journal(looping->store));
		story_wait(story, 200);
		story_say(story, AMS, "INCRBY l:n 1");
		story_wait(story, 200);
	}
	story_check(story, core_status(looping->core)->incarnations >= limit, "incarnations of which a peer has not heard are remembered");
	story_check(story, !is_write_taken(story, AMS), "at the limit a write is refused");
	story_say(story, BOM, "SET l:k v1");
	story_wait(story, 200);
	story_expect(story, AMS, "l:k", "v1");
	story_rejoin(story, AMS, CPT);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 10000);
	story_check(story, core_status(looping->core)->incarnations < limit / 2, "once the peer has heard of them they are forgotten");
	story_check(story, is_write_taken(story, AMS), "and writes are taken again");
}

void clock_that_was_set_right_ends_a_quarantine(struct story *story)
{
	story_set_clock(story, AMS, 7200000);
	story_say(story, AMS, "SET l:k ahead");
	story_wait(story, 1000);
	story_expect(story, BOM, "l:k", NULL);
	story_check(story, core_status(story->world->dcs[BOM].core)->peers[world_local_index(&story->world->dcs[BOM], AMS)].state == PEER_QUARANTINED,
	            "a clock two hours ahead is quarantined");
	story_set_clock(story, AMS, 0);
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:k", "ahead");
	story_say(story, BOM, "SET l:k right");
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:k", "right");
	for (unsigned dc = AMS; dc <= CPT; dc++)
		for (unsigned peer = 1; peer < 3; peer++)
			story_check(story, core_status(story->world->dcs[dc].core)->peers[peer].clock_verdict == CLOCK_AGREES, "nobody's clock is said to be wrong");
}
