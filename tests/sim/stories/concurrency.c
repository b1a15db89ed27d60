/* Stories of concurrent writes: what comes of them, and that they are counted. */
#include "story.h"

void increment_survives_a_delete_that_has_not_seen_it(struct story *story)
{
	story_say(story, AMS, "SET l:n 10");
	story_wait(story, 200);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "INCRBY l:n 3");
	story_say(story, BOM, "DEL l:n");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "l:n", "3");
	story_expect_conflicts(story, CPT, 1);
}

void add_wins_over_a_remove_that_has_not_seen_it(struct story *story)
{
	story_say(story, AMS, "SADD m:cart milk eggs");
	story_wait(story, 200);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "SREM m:cart milk eggs");
	story_say(story, BOM, "SADD m:cart milk ham");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "m:cart", "milk", "");
	story_expect_element_everywhere(story, "m:cart", "ham", "");
	story_expect_element_everywhere(story, "m:cart", "eggs", NULL);
}

void newer_type_is_seen_everywhere(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "SET m:k text");
	story_wait(story, 10);
	story_say(story, BOM, "HSET m:k field value");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "m:k", "field", "value");
	story_expect_conflicts(story, CPT, 1);
}

void concurrent_sets_are_one_conflict_everywhere(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "HSET l:page title B");
	story_wait(story, 10);
	story_say(story, BOM, "HSET l:page title C");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:page", "title", "C");
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_conflicts(story, dc, 1);
}

void different_fields_are_no_conflict(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "HSET l:page title A");
	story_say(story, BOM, "HSET l:page body B");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:page", "title", "A");
	story_expect_element_everywhere(story, "l:page", "body", "B");
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_conflicts(story, dc, 0);
}
