/* Stories of clients that move between datacenters. */
#include "story.h"

#include "tests/sim/world/client_session.h"

static const struct client_request *request_of(struct story *story, uint64_t token)
{
	return requests_find(&story->world->requests, token);
}

static uint32_t mint(struct story *story, unsigned dc)
{
	uint64_t token = client_session_mint(story->world, &story->world->dcs[dc]);

	story_wait(story, 20);
	return request_of(story, token)->ask.given;
}

static bool is_told_ok(struct story *story, uint64_t token)
{
	const struct client_request *request = request_of(story, token);

	return request->state == REQUEST_ANSWERED && slice_equal(pool_text(story->world->pool, request->ask.reply), SLICE("+OK\r\n"));
}

void client_that_moves_reads_its_own_writes(struct story *story)
{
	uint64_t first, second;
	uint32_t text;

	story_part(story, AMS, BOM);
	story_say(story, AMS, "SET l:k mine");
	text = mint(story, AMS);
	first = client_session_wait(story->world, &story->world->dcs[BOM], text, 100);
	story_wait(story, 300);
	story_check(story, request_of(story, first)->state == REQUEST_ANSWERED && !is_told_ok(story, first), "BOM lacks the write, and says so in time");
	second = client_session_wait(story->world, &story->world->dcs[BOM], text, 5000);
	story_wait(story, 100);
	story_check(story, request_of(story, second)->state == REQUEST_SENT, "BOM lets the client wait");
	story_rejoin(story, AMS, BOM);
	story_wait(story, 1000);
	story_check(story, is_told_ok(story, second), "BOM has the write");
	story_expect(story, BOM, "l:k", "mine");
}

void token_outlives_the_loss_of_what_it_tells(struct story *story)
{
	uint64_t waiting;
	uint32_t text;

	story_say(story, AMS, "SET l:k mine");
	text = mint(story, AMS);
	story_wait(story, 2000);
	/* The store of BOM forgets the write. It comes back from the log. */
	story_part(story, AMS, BOM);
	story_restore(story, BOM, 0);
	story_wait(story, 1000);
	story_expect(story, BOM, "l:k", NULL);
	waiting = client_session_wait(story->world, &story->world->dcs[BOM], text, 5000);
	story_wait(story, 100);
	story_check(story, request_of(story, waiting)->state == REQUEST_SENT, "BOM knows that it lacks what it once had");
	story_rejoin(story, AMS, BOM);
	story_wait(story, 2000);
	story_check(story, is_told_ok(story, waiting), "BOM has it again");
	story_expect(story, BOM, "l:k", "mine");
}
