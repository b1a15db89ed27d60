/* Stories of deadlines. */
#include "story.h"

void key_expires_everywhere_although_clocks_differ(struct story *story)
{
	story_set_clock(story, BOM, -3000);
	story_set_clock(story, CPT, 3000);
	story_wait(story, 1000);
	story_say(story, AMS, "SET l:k v PX 5000");
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:k", "v");
	/* The first clock that passes the deadline ends the key for all. */
	story_wait(story, 1500);
	story_expect_everywhere(story, "l:k", NULL);
	story_expect_conflicts(story, AMS, 0);
	story->world->deadline_ms_max = WORLD_EPOCH_MS + 20000;
}

void datacenter_that_cleared_a_key_says_nothing_of_its_deadline(struct story *story)
{
	story_say(story, AMS, "HSET l:k f 1 g 2");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	story_say(story, BOM, "EXPIRE l:k 100");
	story_wait(story, 10);
	story_say(story, AMS, "DEL l:k");
	story_wait(story, 10);
	story_say(story, CPT, "HDEL l:k f");
	story_wait(story, 10);
	/* AMS removes the field once more: the key is not there, but its deadline went with the DEL. */
	story_rejoin(story, AMS, CPT);
	story_wait(story, 1000);
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:k", NULL);
	/* The DEL with the field, and with the deadline. */
	story_expect_conflicts(story, BOM, 2);
}

void field_written_at_the_deadline_is_the_same_everywhere(struct story *story)
{
	story_set_clock(story, BOM, 300);
	story_say(story, AMS, "HSET m:h f v");
	story_say(story, AMS, "PEXPIRE m:h 1000");
	story_wait(story, 500);
	story_part(story, AMS, BOM);
	/* BOM's clock has passed the deadline when this write reaches it. */
	story_wait(story, 400);
	story_say(story, AMS, "HSET m:h g w");
	story_wait(story, 300);
	story_rejoin(story, AMS, BOM);
	story->world->deadline_ms_max = WORLD_EPOCH_MS + 5000;
}
