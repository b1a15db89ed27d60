/* Stories of a store that comes back without its last writes, and with it the log that is in it, while its sidecar runs on. */
#include "story.h"

static void begin(struct story *story)
{
	story->world->plan.has_log_in_store = true;
	for (unsigned dc = AMS; dc <= CPT; dc++) {
		sidecar_crash(story->world, &story->world->dcs[dc]);
		sidecar_start(story->world, &story->world->dcs[dc]);
	}
	story_wait(story, 1000);
}

static bool needs_resync(const struct story *story)
{
	for (unsigned dc = AMS; dc <= CPT; dc++)
		for (unsigned peer = 0; peer < 3; peer++)
			if (core_status(story->world->dcs[dc].core)->peers[peer].state == PEER_NEEDS_RESYNC)
				return true;
	return false;
}

void lost_end_that_one_peer_has_read_comes_back_everywhere(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];
	unsigned kept;

	begin(story);
	story_say(story, AMS, "INCRBY l:n 1");
	story_wait(story, 1000);
	story_cut(story, CPT, AMS);
	kept = sim_store_journal(loser->store);
	story_say(story, AMS, "INCRBY l:n 10");
	story_say(story, AMS, "HSET m:h f v");
	story_wait(story, 200);
	story_expect(story, BOM, "l:n", "11");
	fault_lose_end(story->world, loser, kept);
	story_expect(story, AMS, "l:n", "1");
	story_wait(story, 1000);
	story_expect(story, AMS, "l:n", "11");
	story_say(story, BOM, "INCRBY l:n 100");
	story_say(story, AMS, "INCRBY l:n 1000");
	story_mend(story, CPT, AMS);
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:n", "1111");
	story_expect_element_everywhere(story, "m:h", "f", "v");
	story_check(story, !needs_resync(story), "nobody needs a resync");
}

/* Of what was under way some had been answered, some not. */
void appends_under_way_follow_what_the_log_lost(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];
	unsigned kept;

	begin(story);
	story_cut(story, CPT, AMS);
	story_cut(story, BOM, AMS);
	kept = sim_store_journal(loser->store);
	for (unsigned i = 0; i < 20; i++) {
		story_say(story, AMS, "INCRBY l:n 1");
		story_wait(story, 1);
	}
	fault_lose_end(story->world, loser, kept);
	story_wait(story, 1000);
	story_expect(story, AMS, "l:n", "20");
	story_mend(story, CPT, AMS);
	story_mend(story, BOM, AMS);
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:n", "20");
	story_check(story, !needs_resync(story), "nobody needs a resync");
}

/* Longer ago than anybody keeps what it appended. Nobody has read it, so it is gone; nobody waits for it, and its DC says so. */
void lost_end_that_nobody_keeps_is_told_and_not_waited_for(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS];
	unsigned kept;

	begin(story);
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_wait(story, 1000);
	kept = sim_store_journal(loser->store);
	story_say(story, AMS, "SET l:k gone");
	story_wait(story, 20000);
	fault_lose_end(story->world, loser, kept);
	story_wait(story, 1000);
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "it says that writes of its own are gone");
	story_say(story, AMS, "SET l:other v");
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 3000);
	story_expect_everywhere(story, "l:other", "v");
	story_say(story, BOM, "SET l:more v");
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:more", "v");
	story->is_told = true;
}

/* Store, log and sidecar go down together, as with a machine that loses power, and nobody here knows what the end of the log held. BOM has it, but says so
 * only with its next heartbeat. By then AMS must not have declared its earlier incarnation over: BOM would forget how much of it there was. */
void lost_end_of_a_killed_sidecar_that_a_peer_has_read_is_told(struct story *story)
{
	struct dc *loser = &story->world->dcs[AMS], *reader = &story->world->dcs[BOM];
	unsigned kept, told;

	begin(story);
	story_say(story, AMS, "INCRBY l:n 1");
	story_wait(story, 2000);
	kept = sim_store_journal(loser->store);
	sidecar_crash(story->world, &story->world->dcs[CPT]);
	for (told = reader->log.count; reader->log.count == told;)
		story_wait(story, 1);
	story_say(story, AMS, "INCRBY l:n 10");
	story_wait(story, 30);
	story_expect(story, BOM, "l:n", "11");
	sidecar_crash(story->world, loser);
	fault_lose_end(story->world, loser, kept);
	story_wait(story, 10);
	sidecar_start(story->world, loser);
	story_wait(story, 3000);
	sidecar_start(story->world, &story->world->dcs[CPT]);
	story_wait(story, 3000);
	story_expect(story, AMS, "l:n", "1");
	story_check(story, core_status(loser->core)->peers[0].state == PEER_NEEDS_RESYNC, "it says that writes of its own are gone");
	story->is_told = true;
}
