#include "scope_judge.h"

#include <assert.h>
#include <string.h>

#include "scope_names.h"

/* ---- looking ---- */

const struct scope_state *scope_expected(struct scope_played *play, unsigned number, unsigned applied)
{
	static struct scope_state with_owns;
	struct scope_state *expected = applied > SCOPE_BATCHES ? &with_owns : &play->expected[number][applied];

	if (applied <= SCOPE_BATCHES && play->is_expected[number][applied])
		return expected;
	scope_evaluate(play->course->policy, &play->histories[number], applied, expected);
	if (applied <= SCOPE_BATCHES)
		play->is_expected[number][applied] = true;
	return expected;
}

unsigned scope_applied_of(const struct scope_played *play, unsigned dc, unsigned number, const uint64_t seqs[SCOPE_DCS])
{
	const struct scope_history *history = &play->histories[number];
	unsigned applied = play->applied[dc];

	for (unsigned i = 0; i < history->own_count; i++)
		if (seqs[history->owns[i].dc] >= history->owns[i].seq)
			applied |= scope_own_bit(i);
	return applied;
}

void scope_admit(struct scope_played *play, unsigned number, unsigned applied, const struct scope_state *shown, struct scope_state *expected)
{
	for (unsigned key = 0; key < SCOPE_KEYS; key++) {
		const struct scope_value *value = &shown->at[key][SCOPE_STRING];

		if (value->is_present && strcmp(value->text, expected->at[key][SCOPE_STRING].text) != 0 &&
		    scope_admits(play->course->policy, &play->histories[number], applied, key, value->text))
			expected->at[key][SCOPE_STRING] = *value;
	}
}

void scope_check_all(struct scope_played *play, unsigned dc, const char *when)
{
	uint64_t seqs[SCOPE_DCS];

	scope_applied(play->world, dc, seqs);
	for (unsigned i = 0; i < play->count; i++) {
		unsigned applied = scope_applied_of(play, dc, i, seqs);
		struct scope_state shown, expected = *scope_expected(play, i, applied);
		bool is_readable = scope_look(play->world, dc, i, &shown);

		scope_admit(play, i, applied, &shown, &expected);
		if (!is_readable || !scope_equal(&shown, &expected))
			scope_wrong(play, i, "%s, %s: shows %s, not %s", scope_dc_names[dc], when, scope_text(&shown), scope_text(&expected));
	}
}

/* ---- what the datacenters say by themselves ---- */

/* A sum that a datacenter ships must be the value that the model gives, and fractions must have been added. */
static void judge_sum(struct scope_played *play, unsigned number, const struct scope_own *own, unsigned applied)
{
	const struct scope_fact *fact = &own->write.facts[0];
	struct scope_state state;

	scope_evaluate(play->course->policy, &play->histories[number], applied, &state);
	const struct scope_value *value = &state.at[fact->key][fact->element];
	if (fact->element == SCOPE_STRING && scope_admits(play->course->policy, &play->histories[number], applied, fact->key, fact->text))
		return;
	if (!value->is_present || strcmp(value->text, fact->text) != 0 || !scope_has_fractions(&play->histories[number], applied, fact))
		scope_wrong(play, number, "%s says that %c has come to %s, not %s", scope_dc_names[own->dc], scope_key_letters[fact->key], fact->text, scope_text(&state));
}

/* A datacenter may say that a deadline is gone if, by what it had applied, a deadline had won at a key that does not exist, or may have. */
static void judge_own(struct scope_played *play, unsigned number, const struct scope_own *own)
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
		scope_wrong(play, number, "%s says that %c lost a deadline, which it did not", scope_dc_names[own->dc], scope_key_letters[fact->key]);
}

void scope_take_owns(struct scope_played *play)
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
