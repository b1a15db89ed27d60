/* Stories of streams: entries stay in the order of their ids, and what was removed or trimmed stays so. */
#include "story.h"

void entry_that_a_trim_has_not_seen_stays(struct story *story)
{
	story_say(story, AMS, "XADD l:s 5-0 f old");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "XADD l:s 9-0 f new");
	story_say(story, AMS, "XTRIM l:s MAXLEN 0");
	story_say(story, BOM, "XADD l:s 7-0 f unseen");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "7-0", "$1\r\nf\r\n$6\r\nunseen\r\n");
	story_expect_element_everywhere(story, "l:s", "5-0", NULL);
	story_expect_element_everywhere(story, "l:s", "9-0", NULL);
	story_expect_conflicts(story, CPT, 0);
}

/* Whatever the rule says of newer removals. */
void entry_that_a_removal_of_the_key_has_not_seen_stays(struct story *story)
{
	story_say(story, AMS, "XADD l:s 5-0 f old");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, BOM, "XADD l:s 7-0 f unseen");
	story_wait(story, 10);
	story_say(story, AMS, "DEL l:s");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "7-0", "$1\r\nf\r\n$6\r\nunseen\r\n");
	story_expect_element_everywhere(story, "l:s", "5-0", NULL);
	story_expect_conflicts(story, CPT, 1);
}

/* A client chose an id of the future. Redis refuses what the sidecar chooses then, and the client is not told: it gets an entry above that. */
void id_that_was_chosen_too_small_is_raised(struct story *story)
{
	story_say(story, AMS, "XADD l:s 9000000000000-5 f future");
	story_wait(story, 200);
	story_say(story, BOM, "XADD l:s * f next");
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "9000000000001-1", "$1\r\nf\r\n$4\r\nnext\r\n");
}

/* Of two datacenters that cannot hear each other, one reads beyond an entry of which it has not heard: it is late there, and given all the same. */
void entry_that_comes_late_is_given_to_a_group(struct story *story)
{
	story_say(story, AMS, "XGROUP CREATE l:s g 0 MKSTREAM");
	story_say(story, AMS, "XADD l:s 5-0 f first");
	story_wait(story, 500);
	story_part(story, AMS, BOM);
	story_say(story, BOM, "XADD l:s 6-0 f unseen");
	story_say(story, AMS, "XADD l:s 7-0 f last");
	story_say(story, AMS, "XREADGROUP GROUP g a COUNT 5 STREAMS l:s >");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "group:g", "7-0");
	story_expect_element_everywhere(story, "l:s", "pending:7-0:g", "1 a");
	story_expect_element(story, AMS, "l:s", "pending:6-0:g", "0 homeport:late");
	story_expect_element(story, BOM, "l:s", "pending:6-0:g", "0 homeport:late");
	story_say(story, BOM, "XREADGROUP GROUP g b COUNT 5 STREAMS l:s >");
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "pending:6-0:g", "1 b");
	story_expect_conflicts(story, CPT, 0);
}

/* An acknowledgement wins over everything that has not seen it. */
void entry_that_two_were_given_is_acknowledged_once(struct story *story)
{
	story_say(story, AMS, "XGROUP CREATE l:s g 0 MKSTREAM");
	story_say(story, AMS, "XADD l:s 5-0 f job");
	story_wait(story, 500);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "XREADGROUP GROUP g a COUNT 5 STREAMS l:s >");
	story_say(story, AMS, "XACK l:s g 5-0");
	story_wait(story, 10);
	story_say(story, BOM, "XREADGROUP GROUP g b COUNT 5 STREAMS l:s >");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "pending:5-0:g", NULL);
	story_expect_element_everywhere(story, "l:s", "group:g", "5-0");
	story_expect_conflicts(story, CPT, 1);
}

/* A consumer that is dropped takes with it what its datacenter knew of. */
void entry_that_is_pending_is_claimed_elsewhere(struct story *story)
{
	story_say(story, AMS, "XGROUP CREATE l:s g 0 MKSTREAM");
	story_say(story, AMS, "XADD l:s 5-0 f job");
	story_say(story, AMS, "XREADGROUP GROUP g a COUNT 5 STREAMS l:s >");
	story_wait(story, 500);
	story_part(story, AMS, BOM);
	story_say(story, BOM, "XCLAIM l:s g b 0 5-0");
	story_wait(story, 10);
	story_say(story, AMS, "XGROUP DELCONSUMER l:s g a");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_element_everywhere(story, "l:s", "pending:5-0:g", "2 b");
	story_expect_conflicts(story, CPT, 0);
}
