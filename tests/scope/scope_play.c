#include "scope_play.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL SCOPE_BATCHES
#define STAMP_STEP 1000
#define WRONG_MAX 12
#define SETTLE_PASSES_MAX 16

struct play {
	const struct scope_course *course;
	struct scope_case *cases;
	unsigned count;
	struct scope_world *world;
	struct scope_history histories[SCOPE_CASES_MAX];
	/* What the model says, by the set of batches: it depends on nothing else. */
	struct scope_state expected[SCOPE_CASES_MAX][ALL + 1];
	bool is_expected[SCOPE_CASES_MAX][ALL + 1];
	unsigned applied[SCOPE_DCS];
	unsigned written;            /* bit mask: datacenters that have written anything at all */
	unsigned due[SCOPE_CASES_MAX][SCOPE_DCS];    /* when each batch should have been stamped, in an order of our own */
	unsigned own_count;          /* of the world's, those taken into the histories */
	struct scope_tally *tally;
};

/* ---- what is wrong ---- */

static void tell_course(const struct scope_course *course)
{
	printf("    rule %s, %s start, clocks", course->policy->name, course->is_settled ? "settled" : "fresh");
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		printf(" %u", course->clocks[dc]);
	printf(", seen %u %u %u, orders %u%s\n", course->seen[0], course->seen[1], course->seen[2], course->orders, course->is_together ? " together" : "");
}

static void tell_case(const struct scope_case *one)
{
	printf("    start: %s\n", one->start[0] == '\0' ? "-" : one->start);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		printf("    %s: %s\n", scope_dc_names[dc], one->operations[dc] == NULL ? "-" : one->operations[dc]);
}

static void wrong(struct play *play, unsigned number, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void wrong(struct play *play, unsigned number, const char *format, ...)
{
	struct scope_case *one = &play->cases[number];
	va_list arguments;

	if (one->is_wrong)
		return;
	one->is_wrong = true;
	if (play->tally->wrong++ >= WRONG_MAX)
		return;
	printf("WRONG: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	tell_case(one);
	tell_course(play->course);
}

/* ---- looking ---- */

static const struct scope_state *expected_of(struct play *play, unsigned number, unsigned applied)
{
	static struct scope_state with_owns;
	struct scope_state *expected = applied > ALL ? &with_owns : &play->expected[number][applied];

	if (applied <= ALL && play->is_expected[number][applied])
		return expected;
	scope_evaluate(play->course->policy, &play->histories[number], applied, expected);
	if (applied <= ALL)
		play->is_expected[number][applied] = true;
	return expected;
}

/* What DC has applied of a case: batches, and its own and others' words. */
static unsigned applied_of(const struct play *play, unsigned dc, unsigned number, const uint64_t seqs[SCOPE_DCS])
{
	const struct scope_history *history = &play->histories[number];
	unsigned applied = play->applied[dc];

	for (unsigned i = 0; i < history->own_count; i++)
		if (seqs[history->owns[i].dc] >= history->owns[i].seq)
			applied |= scope_own_bit(i);
	return applied;
}

static void check_all(struct play *play, unsigned dc, const char *when)
{
	uint64_t seqs[SCOPE_DCS];

	scope_applied(play->world, dc, seqs);
	for (unsigned i = 0; i < play->count; i++) {
		const struct scope_state *expected = expected_of(play, i, applied_of(play, dc, i, seqs));
		struct scope_state shown;

		if (!scope_look(play->world, dc, i, &shown) || !scope_equal(&shown, expected))
			wrong(play, i, "%s, %s: shows %s, not %s", scope_dc_names[dc], when, scope_text(&shown), scope_text(expected));
	}
}

/* ---- what the datacenters say by themselves ---- */

/* What fractions came to is what is there. */
static void judge_sum(struct play *play, unsigned number, const struct scope_own *own, unsigned applied)
{
	const struct scope_fact *fact = &own->write.facts[0];
	struct scope_state state;

	scope_evaluate(play->course->policy, &play->histories[number], applied, &state);
	const struct scope_value *value = &state.at[fact->key][fact->element];
	if (!value->is_present || strcmp(value->text, fact->text) != 0 || !scope_has_fractions(&play->histories[number], applied, fact))
		wrong(play, number, "%s says that %c has come to %s, not %s", scope_dc_names[own->dc], scope_key_letters[fact->key], fact->text, scope_text(&state));
}

/* A word is right if where it was said, a deadline had won a key that was not there, or may have. */
static void judge_own(struct play *play, unsigned number, const struct scope_own *own)
{
	const struct scope_history *history = &play->histories[number];
	const struct scope_batch *batch = &history->batches[own->dc];
	const struct scope_fact *fact = &own->write.facts[0];
	unsigned applied = own->seen;

	if (batch->count > 0 && batch->stamp < own->stamp)
		applied |= 1u << own->dc;
	for (unsigned i = 0; i < history->own_count; i++)
		if (history->owns[i].dc == own->dc || own->contexts[history->owns[i].dc] >= history->owns[i].seq)
			applied |= scope_own_bit(i);
	if (fact->element != SCOPE_DEADLINE)
		judge_sum(play, number, own, applied);
	else if (scope_loose_deadline(play->course->policy, history, applied, fact->key) == SCOPE_NOT_LOOSE)
		wrong(play, number, "%s says that %c lost a deadline, which it did not", scope_dc_names[own->dc], scope_key_letters[fact->key]);
}

static void take_owns(struct play *play)
{
	for (; play->own_count < play->world->own_count; play->own_count++) {
		const struct scope_own_word *word = &play->world->own_words[play->own_count];
		struct scope_history *history = &play->histories[word->number];
		struct scope_own own = { .dc = word->dc, .seq = word->seq, .stamp = word->hlc * SCOPE_STAMP_STEP + word->dc };

		own.write.facts[own.write.count++] = word->fact;

		memcpy(own.contexts, word->contexts, sizeof(own.contexts));
		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			if (dc != own.dc && (play->written >> dc & 1) && word->contexts[dc] >= play->world->dcs[dc].last_seq)
				own.seen |= 1u << dc;
		judge_own(play, word->number, &own);
		assert(history->own_count < SCOPE_OWNS_MAX);
		history->owns = array_grow(history->owns, history->own_count, &history->own_cap, sizeof(*history->owns));
		history->owns[history->own_count++] = own;
	}
}

static void run(struct play *play)
{
	scope_run(play->world);
	take_owns(play);
}

/* ---- the course ---- */

static void make_starts(struct play *play)
{
	for (unsigned i = 0; i < play->count; i++) {
		struct scope_batch start = { .count = 0 };

		if (play->cases[i].start[0] == '\0')
			continue;
		scope_execute(play->cases[i].start, play->world->dcs[0].clock_ms, &play->histories[i].start, &start);
		scope_say(play->world, 0, i, play->cases[i].start);
	}
	scope_hear(play->world, 0);
	for (unsigned passes = 0; play->course->is_settled && passes < 3; passes++)
		scope_pass(play->world);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		check_all(play, dc, "at the start");
}

static void receive(struct play *play, unsigned dc, unsigned origins)
{
	run(play);
	play->applied[dc] |= origins;
	/* What has a cause that is not there waits for it. */
	for (unsigned origin = 0; origin < SCOPE_DCS; origin++)
		if ((play->applied[dc] >> origin & 1) && (play->course->seen[origin] & play->written & ~play->applied[dc]))
			play->applied[dc] &= ~(1u << origin);
}

/* Opens the links to ORIGINS one after the other, or at once; looks after each. */
static void receive_each(struct play *play, unsigned dc, unsigned origins)
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
		check_all(play, dc, linked == origins ? "with all it gets" : "with the first it gets");
	}
}

