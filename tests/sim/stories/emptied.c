/* Stories of somebody who deletes keys behind a sidecar's back. */
#include "story.h"

static const struct core_status *status_of(const struct story *story, unsigned dc)
{
	return core_status(story->world->dcs[dc].core);
}

static void count(struct story *story)
{
	story_say(story, AMS, "INCRBY l:n 1");
	story_say(story, BOM, "INCRBY l:n 10");
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 3000);
	story_expect_everywhere(story, "l:n", "11");
}

void store_that_is_emptied_while_it_runs_gets_everything_back(struct story *story)
{
	uint64_t taken;

	count(story);
	fault_flush(story->world, &story->world->dcs[AMS]);
	story_wait(story, 5000);
	story_check(story, status_of(story, AMS)->lost_parts == 0, "nobody has to do anything about a store that was emptied as a whole");
	story_expect_everywhere(story, "l:n", "11");
	story_expect_everywhere(story, "l:k", "v1");
	taken = status_of(story, AMS)->refused_writes;
	story_say(story, AMS, "INCRBY l:n 100");
	story_wait(story, 2000);
	story_check(story, status_of(story, AMS)->refused_writes == taken, "writes are taken again");
	story_expect_everywhere(story, "l:n", "111");
}

static void delete_part(struct story *story, enum core_part part)
{
	uint64_t refused;

	story_say(story, AMS, "INCRBY l:n 1");
	story_wait(story, 1500);
	fault_delete(story->world, &story->world->dcs[AMS], 1u << part);
	/* Only this tells at once that the outbox is gone. What is written then is not acknowledged, and not there later. */
	if (part == PART_OUTBOX)
		story_say(story, AMS, "INCRBY l:n 100");
	story_wait(story, 1500);
	story_check(story, status_of(story, AMS)->lost_parts == 1u << part, "it is known which part is gone");
	refused = status_of(story, AMS)->refused_writes;
	story_say(story, AMS, "INCRBY l:n 1000");
	story_check(story, status_of(story, AMS)->refused_writes == refused + 1, "meanwhile writes are refused");
	/* The world's operator removes the data. */
	story_wait(story, 6000);
	story_check(story, status_of(story, AMS)->lost_parts == 0, "then it is whole again");
}

void part_that_is_deleted_stops_everything_until_the_data_is_gone(struct story *story)
{
	count(story);
	for (enum core_part part = 0; part < PART_COUNT; part++)
		delete_part(story, part);
	story_expect_everywhere(story, "l:n", "16");
	story_expect_everywhere(story, "l:k", "v1");
}

void outbox_is_shipped_before_a_store_without_positions_is_given_up(struct story *story)
{
	struct dc *torn = &story->world->dcs[AMS];

	count(story);
	torn->is_log_cut = true;
	torn->log_generation++;
	story_say(story, AMS, "INCRBY l:n 100");
	story_wait(story, 100);
	sidecar_crash(story->world, torn);
	fault_delete(story->world, torn, 1u << PART_POSITIONS);
	sidecar_start(story->world, torn);
	story_wait(story, 10000);
	story_check(story, status_of(story, AMS)->lost_parts != 0, "while the log cannot be written nobody is told to remove anything");
	fault_heal(story->world, torn, FAULT_LOG_CUT, 0);
	story_wait(story, 8000);
	story_check(story, status_of(story, AMS)->lost_parts == 0, "once the log has it, the store is made anew");
	story_expect_everywhere(story, "l:n", "111");
}

void data_without_anything_of_ours_is_old_if_its_log_says_so(struct story *story)
{
	struct dc *torn = &story->world->dcs[AMS];

	count(story);
	sidecar_crash(story->world, torn);
	fault_delete(story->world, torn, CORE_PARTS_ALL);
	sidecar_start(story->world, torn);
	story_wait(story, 1000);
	story_check(story, status_of(story, AMS)->lost_parts == CORE_PARTS_ALL, "it is not taken for a new datacenter's");
	story_wait(story, 6000);
	story_expect_everywhere(story, "l:n", "11");
}

/* Its log is not read to the end before it is restarted. Nothing that it wrote until then says that there was more. */
void new_datacenter_with_data_is_new_after_a_restart_too(struct story *story)
{
	struct dc *added = &story->world->dcs[BOM];

	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 500);
	sidecar_crash(story->world, added);
	fault_delete(story->world, added, CORE_PARTS_ALL);
	added->is_log_cut = true;
	added->log_generation++;
	sidecar_start(story->world, added);
	story_wait(story, 1500);
	story_check(story, status_of(story, BOM)->lost_parts == CORE_PARTS_ALL, "without the log nobody knows whether it is new");
	sidecar_crash(story->world, added);
	sidecar_start(story->world, added);
	story_wait(story, 500);
	fault_heal(story->world, added, FAULT_LOG_CUT, 0);
	story_wait(story, 2000);
	story_check(story, status_of(story, BOM)->lost_parts == 0, "it is new");
	story_say(story, BOM, "SET l:own v2");
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:k", "v1");
	story_expect_everywhere(story, "l:own", "v2");
}

/* The first one was to make the parts of the reserved database. The sidecar is killed before it would try again. */
void store_that_refused_the_first_transaction_is_whole_with_the_next(struct story *story)
{
	struct dc *refusing = &story->world->dcs[BOM];

	story_restore(story, BOM, 0);
	refusing->refusals = 1;
	story_wait(story, 100);
	story_check(story, refusing->refusals == 0, "it refused that one");
	story_say(story, BOM, "INCRBY l:n 1");
	story_wait(story, 20);
	story_expect(story, BOM, "l:n", "1");
	sidecar_crash(story->world, refusing);
	sidecar_start(story->world, refusing);
	story_wait(story, 2000);
	story_check(story, status_of(story, BOM)->lost_parts == 0, "nobody deleted anything");
	story_expect_everywhere(story, "l:n", "1");
}
