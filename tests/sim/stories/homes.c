/* Homes: who takes a user's writes, and how he moves. User 0 lives at AMS. */
#include "tests/sim/world/client_home.h"
#include "story.h"


static enum request_state state_of(const struct story *story, uint64_t token)
{
	return requests_find(&story->world->requests, token)->state;
}

/* "HOME: EPOCH", as DC's core knows it. */
static void expect_home(struct story *story, unsigned dc, unsigned home, uint64_t epoch, const char *fact)
{
	struct home known;
	bool is_known = core_home_of_user(story->world->dcs[dc].core, SLICE("user:0"), &known);

	story_check(story, is_known && world_global_index(&story->world->dcs[dc], known.dc) == home && known.epoch == epoch, fact);
}

static bool is_here(const struct story *story, unsigned dc)
{
	struct home home;

	return core_home_of_user(story->world->dcs[dc].core, SLICE("user:0"), &home) && home.is_here;
}

void held_write_follows_a_user_who_moves(struct story *story)
{
	uint64_t order;

	story_say(story, AMS, "SET l:s0 before");
	story_wait(story, 5);
	order = client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 1000);
	story_say(story, AMS, "SET l:s0 early");
	story_wait(story, 1);
	story_expect(story, AMS, "l:s0", "early");
	while (is_here(story, AMS))
		story_wait(story, 1);
	story_say(story, AMS, "SET l:s0 meanwhile");
	story_wait(story, 1);
	story_expect(story, AMS, "l:s0", "early");
	story_wait(story, 300);
	story_check(story, state_of(story, order) == REQUEST_ANSWERED, "the order is answered once BOM knows");
	expect_home(story, BOM, BOM, 1, "BOM is the home now");
	story_expect(story, BOM, "l:s0", "meanwhile");
	story_say(story, CPT, "SET l:s0 later");
	story_wait(story, 300);
	story_expect_everywhere(story, "l:s0", "later");
	story_expect_conflicts(story, BOM, 0);
}

/* The client was sent to BOM, and nowhere else. */
static bool went_to_bom_at_once(const struct story *story, uint64_t token)
{
	const struct client_request *request = requests_find(&story->world->requests, token);

	return request->state == REQUEST_ANSWERED && request->dc == BOM && request->hops == 1;
}

static uint64_t say(struct story *story, unsigned dc, const char *command)
{
	story_say(story, dc, command);
	return story->world->requests.items[story->world->requests.count - 1].token;
}

void client_is_redirected_only_where_its_user_is_known(struct story *story)
{
	uint64_t held, late;

	client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 1000);
	while (is_here(story, AMS))
		story_wait(story, 1);
	held = say(story, AMS, "HSET l:h0 f meanwhile");
	story_wait(story, 2);
	late = say(story, AMS, "HSET l:h0 g later");
	story_wait(story, 300);
	story_check(story, went_to_bom_at_once(story, held), "who waited is sent to BOM, and not back");
	story_check(story, went_to_bom_at_once(story, late), "nor is who came just when the user was given away");
}

void move_to_a_datacenter_that_does_not_hear_is_undone(struct story *story)
{
	uint64_t order;

	story_cut(story, BOM, AMS);
	story_say(story, AMS, "SET l:s0 before");
	story_wait(story, 20);
	order = client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 500);
	story_say(story, AMS, "SET l:s0 meanwhile");
	story_wait(story, 20);
	story_expect(story, AMS, "l:s0", "meanwhile");
	story_wait(story, 980);
	story_check(story, state_of(story, order) == REQUEST_REFUSED, "the order is refused after its bound");
	story_expect(story, AMS, "l:s0", "meanwhile");
	expect_home(story, AMS, AMS, 0, "AMS has stayed the home");
	story_mend(story, BOM, AMS);
}

void old_home_that_was_rolled_back_knows_that_it_gave_the_user_away(struct story *story)
{
	story_say(story, AMS, "SET l:s0 before");
	story_wait(story, 100);
	client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 1000);
	story_wait(story, 300);
	story_say(story, BOM, "SET l:s0 there");
	story_restore(story, AMS, 2);
	story_say(story, AMS, "SET l:s0 again");
	story_wait(story, 3000);
	expect_home(story, AMS, BOM, 1, "AMS has read it in its own log");
	story_say(story, AMS, "SET l:s0 last");
	story_wait(story, 300);
	story_expect_everywhere(story, "l:s0", "last");
	story_expect_conflicts(story, BOM, 0);
}