static unsigned due_of(const struct play *play, unsigned number, unsigned dc)
{
	unsigned due = (play->course->clocks[dc] + 1) * STAMP_STEP;

	for (unsigned origin = 0; origin < dc; origin++)
		if ((play->course->seen[dc] >> origin & 1) && play->due[number][origin] >= due)
			due = play->due[number][origin] + 1;
	return due;
}

/* Takes over when the core stamped the batch and what it says it has seen: as the course has it? */
static void take_stamp(struct play *play, unsigned number, unsigned dc)
{
	struct scope_batch *batch = &play->histories[number].batches[dc];
	const struct scope_dc *source = &play->world->dcs[dc];
	unsigned first = 0;

	memcpy(batch->contexts, source->contexts, sizeof(batch->contexts));
	while (first < batch->count && batch->writes[first].count == 0)
		first++;
	if ((first < batch->count) != (source->hlcs[number] != 0))
		wrong(play, number, "%s writes %s", scope_dc_names[dc], first < batch->count ? "nothing" : "something");
	if (first == batch->count || source->hlcs[number] == 0)
		return;
	batch->stamp = (source->hlcs[number] - first) * SCOPE_STAMP_STEP + dc;
	for (unsigned other = 0; other < dc; other++) {
		uint64_t stamp = play->histories[number].batches[other].stamp;

		if (stamp != 0 && (stamp < batch->stamp) != (play->due[number][other] < play->due[number][dc]))
			wrong(play, number, "the stamps of %s and %s are in another order than their clocks", scope_dc_names[other], scope_dc_names[dc]);
	}
}

