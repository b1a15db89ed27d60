/* Stories of wall clocks that are wrong, and of those who are not to be blamed for it. */
#include "story.h"

static const struct core_peer_status *status_of(const struct story *story, unsigned dc, unsigned peer)
{
	const struct dc *observer = &story->world->dcs[dc];

	return &core_status(observer->core)->peers[world_local_index(observer, peer)];
}

static void expect_verdict(struct story *story, unsigned peer, enum clock_verdict verdict, const char *fact)
{
	for (unsigned dc = AMS; dc <= CPT; dc++)
		story_check(story, status_of(story, dc, peer)->clock_verdict == verdict, fact);
}

static void expect_off(struct story *story, unsigned dc, unsigned peer, int64_t off_ms)
{
	int64_t found_ms = status_of(story, dc, peer)->clock_off_ms;

	story_check(story, found_ms > off_ms - 10 && found_ms < off_ms + 10, "it is known how far the clock is off");
}

void clock_that_was_half_an_hour_ahead_is_forgotten_once_it_is_right(struct story *story)
{
	story_set_clock(story, AMS, 1800000);
	story_say(story, AMS, "SET l:k ahead");
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:k", "ahead");
	expect_verdict(story, AMS, CLOCK_WRONG, "the clock that is ahead is named, by itself, too");
	expect_off(story, AMS, AMS, 1800000);
	expect_off(story, BOM, AMS, 1800000);
	story_set_clock(story, AMS, 0);
	story_wait(story, 2000);
	for (unsigned peer = AMS; peer <= CPT; peer++)
		expect_verdict(story, peer, CLOCK_AGREES, "nobody is accused of what is over");
	story_say(story, CPT, "SET l:k right");
	story_wait(story, 200);
	story_expect_everywhere(story, "l:k", "right");
}

void of_three_clocks_the_odd_one_is_named(struct story *story)
{
	story_set_clock(story, CPT, -7200000);
	story_wait(story, 2000);
	expect_verdict(story, CPT, CLOCK_WRONG, "the clock that is behind is named");
	expect_verdict(story, AMS, CLOCK_AGREES, "a clock that is right is not accused, by the wrong one neither");
	expect_verdict(story, BOM, CLOCK_AGREES, "nor is the other");
	expect_off(story, CPT, CPT, -7200000);
	story_say(story, AMS, "SET l:k v1");
	story_wait(story, 200);
	story_expect_everywhere(story, "l:k", "v1");
	story_set_clock(story, CPT, 0);
	story_wait(story, 2000);
	expect_verdict(story, CPT, CLOCK_AGREES, "it is over");
}

void of_two_clocks_nobody_says_which_one_is_wrong(struct story *story)
{
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	story_wait(story, 12000);
	story_set_clock(story, AMS, 30000);
	story_wait(story, 2000);
	story_check(story, status_of(story, AMS, BOM)->clock_verdict == CLOCK_DIFFERS, "the one that is ahead sees that they differ");
	story_check(story, status_of(story, BOM, AMS)->clock_verdict == CLOCK_DIFFERS, "so does the other");
	expect_off(story, AMS, BOM, -30000);
	expect_off(story, BOM, AMS, 30000);
	story_rejoin(story, AMS, CPT);
	story_rejoin(story, BOM, CPT);
	story_wait(story, 3000);
	expect_verdict(story, AMS, CLOCK_WRONG, "the third one settles it");
	story_set_clock(story, AMS, 0);
}

/* The reader's own clock is set as well, in the midst of it. */
static void be_cut_off(struct story *story, int64_t ahead_ms)
{
	const struct dc *reader = &story->world->dcs[BOM];
	uint64_t fresh_at_ms;

	story_set_clock(story, AMS, ahead_ms);
	story_wait(story, 2000);
	story_cut(story, BOM, AMS);
	story_say(story, AMS, "SET l:k unseen");
	story_wait(story, 13000);
	story_set_clock(story, BOM, -ahead_ms);
	story_wait(story, 13000);
	fresh_at_ms = status_of(story, BOM, AMS)->fresh_at_ms;
	story_check(story, fresh_at_ms != 0 && world_steady_ms(story->world, reader) - fresh_at_ms >= 26000, "what is unseen for 26 s is as stale as that");
	story_set_clock(story, BOM, 0);
	story_mend(story, BOM, AMS);
	story_wait(story, 2000);
	fresh_at_ms = status_of(story, BOM, AMS)->fresh_at_ms;
	story_check(story, world_steady_ms(story->world, reader) - fresh_at_ms < 1000, "it is fresh again");
	story_set_clock(story, AMS, 0);
}

void peer_that_is_cut_off_does_not_look_fresh_whatever_its_clock_shows(struct story *story)
{
	be_cut_off(story, 30000);
	be_cut_off(story, -30000);
	be_cut_off(story, 1800000);
}

/* The reader that starts while the peer is cut off has nothing to compare its messages with. */
void nothing_is_fresh_before_clocks_were_compared(struct story *story)
{
	struct dc *reader = &story->world->dcs[BOM];

	story_set_clock(story, AMS, 30000);
	story_say(story, AMS, "SET l:k seen");
	story_wait(story, 2000);
	story_cut(story, AMS, BOM);
	sidecar_crash(story->world, reader);
	sidecar_start(story->world, reader);
	story_wait(story, 3000);
	story_check(story, status_of(story, BOM, AMS)->fresh_at_ms == 0, "a peer that does not hear us is not said to be fresh");
	story_mend(story, AMS, BOM);
	story_wait(story, 2000);
	story_check(story, status_of(story, BOM, AMS)->fresh_at_ms != 0, "once it does it is");
	story_set_clock(story, AMS, 0);
}

void message_that_was_long_under_way_is_no_drift(struct story *story)
{
	unsigned alarms = story->world->dcs[BOM].alarms;

	for (unsigned i = 0; i < 20; i++) {
		story_cut(story, BOM, AMS);
		story_wait(story, 4000);
		story_mend(story, BOM, AMS);
		story_wait(story, i % 5 * 100);
		story_check(story, status_of(story, BOM, AMS)->clock_verdict != CLOCK_DIFFERS, "nobody differs");
		expect_verdict(story, AMS, CLOCK_AGREES, "nobody is accused for a slow way");
	}
	story_check(story, story->world->dcs[BOM].alarms == alarms, "no alarm is raised");
}

/* What was measured before and after contradicts each other until it is forgotten. Nobody may tell that: no reader would take such a message. */
void steady_clock_that_leaps_stops_nobody(struct story *story)
{
	story_wait(story, 6000);
	story->world->dcs[AMS].steady_leap_ms = 20000;
	for (unsigned i = 0; i < 12; i++) {
		story_wait(story, 500);
		for (unsigned dc = AMS; dc <= CPT; dc++)
			for (unsigned peer = AMS; peer <= CPT; peer++)
				story_check(story, dc == peer || status_of(story, dc, peer)->state == PEER_FOLLOWING, "all follow each other");
	}
	story_say(story, AMS, "SET l:k v");
	story_wait(story, 2000);
	story_expect_everywhere(story, "l:k", "v");
}
