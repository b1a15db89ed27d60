/* Stories of order: causes first, clocks last, nothing twice. */
#include "story.h"

void overtaking_write_is_held_back(struct story *story)
{
	story_cut(story, CPT, AMS);
	story_say(story, AMS, "HSET l:o1 st new");
	story_wait(story, 100);
	story_expect_element(story, BOM, "l:o1", "st", "new");
	story_say(story, BOM, "HSET l:o1 st paid");
	story_wait(story, 100);
	story_expect_element(story, CPT, "l:o1", "st", NULL);
	story_check(story, core_status(story->world->dcs[CPT].core)->peers[world_local_index(&story->world->dcs[CPT], BOM)].held_events == 1,
	            "the write that overtook its cause is held back and counted");
	story_mend(story, CPT, AMS);
	story_wait(story, 100);
	story_expect_element_everywhere(story, "l:o1", "st", "paid");
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_expect_conflicts(story, dc, 0);
}

void later_write_beats_a_clock_that_is_ahead(struct story *story)
{
	unsigned alarms;

	story_set_clock(story, BOM, 600000);
	story_wait(story, 1000);
	alarms = story->world->dcs[AMS].alarms;
	story_say(story, BOM, "SET l:k v1");
	story_wait(story, 100);
	story_expect(story, AMS, "l:k", "v1");
	story_say(story, AMS, "SET l:k v2");
	story_wait(story, 100);
	story_expect_everywhere(story, "l:k", "v2");
	story_expect_conflicts(story, CPT, 0);
	story_check(story, alarms > 0, "a clock that is ahead raises an alarm");
}

void write_is_answered_while_its_log_is_down(struct story *story)
{
	const struct client_request *request;

	story->world->dcs[AMS].is_log_cut = true;
	story->world->dcs[AMS].log_generation++;
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 50);
	request = requests_find(&story->world->requests, story->world->requests.count);
	story_check(story, request->state == REQUEST_ANSWERED, "a write is answered although its log is down");
	story_check(story, core_status(story->world->dcs[AMS].core)->outbox_events == 1, "what the log has not got is counted");
	story_expect(story, BOM, "l:k", NULL);
	world_heal(story->world);
	story_wait(story, 200);
	story_expect_everywhere(story, "l:k", "v1");
}

void log_delivered_twice_counts_once(struct story *story)
{
	story_say(story, AMS, "INCRBY l:n 5");
	story_say(story, AMS, "SADD m:s a");
	story_wait(story, 100);
	story->world->dcs[BOM].followers[AMS].cursor = 0;
	story_say(story, AMS, "INCRBY l:n 2");
	story_wait(story, 100);
	story_expect_everywhere(story, "l:n", "7");
	story->world->dcs[BOM].followers[AMS].cursor = 0;
	connection_break(story->world, &story->world->dcs[BOM]);
	sidecar_step(story->world, &story->world->dcs[BOM], &(struct event){ .type = EVENT_LOST });
	connection_retry(story->world, &story->world->dcs[BOM]);
	story_wait(story, 1000);
	story_expect_everywhere(story, "l:n", "7");
}

/* It watched l:watched. Redis refuses what was sent, and takes the remote write to that key, which was sent next. */
void refused_transaction_of_a_watcher_does_not_run_after_what_it_has_not_seen(struct story *story)
{
	struct dc *dc = &story->world->dcs[AMS];
	struct follower *follower = &dc->followers[BOM];
	uint64_t token;

	story_cut(story, AMS, BOM);
	story_say(story, BOM, "SET l:watched remote");
	story_wait(story, 100);
	story_say(story, AMS, "SET l:x 1");
	story_say(story, AMS, "SET l:y 2");
	token = story_exec(story, AMS, "SET l:written 3");
	sidecar_turn(story->world, dc);
	follower->is_cut = false;
	while (follower->cursor < story->world->dcs[BOM].log.count)
		log_deliver(story->world, dc, BOM);
	sidecar_turn(story->world, dc);
	dc->refusals = lane_unexecuted(&dc->lane) - 1;
	story_wait(story, 1000);
	story_check(story, requests_find(&story->world->requests, token)->state == REQUEST_REFUSED, "the transaction is refused");
	story_expect_everywhere(story, "l:watched", "remote");
	story_expect_everywhere(story, "l:x", "1");
	story_expect_everywhere(story, "l:written", NULL);
}
