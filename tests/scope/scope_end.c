#include "scope_end.h"

#include "scope_client.h"
#include "scope_judge.h"
#include "scope_names.h"
#include "scope_turn.h"
#include "tests/scope/model/scope_conflicts.h"

#define SETTLE_PASSES_MAX 16

static bool is_plain_pair(const struct scope_played *play, unsigned number)
{
	const struct scope_case *one = &play->cases[number];

	if (one->row == NULL)
		return false;
	return !(play->course->seen[one->pair[1]] >> one->pair[0] & 1) && !(play->course->seen[one->pair[0]] >> one->pair[1] & 1);
}

/* A pair must show what its row's outcome means, and have as many conflicts as the row says. */
static void check_row(struct scope_played *play, unsigned number)
{
	const struct scope_case *one = &play->cases[number];
	const struct scope_history *history = &play->histories[number];
	const struct scope_batch *const pair[2] = { &history->batches[one->pair[0]], &history->batches[one->pair[1]] };
	const struct scope_cell *cell = &one->row->cells[play->course->policy->rule];
	struct scope_state shown, expected;
	unsigned nameless, counted = scope_count_conflicts(history, SCOPE_BATCHES, &nameless);

	bool is_readable = scope_look(play->world, 0, number, &shown);
	scope_expect(cell->outcome, play->course->policy, history, pair, 1, &expected);
	if (!scope_equal(&shown, &expected))
		scope_expect(cell->outcome, play->course->policy, history, pair, 0, &expected);
	if (!is_readable || !scope_equal(&shown, &expected))
		scope_wrong(play, number, "%s: the table says \"%s\", that is %s; shown is %s", scope_dc_names[0], scope_outcome_text(cell->outcome), scope_text(&expected),
		      scope_text(&shown));
	if (counted + nameless != one->row->conflicts)
		scope_wrong(play, number, "the table says %u conflicts, rule 9 %u", one->row->conflicts, counted + nameless);
}

static bool is_keeping_versions(const struct scope_played *play)
{
	return play->course->policy->rule == SCOPE_RECORD || play->course->policy->rule == SCOPE_CUSTOM;
}

/* Can HOMEPORT GET be asked for the element? It was written, and never by an increment, whose sum has no versions. */
static bool is_asked(const struct scope_played *play, unsigned number, unsigned key, unsigned element, struct scope_live *live)
{
	*live = scope_live(&play->histories[number], key, element);
	return live->count > 0 && !live->has_increments;
}

/* Under a rule that keeps versions, HOMEPORT GET must give every live version (sibling) of each element. */
static void check_siblings(struct scope_played *play, unsigned dc, const char *when)
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
					scope_wrong(play, i, "%s, %s: HOMEPORT GET of %c gives %u siblings, %u of them values, not %u and %u", scope_dc_names[dc], when,
					      scope_key_letters[key], siblings->count, siblings->present, live.present == 0 ? 0 : live.count, live.present);
			}
}

/* The row must say that a conflict stays open if and only if two live versions of some element differ. Those of lists and streams never do. Members and scores count, too, although
 * clients cannot ask for their versions. */
static void check_open(struct scope_played *play, unsigned number)
{
	enum scope_outcome outcome = play->cases[number].row->cells[play->course->policy->rule].outcome;
	bool is_open = false;

	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		for (unsigned element = 0; element < SCOPE_LIST; element++)
			is_open = is_open || scope_live(&play->histories[number], key, element).is_different;
	if (is_open != (outcome == SCOPE_OUTCOME_BOTH_KEPT_OPEN))
		scope_wrong(play, number, "the table says \"%s\", the versions %s", scope_outcome_text(outcome), is_open ? "differ" : "do not differ");
}

static void check_agreement(struct scope_played *play, unsigned number)
{
	const struct scope_dc *dcs = play->world->dcs;
	struct scope_state first, other;
	unsigned nameless, expected = scope_count_conflicts(&play->histories[number], SCOPE_ALL, &nameless);

	scope_look(play->world, 0, number, &first);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		scope_look(play->world, dc, number, &other);
		if (!scope_equal(&first, &other))
			scope_wrong(play, number, "%s shows %s, %s %s", scope_dc_names[0], scope_text(&first), scope_dc_names[dc], scope_text(&other));
		if (dcs[dc].conflicts[number] != dcs[0].conflicts[number])
			scope_wrong(play, number, "%s counts %u conflicts, %s %u", scope_dc_names[0], dcs[0].conflicts[number], scope_dc_names[dc], dcs[dc].conflicts[number]);
		if (dcs[dc].conflicts[number] != expected)
			scope_wrong(play, number, "%s counts %u conflicts, not %u", scope_dc_names[dc], dcs[dc].conflicts[number], expected);
		if (number == 0 && dcs[dc].nameless != nameless)
			scope_wrong(play, number, "%s counts %u conflicts of flushes, not %u", scope_dc_names[dc], dcs[dc].nameless, nameless);
	}
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		if (scope_loose_deadline(play->course->policy, &play->histories[number], SCOPE_ALL, key) == SCOPE_LOOSE)
			scope_wrong(play, number, "nobody says that %c lost its deadline", scope_key_letters[key]);
	play->tally->with_owns += play->histories[number].own_count > 0;
}

/* The datacenters must have counted the same conflicts under each rule, kind and outcome. */
static void check_labels(struct scope_played *play)
{
	const struct core_status *first = core_status(play->world->dcs[0].core), *other;

	for (unsigned dc = 1; dc < SCOPE_DCS; dc++) {
		other = core_status(play->world->dcs[dc].core);
		for (unsigned rule = 0; rule < CORE_RULES; rule++)
			for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
				for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
					unsigned long long a = first->conflicts[rule][kind][outcome], b = other->conflicts[rule][kind][outcome];

					if (a != b)
						scope_wrong(play, 0, "in this world %s counts %llu conflicts of %s that end \"%s\", %s %llu", scope_dc_names[0], a,
						      core_kind_text(kind), outcome_text((enum outcome)outcome), scope_dc_names[dc], b);
				}
	}
}

/* Once everything is causally stable, no metadata may be left (rule 12), and what is shown must not have changed. */
static void check_rest(struct scope_played *play)
{
	uint64_t left = 1;

	for (unsigned passes = 0; left > 0 && passes < SETTLE_PASSES_MAX; passes++) {
		scope_pass(play->world);
		scope_take_owns(play);
		left = 0;
		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			left += core_status(play->world->dcs[dc].core)->unstable_keys;
	}
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		core_check(play->world->dcs[dc].core);
		scope_check_all(play, dc, "when all is stable");
	}
	if (left > 0)
		scope_wrong(play, 0, "%u keys are never stable", (unsigned)left);
}

void scope_check_end(struct scope_played *play)
{
	for (unsigned i = 0; i < play->count; i++) {
		check_agreement(play, i);
		if (!is_plain_pair(play, i))
			continue;
		check_row(play, i);
		if (is_keeping_versions(play))
			check_open(play, i);
	}
	check_labels(play);
	for (unsigned dc = 0; dc < SCOPE_DCS && is_keeping_versions(play); dc++)
		check_siblings(play, dc, "with everything");
	check_rest(play);
	for (unsigned dc = 0; dc < SCOPE_DCS && is_keeping_versions(play); dc++)
		check_siblings(play, dc, "when all is stable");
}
