/* Stories of lists: what was pushed is there, in one order, what was popped is gone, and what met is counted. */
#include "story.h"

void runs_of_pushes_stay_together(struct story *story)
{
	story_say(story, AMS, "RPUSH m:l base");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "RPUSH m:l a1");
	story_say(story, BOM, "RPUSH m:l b1");
	story_wait(story, 20);
	story_say(story, BOM, "RPUSH m:l b2");
	story_say(story, AMS, "RPUSH m:l a2");
	story_say(story, AMS, "LPUSH m:l head");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_list_everywhere(story, "m:l", "head base a1 a2 b1 b2");
	story_expect_conflicts(story, CPT, 0);
}

void element_popped_twice_is_gone_once_and_counted(struct story *story)
{
	story_say(story, AMS, "RPUSH l:l one two three four");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "LPOP l:l");
	story_say(story, BOM, "LPOP l:l 2");
	story_say(story, BOM, "LINSERT l:l BEFORE four new");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_list_everywhere(story, "l:l", "three new four");
	story_expect_conflicts(story, CPT, 1);
}

/* Of two that set one element the newer counts, wherever it stands by then; one that was removed is not set. */
void element_is_set_wherever_it_stands(struct story *story)
{
	story_say(story, AMS, "RPUSH l:l x y z");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "LPUSH l:l first");
	story_say(story, AMS, "LSET l:l 2 mine");
	story_say(story, AMS, "LSET l:l 3 lost");
	story_wait(story, 10);
	story_say(story, BOM, "LSET l:l 1 yours");
	story_say(story, BOM, "LREM l:l 0 z");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_list_everywhere(story, "l:l", "first x yours");
	story_expect_conflicts(story, CPT, 2);
}

void push_survives_a_removal_that_has_not_seen_it(struct story *story)
{
	story_say(story, AMS, "RPUSH r:l old older");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, BOM, "RPUSH r:l unseen");
	story_wait(story, 10);
	story_say(story, AMS, "DEL r:l");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_list_everywhere(story, "r:l", "unseen");
	story_expect_conflicts(story, CPT, 1);
}
