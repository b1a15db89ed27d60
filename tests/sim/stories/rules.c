/* Stories of rules: an order of datacenters, and rules that change on the way. The order of priority keys is bom, ams, then the rest. */
#include "story.h"

void order_of_datacenters_beats_time(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, BOM, "SET p:k first");
	story_wait(story, 50);
	story_say(story, AMS, "SET p:k second");
	story_say(story, CPT, "SET p:other third");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "p:k", "first");
	story_expect_everywhere(story, "p:other", "third");
	/* Once it has seen it, any datacenter may replace it. */
	story_say(story, CPT, "SET p:k fourth");
	story_wait(story, 500);
	story_expect_everywhere(story, "p:k", "fourth");
}

void loser_of_priority_wins_when_the_winner_is_replaced_unseen(struct story *story)
{
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_say(story, BOM, "SET p:k winner");
	story_say(story, AMS, "SET p:k loser");
	story_wait(story, 100);
	/* It has seen the winner alone, and ranks behind the loser. */
	story_say(story, CPT, "SET p:k replacement");
	story_wait(story, 100);
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 1000);
	story_expect_everywhere(story, "p:k", "loser");
}

void rules_that_change_at_different_moments_end_alike(struct story *story)
{
	story_say(story, AMS, "HSET l:h f old");
	story_wait(story, 300);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "HSET l:h f new");
	story_wait(story, 50);
	story_say(story, BOM, "HDEL l:h f");
	/* Under lww the removal is newer, under merge it has not seen what it removes. */
	sidecar_new_rules(story->world, &story->world->dcs[AMS]);
	story_wait(story, 300);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 1000);
	sidecar_new_rules(story->world, &story->world->dcs[BOM]);
	story_wait(story, 1000);
	sidecar_new_rules(story->world, &story->world->dcs[CPT]);
	story_wait(story, 3000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_check(story, !core_status(story->world->dcs[dc].core)->peers[1].rules_differ, "nobody's rules differ any more");
}
