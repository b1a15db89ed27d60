#include "scope_play.h"

#include <stdlib.h>
#include <string.h>

#include "scope_client.h"
#include "scope_end.h"
#include "scope_judge.h"
#include "scope_names.h"
#include "scope_played.h"
#include "scope_turn.h"
#include "tests/scope/model/scope_execute.h"

#define ALL SCOPE_BATCHES
#define STAMP_STEP 1000

static void run(struct scope_played *play)
{
	scope_run(play->world);
	scope_take_owns(play);
}

/* ---- the course ---- */

static void make_starts(struct scope_played *play)
{
	for (unsigned i = 0; i < play->count; i++) {
		struct scope_batch start = { .count = 0 };

		if (play->cases[i].start[0] == '\0')
			continue;
		scope_execute(play->cases[i].start, play->world->dcs[0].clock_ms, false, &play->histories[i].start, &start);
		scope_say(play->world, 0, i, play->cases[i].start);
	}
	scope_hear(play->world, 0);
	for (unsigned passes = 0; play->course->is_settled && passes < 3; passes++)
		scope_pass(play->world);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		scope_check_all(play, dc, "at the start");
}

static void receive(struct scope_played *play, unsigned dc, unsigned origins)
{
	run(play);
	play->applied[dc] |= origins;
	/* A batch whose cause is missing waits for it. */
	for (unsigned origin = 0; origin < SCOPE_DCS; origin++)
		if ((play->applied[dc] >> origin & 1) && (play->course->seen[origin] & play->written & ~play->applied[dc]))
			play->applied[dc] &= ~(1u << origin);
}

/* Opens the links to ORIGINS one after the other, or all at once, and checks what DC shows after each. */
static void receive_each(struct scope_played *play, unsigned dc, unsigned origins)
{
	bool is_reversed = play->course->orders >> dc & 1;
	unsigned linked = 0;

	play->world->dcs[dc].is_reversed = is_reversed;
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		unsigned origin = is_reversed ? SCOPE_DCS - 1 - i : i;

		if (!(origins >> origin & 1))
			continue;
		scope_link(play->world, dc, origin, true);
		linked |= 1u << origin;
		if (play->course->is_together && linked != origins)
			continue;
		receive(play, dc, play->applied[dc] | linked);
		scope_check_all(play, dc, linked == origins ? "with all it gets" : "with the first it gets");
	}
}

static unsigned due_of(const struct scope_played *play, unsigned number, unsigned dc)
{
	unsigned due = (play->course->clocks[dc] + 1) * STAMP_STEP;

	for (unsigned origin = 0; origin < dc; origin++)
		if ((play->course->seen[dc] >> origin & 1) && play->due[number][origin] >= due)
			due = play->due[number][origin] + 1;
	return due;
}

/* Notes the stamp and context that the core gave the batch. Wrong: a batch that should write nothing has a stamp (or the other way round), or two
 * stamps are in another order than the course's clocks. */
static void take_stamp(struct scope_played *play, unsigned number, unsigned dc)
{
	struct scope_batch *batch = &play->histories[number].batches[dc];
	const struct scope_dc *source = &play->world->dcs[dc];
	unsigned first = 0;

	memcpy(batch->contexts, source->contexts, sizeof(batch->contexts));
	while (first < batch->count && batch->writes[first].count == 0)
		first++;
	if ((first < batch->count) != (source->hlcs[number] != 0))
		scope_wrong(play, number, "%s writes %s", scope_dc_names[dc], first < batch->count ? "nothing" : "something");
	if (first == batch->count || source->hlcs[number] == 0)
		return;
	batch->stamp = (source->hlcs[number] - first) * SCOPE_STAMP_STEP + dc;
	for (unsigned other = 0; other < dc; other++) {
		uint64_t stamp = play->histories[number].batches[other].stamp;

		if (stamp != 0 && (stamp < batch->stamp) != (play->due[number][other] < play->due[number][dc]))
			scope_wrong(play, number, "the stamps of %s and %s are in another order than their clocks", scope_dc_names[other], scope_dc_names[dc]);
	}
}

static void write_here(struct scope_played *play, unsigned dc)
{
	enum scope_rule rule = play->course->policy->rule;
	bool is_keeping = rule == SCOPE_RECORD || rule == SCOPE_CUSTOM;
	uint64_t seqs[SCOPE_DCS];

	scope_applied(play->world, dc, seqs);
	for (unsigned i = 0; i < play->count; i++) {
		struct scope_batch *batch = &play->histories[i].batches[dc];
		struct scope_state state, shown;

		*batch = (struct scope_batch){ .dc = dc, .seen = play->course->seen[dc] };
		play->due[i][dc] = due_of(play, i, dc);
		if (play->cases[i].operations[dc] == NULL)
			continue;
		state = *scope_expected(play, i, scope_applied_of(play, dc, i, seqs));
		if (scope_look(play->world, dc, i, &shown))
			scope_admit(play, i, scope_applied_of(play, dc, i, seqs), &shown, &state);
		scope_execute(play->cases[i].operations[dc], play->world->dcs[dc].clock_ms, is_keeping, &state, batch);
		/* An expiry writes nothing if no deadline has passed. */
		if (!scope_is_expiry(play->cases[i].operations[dc]) || batch->writes[0].count > 0)
			play->written |= 1u << dc;
	}
	for (unsigned i = 0; i < play->count; i++) {
		const char *operation = play->cases[i].operations[dc];

		/* A flush and a leap of the clock concern every case of the world, so each is done once. */
		if (operation != NULL && (i == 0 || !(scope_is_flush(operation) || scope_is_expiry(operation))))
			scope_say(play->world, dc, i, operation);
	}
	scope_hear(play->world, dc);
	for (unsigned i = 0; i < play->count; i++)
		take_stamp(play, i, dc);
	play->applied[dc] |= 1u << dc;
	scope_check_all(play, dc, "after its own write");
}

static void write_all(struct scope_played *play)
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		play->world->dcs[dc].clock_ms += 1000 + 10 * play->course->clocks[dc];
	scope_link_all(play->world, false);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		receive_each(play, dc, play->course->seen[dc]);
		for (unsigned origin = 0; origin < SCOPE_DCS; origin++)
			scope_link(play->world, dc, origin, false);
		write_here(play, dc);
	}
}

static void join_all(struct scope_played *play)
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		receive_each(play, dc, ALL & ~play->applied[dc]);
	scope_link_all(play->world, true);
	run(play);
}

void scope_play(const struct scope_course *course, struct scope_case *cases, unsigned count, struct scope_tally *tally, bool is_traced)
{
	static struct scope_played play;

	memset(&play, 0, sizeof(play));
	play.course = course;
	play.cases = cases;
	play.count = count;
	play.world = scope_world_new(course->policy, is_traced);
	play.tally = tally;
	make_starts(&play);
	write_all(&play);
	join_all(&play);
	scope_check_end(&play);
	if (play.world->wrong[0] != '\0')
		scope_wrong(&play, 0, "%s", play.world->wrong);
	scope_world_free(play.world);
	for (unsigned i = 0; i < count; i++)
		free(play.histories[i].owns);
	tally->cases += count;
	tally->worlds++;
}