static void write_here(struct play *play, unsigned dc)
{
	uint64_t seqs[SCOPE_DCS];

	scope_applied(play->world, dc, seqs);
	for (unsigned i = 0; i < play->count; i++) {
		struct scope_batch *batch = &play->histories[i].batches[dc];
		struct scope_state state;

		*batch = (struct scope_batch){ .dc = dc, .seen = play->course->seen[dc] };
		play->due[i][dc] = due_of(play, i, dc);
		if (play->cases[i].operations[dc] == NULL)
			continue;
		state = *expected_of(play, i, applied_of(play, dc, i, seqs));
		scope_execute(play->cases[i].operations[dc], play->world->dcs[dc].clock_ms, &state, batch);
		/* An expiry of what is not there writes nothing. */
		if (!scope_is_expiry(play->cases[i].operations[dc]) || batch->writes[0].count > 0)
			play->written |= 1u << dc;
	}
	for (unsigned i = 0; i < play->count; i++) {
		const char *operation = play->cases[i].operations[dc];

		/* One flush, and one leap of the clock, concern every case of the world. */
		if (operation != NULL && (i == 0 || !(scope_is_flush(operation) || scope_is_expiry(operation))))
			scope_say(play->world, dc, i, operation);
	}
	scope_hear(play->world, dc);
	for (unsigned i = 0; i < play->count; i++)
		take_stamp(play, i, dc);
	play->applied[dc] |= 1u << dc;
	check_all(play, dc, "after its own write");
}

static void write_all(struct play *play)
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

static void join_all(struct play *play)
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		receive_each(play, dc, ALL & ~play->applied[dc]);
	scope_link_all(play->world, true);
	run(play);
}

/* ---- at the end ---- */

static bool is_plain_pair(const struct play *play, unsigned number)
{
	const struct scope_case *one = &play->cases[number];

	if (one->row == NULL)
		return false;
	return !(play->course->seen[one->pair[1]] >> one->pair[0] & 1) && !(play->course->seen[one->pair[0]] >> one->pair[1] & 1);
}

/* A pair against its row: by the outcome's own meaning, and by the number that stands there. */
static void check_row(struct play *play, unsigned number)
{
	const struct scope_case *one = &play->cases[number];
	const struct scope_history *history = &play->histories[number];
	const struct scope_batch *const pair[2] = { &history->batches[one->pair[0]], &history->batches[one->pair[1]] };
	const struct scope_cell *cell = &one->row->cells[play->course->policy->rule];
	struct scope_state shown, expected;
	unsigned nameless, counted = scope_count_conflicts(history, SCOPE_BATCHES, &nameless);

	scope_expect(cell->outcome, play->course->policy, history, pair, &expected);
	if (!scope_look(play->world, 0, number, &shown) || !scope_equal(&shown, &expected))
		wrong(play, number, "%s: the table says \"%s\", that is %s; shown is %s", scope_dc_names[0], scope_outcome_text(cell->outcome), scope_text(&expected),
		      scope_text(&shown));
	if (counted + nameless != one->row->conflicts)
		wrong(play, number, "the table says %u conflicts, rule 9 %u", one->row->conflicts, counted + nameless);
}

static bool is_keeping_versions(const struct play *play)
{
	return play->course->policy->rule == SCOPE_RECORD || play->course->policy->rule == SCOPE_CUSTOM;
}

/* Which elements HOMEPORT GET can be asked for, and have been written. */
static bool is_asked(const struct play *play, unsigned number, unsigned key, unsigned element, struct scope_live *live)
{
	*live = scope_live(&play->histories[number], key, element);
	return live->count > 0 && !live->has_increments;
}

/* Under a rule that keeps versions: what stays open is what the row says stays open, and every client can see it. */
static void check_siblings(struct play *play, unsigned dc, const char *when)
{
	struct scope_live live;

	for (unsigned i = 0; i < play->count; i++)
		for (unsigned key = 0; key < SCOPE_KEYS; key++)
			for (unsigned element = 0; element < SCOPE_ASKED; element++)
				if (is_asked(play, i, key, element, &live))
					scope_ask(play->world, dc, i, key, element);
	scope_run(play->world);
	for (unsigned i = 0; i < play->count; i++)
		for (unsigned key = 0; key < SCOPE_KEYS; key++)
			for (unsigned element = 0; element < SCOPE_ASKED; element++) {
				const struct scope_siblings *siblings = &play->world->siblings[i][key][element];

				if (!is_asked(play, i, key, element, &live) || (!siblings->is_answered && live.present == 0))
					continue;
				if (siblings->present != live.present || siblings->count != (live.present == 0 ? 0 : live.count))
					wrong(play, i, "%s, %s: HOMEPORT GET of %c gives %u siblings, %u of them values, not %u and %u", scope_dc_names[dc], when,
					      scope_key_letters[key], siblings->count, siblings->present, live.present == 0 ? 0 : live.count, live.present);
			}
}

