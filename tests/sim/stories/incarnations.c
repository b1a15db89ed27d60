/* Stories of incarnations that are over: what a floor says of them, and what is still remembered. */
#include "story.h"

/* A restart of a store, with all that it had. */
static void restart_store(struct story *story, unsigned dc)
{
	story_restore(story, dc, sim_store_journal(story->world->dcs[dc].store));
}

/* The log lacks nothing but its first hello. Whoever reads it from its beginning has all that the incarnation wrote, unless a floor above says that
 * all others had it long ago. */
void floor_is_told_only_once_all_have_what_is_below(struct story *story)
{
	struct dc *source = &story->world->dcs[AMS], *reader = &story->world->dcs[CPT];

	story_cut(story, CPT, AMS);
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 50);
	restart_store(story, AMS);
	story_wait(story, 2000);
	sim_log_truncate(&source->log, 1);
	story_restore(story, CPT, 0);
	story_mend(story, CPT, AMS);
	story_wait(story, 3000);
	story_check(story, core_status(reader->core)->peers[world_local_index(reader, AMS)].state == PEER_FOLLOWING, "the log is followed");
	story_expect_everywhere(story, "l:k", "v1");
}

/* A datacenter that came back empty lacks what is below the floor again. The log of the one that tells it no longer names what that was. */
void floor_of_another_datacenter_is_waited_for(struct story *story)
{
	struct dc *teller = &story->world->dcs[BOM];

	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 2000);
	restart_store(story, AMS);
	story_wait(story, 8000);
	story_part(story, CPT, AMS);
	sim_log_truncate(&teller->log, teller->log.count);
	story_restore(story, CPT, 0);
	story_wait(story, 500);
	story_say(story, BOM, "SET l:other v2");
	story_wait(story, 2000);
	story_expect(story, AMS, "l:other", "v2");
	story_expect(story, CPT, "l:other", NULL);
	story_rejoin(story, CPT, AMS);
	story_wait(story, 3000);
	story_expect_everywhere(story, "l:k", "v1");
	story_expect_everywhere(story, "l:other", "v2");
}

/* A newer type kills an older write for good. All have the newer one, but BOM lacks what it killed: so whoever has both needs both after a restart. */
void incarnation_is_remembered_until_what_it_killed_is_stable(struct story *story)
{
	const struct dc *dcs = story->world->dcs;
	uint64_t before = core_status(dcs[AMS].core)->incarnations;

	story_cut(story, BOM, CPT);
	story_part(story, AMS, CPT);
	story_say(story, CPT, "SET l:k killed");
	story_wait(story, 20);
	story_say(story, AMS, "HSET l:k f v");
	story_wait(story, 20);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 3000);
	restart_store(story, AMS);
	story_wait(story, 5000);
	story_check(story, core_status(dcs[AMS].core)->incarnations == before + 1, "an incarnation that killed what one datacenter lacks is remembered");
	sidecar_crash(story->world, &story->world->dcs[CPT]);
	sidecar_start(story->world, &story->world->dcs[CPT]);
	story_wait(story, 1000);
	story_say(story, BOM, "HDEL l:k f");
	story_wait(story, 2000);
	story_expect(story, CPT, "l:k", NULL);
	story_mend(story, BOM, CPT);
	story_wait(story, 5000);
	story_check(story, core_status(dcs[AMS].core)->incarnations == before, "once all have it nothing of that incarnation is remembered");
	story_expect_everywhere(story, "l:k", NULL);
}