void user_moves_on_before_everybody_knows(struct story *story)
{
	story_cut(story, CPT, BOM);
	client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 1000);
	story_wait(story, 300);
	client_home_order(story->world, &story->world->dcs[BOM], 0, AMS, 1000);
	story_wait(story, 300);
	expect_home(story, AMS, AMS, 2, "AMS is the home again");
	expect_home(story, CPT, BOM, 1, "CPT takes BOM for the home");
	story_say(story, CPT, "SET l:s0 asked");
	story_wait(story, 300);
	story_expect(story, AMS, "l:s0", "asked");
	story_mend(story, CPT, BOM);
	story_wait(story, 300);
	expect_home(story, CPT, AMS, 2, "CPT knows it, too");
}

void flush_leaves_homes_alone(struct story *story)
{
	client_home_order(story->world, &story->world->dcs[AMS], 0, BOM, 1000);
	story_wait(story, 300);
	story_say(story, CPT, "FLUSHALL");
	story_wait(story, 300);
	for (unsigned dc = AMS; dc <= CPT; dc++)
		expect_home(story, dc, BOM, 1, "BOM is the home");
}

void home_that_was_cut_off_reads_what_others_wrote_before_it_takes_writes(struct story *story)
{
	const struct client_request *early, *late;
	struct home home;
	uint64_t order;

	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	order = client_home_take_over(story->world, &story->world->dcs[BOM], 0, false);
	story_wait(story, 2000);
	story_check(story, state_of(story, order) == REQUEST_REFUSED, "who was heard lately is not taken from");
	story_say(story, AMS, "SET l:s0 stranded");
	story_wait(story, 2500);
	order = client_home_take_over(story->world, &story->world->dcs[BOM], 0, false);
	story_wait(story, 50);
	story_check(story, state_of(story, order) == REQUEST_ANSWERED, "BOM takes the user over");
	story_say(story, BOM, "SET l:s0 there");
	story_wait(story, 2000);
	early = requests_find(&story->world->requests, story_exec(story, AMS, "SET l:s0 cut"));
	story_wait(story, 1);
	story_check(story, early->dc == AMS && early->state == REQUEST_ANSWERED, "who hears nobody goes on");
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_wait(story, 3);
	expect_home(story, AMS, AMS, 0, "AMS does not know yet");
	story_check(story, core_home_of_user(story->world->dcs[AMS].core, SLICE("user:0"), &home) && !home.is_here, "but waits for what others wrote");
	story_say(story, AMS, "SET l:s0 back");
	late = &story->world->requests.items[story->world->requests.count - 1];
	story_wait(story, 1000);
	expect_home(story, AMS, BOM, 1, "AMS has read it");
	story_check(story, late->dc == BOM, "what came meanwhile was forwarded");
	story_expect_everywhere(story, "l:s0", "back");
}

/* ---- default: first. User 0 lives nowhere. ---- */

static bool is_nobodys(const struct story *story, unsigned dc)
{
	struct home home;

	return core_home_of_user(story->world->dcs[dc].core, SLICE("user:0"), &home) && home.is_nobodys && home.epoch == 0;
}

void user_lives_where_somebody_writes_for_him_first(struct story *story)
{
	story_check(story, is_nobodys(story, AMS) && is_nobodys(story, BOM), "nobody has written for him: he lives nowhere");
	story_say(story, BOM, "SET l:s0 first");
	story_wait(story, 20);
	expect_home(story, BOM, BOM, 1, "BOM has, and is his home");
	story_expect(story, BOM, "l:s0", "first");
	story_wait(story, 300);
	story_say(story, AMS, "SET l:s0 later");
	story_wait(story, 300);
	expect_home(story, AMS, BOM, 1, "AMS knows it");
	story_expect_everywhere(story, "l:s0", "later");
	story_expect_conflicts(story, BOM, 0);
}

void of_two_who_claim_a_user_at_once_one_stays_his_home(struct story *story)
{
	story_cut(story, BOM, AMS);
	story_cut(story, AMS, BOM);
	story_say(story, AMS, "SET l:s0 here");
	story_wait(story, 100);
	story_say(story, BOM, "SET l:s0 there");
	story_wait(story, 100);
	expect_home(story, AMS, AMS, 1, "AMS is his home, as it knows");
	expect_home(story, BOM, BOM, 1, "so is BOM");
	story_mend(story, BOM, AMS);
	story_mend(story, AMS, BOM);
	story_wait(story, 1000);
	expect_home(story, AMS, BOM, 1, "the later one counts, at AMS");
	expect_home(story, BOM, BOM, 1, "and at BOM");
	story_expect_everywhere(story, "l:s0", "there");
	story_say(story, AMS, "SET l:s0 after");
	story_wait(story, 300);
	story_expect_everywhere(story, "l:s0", "after");
}
