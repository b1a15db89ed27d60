/* Stories of clients that deal with versions themselves. */
#include "story.h"

void cart_walk_ends_with_two_siblings(struct story *story)
{
	uint64_t first, second;

	/* Two clients fill one cart and never see each other's last step. */
	first = story_ask(story, AMS, VERB_SET, "r:cart", "milk", 0);
	second = story_ask(story, AMS, VERB_SET, "r:cart", "eggs", 0);
	story_expect_siblings(story, AMS, "r:cart", "eggs milk");
	first = story_ask(story, AMS, VERB_SET, "r:cart", "milk,flour", first);
	story_expect_siblings(story, AMS, "r:cart", "milk,flour eggs");
	second = story_ask(story, AMS, VERB_SET, "r:cart", "eggs,milk,ham", second);
	story_expect_siblings(story, AMS, "r:cart", "eggs,milk,ham milk,flour");
	story_ask(story, AMS, VERB_SET, "r:cart", "milk,flour,eggs,bacon", first);
	story_wait(story, 2000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:cart", "milk,flour,eggs,bacon eggs,milk,ham");
	story_ask(story, BOM, VERB_SET, "r:cart", "all", story_ask(story, BOM, VERB_GET, "r:cart", "", 0));
	story_wait(story, 500);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:cart", "all");
}

void stale_context_keeps_what_was_long_settled(struct story *story)
{
	uint64_t seen;

	story_say(story, AMS, "SET r:k one");
	story_wait(story, 2000);
	seen = story_ask(story, BOM, VERB_GET, "r:k", "", 0);
	story_say(story, CPT, "SET r:k two");
	/* Every DC has dropped its metadata of it, and knows its dot. */
	story_wait(story, 3000);
	story_ask(story, BOM, VERB_SET, "r:k", "three", seen);
	story_wait(story, 2000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:k", "three two");
	story_expect_everywhere(story, "r:k", "three");
}

void context_write_replaces_increments_that_were_applied(struct story *story)
{
	uint64_t seen;

	story_say(story, AMS, "SET r:k 1");
	story_wait(story, 2000);
	seen = story_ask(story, AMS, VERB_GET, "r:k", "", 0);
	story_say(story, AMS, "INCRBY r:k 5");
	story_say(story, BOM, "INCRBY r:k 7");
	story_wait(story, 200);
	story_part(story, AMS, CPT);
	story_say(story, CPT, "INCRBY r:k 100");
	/* It has not seen the increments of AMS and BOM, but they are in the value that it replaces; CPT's is not. */
	story_ask(story, AMS, VERB_SET, "r:k", "10", seen);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 2000);
	story_expect_everywhere(story, "r:k", "110");
}

void context_write_replaces_increments_behind_what_it_has_not_seen(struct story *story)
{
	story_part(story, AMS, CPT);
	story_say(story, AMS, "SET r:k 1");
	story_wait(story, 200);
	story_say(story, BOM, "INCRBY r:k 5");
	story_wait(story, 200);
	story_say(story, AMS, "INCRBY r:k 7");
	/* It leaves the 1 alive, and so it counts as having seen nothing of AMS from there on: but the increments are in what it replaces. */
	story_ask(story, AMS, VERB_SET, "r:k", "10", 0);
	story_wait(story, 200);
	story_say(story, AMS, "INCR r:k");
	story_rejoin(story, AMS, CPT);
	story_wait(story, 2000);
	story_expect_everywhere(story, "r:k", "11");
}

void removal_is_no_sibling_of_what_comes_after_it(struct story *story)
{
	uint64_t seen;

	story_say(story, AMS, "SET r:k one");
	story_wait(story, 200);
	seen = story_ask(story, AMS, VERB_GET, "r:k", "", 0);
	story_part(story, AMS, CPT);
	/* AMS hears from all and forgets the removal, CPT does not. */
	story_say(story, CPT, "DEL r:k");
	story_wait(story, 2000);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 40);
	story_ask(story, AMS, VERB_SET, "r:k", "two", seen);
	story_wait(story, 2000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:k", "two");
}

void blind_writers_leave_one_version_a_datacenter(struct story *story)
{
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	for (unsigned i = 0; i < 20; i++) {
		story_say(story, AMS, "SET r:k a");
		story_say(story, BOM, "SET r:k b");
		story_say(story, CPT, "SET r:k c");
		story_wait(story, 20);
	}
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 2000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:k", "c b a");
}

void one_sibling_too_many_is_refused(struct story *story)
{
	for (unsigned i = 0; i < SIM_SIBLINGS_MAX; i++)
		story_ask(story, AMS, VERB_SET, "r:k", "v", 0);
	story_check(story, requests_find(&story->world->requests, story_ask(story, AMS, VERB_SET, "r:k", "w", 0))->state == REQUEST_REFUSED,
	            "one more sibling than the limit is refused");
	story_expect_siblings(story, AMS, "r:k", "v v v v v");
}

void dots_of_values_that_are_gone_are_dropped(struct story *story)
{
	uint64_t seen;

	story_say(story, AMS, "SET r:k one");
	story_say(story, AMS, "SET r:e short PX 6000");
	story_say(story, AMS, "HSET r:h f 1 g 2");
	story_wait(story, 3000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_dots(story, dc, 4);
	/* Their metadata is gone: nobody knows the fields of the hash any more. */
	story_say(story, BOM, "DEL r:h");
	story_wait(story, 10000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_dots(story, dc, 1);
	seen = story_ask(story, CPT, VERB_GET, "r:k", "", 0);
	story_say(story, BOM, "DEL r:k");
	story_wait(story, 5000);
	/* What comes back is another write, and keeps its own. */
	story_say(story, BOM, "SET r:k two");
	story_wait(story, 5000);
	story_ask(story, CPT, VERB_SET, "r:k", "three", seen);
	story_wait(story, 2000);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_siblings(story, dc, "r:k", "three two");
}