/* A row is open if and only if two versions of some element differ; members and scores are kept as well, but cannot be asked for. */
static void check_open(struct play *play, unsigned number)
{
	enum scope_outcome outcome = play->cases[number].row->cells[play->course->policy->rule].outcome;
	bool is_open = false;

	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		for (unsigned element = 0; element < SCOPE_DEADLINE; element++)
			is_open = is_open || scope_live(&play->histories[number], key, element).is_different;
	if (is_open != (outcome == SCOPE_OUTCOME_BOTH_KEPT_OPEN))
		wrong(play, number, "the table says \"%s\", the versions %s", scope_outcome_text(outcome), is_open ? "differ" : "do not differ");
}

static void check_agreement(struct play *play, unsigned number)
{
	const struct scope_dc *dcs = play->world->dcs;
	struct scope_state first, other;
	unsigned nameless, expected = scope_count_conflicts(&play->histories[number], SCOPE_ALL, &nameless);

	scope_look(play->world, 0, number, &first);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		scope_look(play->world, dc, number, &other);
		if (!scope_equal(&first, &other))
			wrong(play, number, "%s shows %s, %s %s", scope_dc_names[0], scope_text(&first), scope_dc_names[dc], scope_text(&other));
		if (dcs[dc].conflicts[number] != dcs[0].conflicts[number])
			wrong(play, number, "%s counts %u conflicts, %s %u", scope_dc_names[0], dcs[0].conflicts[number], scope_dc_names[dc], dcs[dc].conflicts[number]);
		if (dcs[dc].conflicts[number] != expected)
			wrong(play, number, "%s counts %u conflicts, not %u", scope_dc_names[dc], dcs[dc].conflicts[number], expected);
		if (number == 0 && dcs[dc].nameless != nameless)
			wrong(play, number, "%s counts %u conflicts of flushes, not %u", scope_dc_names[dc], dcs[dc].nameless, nameless);
	}
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		if (scope_loose_deadline(play->course->policy, &play->histories[number], SCOPE_ALL, key) == SCOPE_LOOSE)
			wrong(play, number, "nobody says that %c lost its deadline", scope_key_letters[key]);
	play->tally->with_owns += play->histories[number].own_count > 0;
}

/* Not only how many: of which rule, kind and outcome, too. */
static void check_labels(struct play *play)
{
	const struct core_status *first = core_status(play->world->dcs[0].core), *other;

	for (unsigned dc = 1; dc < SCOPE_DCS; dc++) {
		other = core_status(play->world->dcs[dc].core);
		for (unsigned rule = 0; rule < CORE_RULES; rule++)
			for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
				for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
					unsigned long long a = first->conflicts[rule][kind][outcome], b = other->conflicts[rule][kind][outcome];

					if (a != b)
						wrong(play, 0, "in this world %s counts %llu conflicts of %s that end \"%s\", %s %llu", scope_dc_names[0], a,
						      core_kind_text(kind), outcome_text((enum outcome)outcome), scope_dc_names[dc], b);
				}
	}
}

/* Nothing is remembered once everything is stable (rule 12), and nothing that is shown changes with that. */
static void check_rest(struct play *play)
{
	uint64_t left = 1;

	for (unsigned passes = 0; left > 0 && passes < SETTLE_PASSES_MAX; passes++) {
		scope_pass(play->world);
		take_owns(play);
		left = 0;
		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			left += core_status(play->world->dcs[dc].core)->unstable_keys;
	}
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		core_check(play->world->dcs[dc].core);
		check_all(play, dc, "when all is stable");
	}
	if (left > 0)
		wrong(play, 0, "%u keys are never stable", (unsigned)left);
}

void scope_play(const struct scope_course *course, struct scope_case *cases, unsigned count, struct scope_tally *tally, bool is_traced)
{
	static struct play play;

	memset(&play, 0, sizeof(play));
	play.course = course;
	play.cases = cases;
	play.count = count;
	play.world = scope_world_new(course->policy, is_traced);
	play.tally = tally;
	make_starts(&play);
	write_all(&play);
	join_all(&play);
	for (unsigned i = 0; i < count; i++) {
		check_agreement(&play, i);
		if (!is_plain_pair(&play, i))
			continue;
		check_row(&play, i);
		if (is_keeping_versions(&play))
			check_open(&play, i);
	}
	check_labels(&play);
	for (unsigned dc = 0; dc < SCOPE_DCS && is_keeping_versions(&play); dc++)
		check_siblings(&play, dc, "with everything");
	check_rest(&play);
	for (unsigned dc = 0; dc < SCOPE_DCS && is_keeping_versions(&play); dc++)
		check_siblings(&play, dc, "when all is stable");
	if (play.world->wrong[0] != '\0')
		wrong(&play, 0, "%s", play.world->wrong);
	scope_world_free(play.world);
	for (unsigned i = 0; i < count; i++)
		free(play.histories[i].owns);
	tally->cases += count;
	tally->worlds++;
}
