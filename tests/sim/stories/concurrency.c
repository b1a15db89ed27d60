/* Stories of concurrent writes: what comes of them, and that they are counted. */
#include "story.h"

#include <stdio.h>

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

void part_is_written_over_a_value_that_has_not_seen_it(struct story *story)
{
	story_say(story, AMS, "SET l:text abcdef");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "APPEND l:text !");
	story_say(story, AMS, "SETRANGE l:text 1 XY");
	story_wait(story, 10);
	story_say(story, BOM, "SET l:text uvwxyz");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "l:text", "uXYxyz!");
	story_expect_conflicts(story, CPT, 2);
}

/* 0.1, -5 and 1 sum up to another number than 0.1 and -4. What is there first where is not the same, until ams reads it back. */
void whole_numbers_are_added_to_a_fraction_that_has_not_seen_them(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "ZADD l:scores 0.1 x");
	story_say(story, BOM, "ZINCRBY l:scores -5 x");
	story_wait(story, 200);
	story_say(story, BOM, "ZINCRBY l:scores 1 x");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
}

/* Nobody has the base but in the store, so the order in which they arrive shows, until ams ships what it has. */
void two_appends_at_once_are_both_kept_in_one_order(struct story *story)
{
	story_say(story, AMS, "SET m:text log:");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, BOM, "APPEND m:text b");
	story_wait(story, 10);
	story_say(story, AMS, "APPEND m:text a");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "m:text", "log:ab");
}

/* Of bits that both wrote the later counts, whichever arrives later. */
void bits_of_two_datacenters_are_both_kept(struct story *story)
{
	story_say(story, AMS, "SET l:bits 0000");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "BITFIELD l:bits SET u8 8 65 SET u8 16 65");
	story_wait(story, 10);
	story_say(story, BOM, "BITFIELD l:bits SET u8 16 66 SET u8 24 66");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "l:bits", "0ABB");
}

/* The base is in the stores alone. */
void hyperloglog_has_seen_what_either_has_seen(struct story *story)
{
	story_say(story, AMS, "PFADD l:u0 a");
	story_wait(story, 2000);
	story_part(story, AMS, BOM);
	story_say(story, AMS, "PFADD l:u0 b");
	story_say(story, BOM, "PFADD l:u0 cc d");
	story_say(story, CPT, "PFADD l:u1 e");
	story_wait(story, 200);
	story_say(story, AMS, "PFMERGE l:u0 l:u1");
	story_wait(story, 200);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 500);
	story_expect_everywhere(story, "l:u0", "HYLLannannza");
	story_expect_conflicts(story, CPT, 2);
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

/* More writes than the core looks at together, behind a flush in the same batch: they are written after it everywhere. */
void sets_behind_a_flush_in_one_batch_survive_it(struct story *story)
{
	char command[40], key[16];

	story_say(story, AMS, "SET l:old 1");
	story_wait(story, 200);
	story_say(story, AMS, "FLUSHALL");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(command, sizeof(command), "SET l:%u v", i);
		story_say(story, AMS, command);
	}
	story_wait(story, 500);
	story_expect_everywhere(story, "l:old", NULL);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(key, sizeof(key), "l:%u", i);
		story_expect_everywhere(story, key, "v");
	}
}
