/* Outcome: what a key must hold once every write to it is known, by rules 4 to 8 of docs/replication-model.md. It does not depend on the order in
 * which writes arrived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"

/* One key under judgement. */
struct trial {
	const struct auditor *auditor;
	const struct touch *touches;
	unsigned count;
	enum audit_rule rule;
	bool is_stream;              /* what is decided is an entry of one */
	bool *killed;                /* owned; for each touch: has rule 7 removed it for good? */
};

static bool fact_is_clear(const struct fact *fact)
{
	return fact->kind == FACT_CLEAR || fact->kind == FACT_FLUSH;
}

static bool fact_makes_present(const struct fact *fact)
{
	return fact->kind == FACT_SET || fact->kind == FACT_DELTA || fact->kind == FACT_REACH;
}

/* Rule 7: a newer write that makes the key present with another type removes the touch for good. */
static bool kill_find(const struct trial *trial, const struct touch *touch)
{
	for (unsigned i = 0; i < trial->count; i++) {
		const struct touch *other = &trial->touches[i];

		if (fact_makes_present(other->fact) && other->fact->type != touch->fact->type &&
		    audit_compare(trial->auditor, other->write, touch->write) > 0)
			return true;
	}
	return false;
}

static void trial_open(struct trial *trial)
{
	trial->killed = memory_new((trial->count + 1) * sizeof(*trial->killed));
	for (unsigned i = 0; i < trial->count; i++)
		trial->killed[i] = fact_makes_present(trial->touches[i].fact) && kill_find(trial, &trial->touches[i]);
}

static bool is_killed(const struct trial *trial, const struct touch *touch)
{
	return trial->killed[touch - trial->touches];
}

static bool concerns(const struct audit_contest *contest, const struct fact *fact)
{
	if (fact_is_clear(fact))
		return true;
	if (contest->is_deadline)
		return fact->kind == FACT_DEADLINE;
	return (fact->kind == FACT_SET || fact->kind == FACT_REMOVE) && fact->type == contest->type && fact->element == contest->element;
}

static bool is_present(const struct touch *touch)
{
	return touch->fact->kind == FACT_SET || touch->fact->kind == FACT_DEADLINE;
}

static bool competes(const struct trial *trial, const struct audit_contest *contest, const struct touch *touch)
{
	return concerns(contest, touch->fact) && !(touch->fact->kind == FACT_SET && is_killed(trial, touch));
}

/* Positive: A is newer. Within one write, a value counts as newer than a removal, and a later change as newer than an earlier one. */
static int touch_compare(const struct trial *trial, const struct touch *a, const struct touch *b)
{
	int order = audit_compare(trial->auditor, a->write, b->write);

	if (order != 0)
		return order;
	if (is_present(a) != is_present(b))
		return is_present(a) ? 1 : -1;
	return (int)a->order - (int)b->order;
}

/* Rule 7: a string's SET replaces the elements of other types that it has seen. It does not compete with those that it has not seen. */
static bool sets_aside(const struct audit_contest *contest, const struct touch *touch)
{
	return !contest->is_deadline && contest->type != SIM_STRING && touch->fact->kind == FACT_SET && touch->fact->type == SIM_STRING;
}

/* Rule 4: a version is live if no other one covers it. One that rule 7 removed still covers what it has seen. */
static bool is_live(const struct trial *trial, const struct audit_contest *contest, const struct touch *touch)
{
	for (unsigned i = 0; i < trial->count; i++) {
		const struct touch *other = &trial->touches[i];

		if (audit_replaces(contest, other->fact) && other->write != touch->write && audit_covers(other->write, touch->write))
			return false;
	}
	return true;
}

bool audit_replaces(const struct audit_contest *contest, const struct fact *fact)
{
	return concerns(contest, fact) || sets_aside(contest, &(struct touch){ .fact = fact });
}

static unsigned rank_of(const struct trial *trial, const struct touch *touch)
{
	return trial->auditor->options.rank_of(trial->auditor->origins[touch->write->origin].dc);
}

/* A key without a deadline lasts longest. */
static int64_t end_of(const struct touch *touch)
{
	return touch->fact->deadline_ms == 0 ? INT64_MAX : touch->fact->deadline_ms;
}

/* Of two live versions, does the rule prefer A? If the rule does not tell them apart, the newer one wins. */
static bool is_preferred(const struct trial *trial, const struct touch *a, const struct touch *b)
{
	/* An entry of a stream does the same under every rule. */
	bool is_merge = trial->is_stream || trial->rule == AUDIT_MERGE || trial->rule == AUDIT_LONGEST || trial->rule == AUDIT_SHORTEST;

	if (is_merge && is_present(a) != is_present(b))
		return is_present(a);
	if (a->fact->kind == FACT_DEADLINE && b->fact->kind == FACT_DEADLINE && end_of(a) != end_of(b) && trial->rule == AUDIT_LONGEST)
		return end_of(a) > end_of(b);
	if (a->fact->kind == FACT_DEADLINE && b->fact->kind == FACT_DEADLINE && end_of(a) != end_of(b) && trial->rule == AUDIT_SHORTEST)
		return end_of(a) < end_of(b);
	if (trial->rule == AUDIT_PRIORITY && !trial->is_stream && rank_of(trial, a) != rank_of(trial, b))
		return rank_of(trial, a) < rank_of(trial, b);
	return touch_compare(trial, a, b) > 0;
}

/* The version that decides (rules 4 and 5). NULL: nobody ever wrote the element. */
static const struct touch *decide(const struct trial *trial, const struct audit_contest *contest)
{
	const struct touch *best = NULL;

	for (unsigned i = 0; i < trial->count; i++) {
		const struct touch *touch = &trial->touches[i];

		if (!competes(trial, contest, touch) || !is_live(trial, contest, touch))
			continue;
		if (best == NULL || is_preferred(trial, touch, best))
			best = touch;
	}
	return best;
}

static bool text_is_number(const struct auditor *auditor, uint32_t value, long double *number)
{
	struct slice text = pool_text(auditor->options.pool, value);
	char *end;

	*number = strtold(text.ptr, &end);
	return text.len > 0 && end == text.ptr + text.len;
}

/* Rule 6: adds up the increments that the deciding version does not cover. A version with a client's context covers the increments that were applied
 * where it was made. */
static unsigned sum_deltas(const struct trial *trial, const struct audit_contest *contest, const struct touch *decider, struct outcome_element *outcome,
                           const struct touch **found)
{
	unsigned surviving = 0;

	for (unsigned i = 0; i < trial->count; i++) {
		const struct touch *touch = &trial->touches[i];
		const struct fact *fact = touch->fact;

		if (fact->kind != FACT_DELTA || fact->type != contest->type || fact->element != contest->element)
			continue;
		if (decider != NULL && (audit_covers(decider->write, touch->write) || audit_follows(decider->write, touch->write)))
			continue;
		if (is_killed(trial, touch))
			continue;
		outcome->number += fact->amount;
		found[surviving++] = touch;
	}
	return surviving;
}

/* ---- parts of strings ---- */

static void text_reach(struct buffer *text, uint64_t len)
{
	while (text->len < len)
		buffer_add_byte(text, '\0');
}

static void text_write(struct buffer *text, const struct fact *fact, struct slice part)
{
	uint64_t at = fact->part == PART_END ? text->len : (uint64_t)fact->place;

	if (fact->part != PART_BITS) {
		text_reach(text, at + part.len);
		memcpy(text->ptr + at, part.ptr, part.len);
		return;
	}
	uint64_t first = at / 64, width = at % 64 + 1, number = (uint64_t)strtoll(part.ptr, NULL, 10);
	text_reach(text, (first + width + 7) / 8);
	for (uint64_t i = 0; i < width; i++) {
		uint64_t bit = first + i;
		unsigned char mask = (unsigned char)(128u >> bit % 8), *byte = (unsigned char *)text->ptr + bit / 8;

		*byte = (unsigned char)(number >> (width - 1 - i) & 1 ? *byte | mask : *byte & ~mask);
	}
}

/* A HyperLogLog of the simulated stores: "HYLL" and a letter for each of eight registers; or what Redis makes of none, in which all are "a". False: it is
 * none, and stays as it is. */
static bool union_letters(struct slice text, char letters[8])
{
	const struct slice none = AUDIT_UNION_NONE;
	bool is_none = text.len == none.len && memcmp(text.ptr, none.ptr, none.len) == 0;

	memset(letters, 'a', 8);
	if (is_none)
		return true;
	if (text.len != 12 || memcmp(text.ptr, "HYLL", 4) != 0)
		return false;
	memcpy(letters, text.ptr + 4, 8);
	return true;
}

/* Each word: "$", its length, a line end, its bytes, a line end. */
static void letters_see(char letters[8], struct slice words)
{
	while (words.len > 0) {
		char *at;
		unsigned long len = strtoul(words.ptr + 1, &at, 10);
		unsigned sum = 0;

		at += 2;
		for (unsigned long i = 0; i < len; i++)
			sum += (unsigned char)at[i];
		char letter = (char)('b' + sum / 8 % 25);
		letters[sum % 8] = letters[sum % 8] > letter ? letters[sum % 8] : letter;
		words = (struct slice){ at + len + 2, (size_t)(words.ptr + words.len - at) - len - 2 };
	}
}

static void text_unite(struct buffer *text, bool is_there, const struct fact *fact, struct slice part)
{
	char letters[8], others[8];

	memset(letters, 'a', sizeof letters);
	memset(others, 'a', sizeof others);
	if (is_there && !union_letters(buffer_slice(text), letters))
		return;
	if (fact->place == 0)
		letters_see(letters, part);
	else if (!union_letters(part, others))
		return;
	for (unsigned i = 0; i < 8; i++)
		letters[i] = letters[i] > others[i] ? letters[i] : others[i];
	text->len = 0;
	if (memcmp(letters, "aaaaaaaa", 8) == 0) {
		buffer_add(text, AUDIT_UNION_NONE);
		return;
	}
	buffer_add_text(text, "HYLL");
	buffer_add(text, (struct slice){ letters, 8 });
}

/* Whole numbers are added exactly. What is no number takes no sum. */
static void text_sum(struct buffer *text, bool is_there, const struct fact *fact)
{
	long double number = 0;
	char *end = text->ptr, digits[5120];

	buffer_add_byte(text, '\0');
	text->len--;
	if (is_there) {
		number = strtold(text->ptr, &end);
		if (text->len == 0 || end != text->ptr + text->len || (*text->ptr != '-' && (*text->ptr < '0' || *text->ptr > '9')))
			return;
	}
	number += fact->amount;
	text->len = 0;
	if (number == (long double)(int64_t)number) {
		buffer_add_int64(text, (int64_t)number);
		return;
	}
	snprintf(digits, sizeof(digits), "%.17Lf", number);
	for (size_t len = strlen(digits); digits[len - 1] == '0'; len--)
		digits[len - 1] = '\0';
	buffer_add_text(text, digits);
}

static int delta_compare(const void *left, const void *right, void *context)
{
	const struct touch *const *a = left, *const *b = right;
	int order = audit_compare(context, (*a)->write, (*b)->write);

	return order != 0 ? order : (int)(*a)->order - (int)(*b)->order;
}

/* Rule 6 of strings that parts were written of: what the deciding version does not cover is done to its value, in the order of time. */
static void judge_parts(const struct trial *trial, const struct touch *decider, const struct touch **deltas, unsigned count, struct outcome_element *outcome)
{
	bool is_there = decider != NULL && is_present(decider);
	struct pool *pool = trial->auditor->options.pool;
	struct buffer text = { .len = 0 };

	if (is_there)
		buffer_add(&text, pool_text(pool, decider->fact->value));
	qsort_r(deltas, count, sizeof(*deltas), delta_compare, (void *)(uintptr_t)trial->auditor);
	for (unsigned i = 0; i < count; i++) {
		if (deltas[i]->fact->part == PART_NONE)
			text_sum(&text, is_there, deltas[i]->fact);
		else if (deltas[i]->fact->part == PART_UNION)
			text_unite(&text, is_there, deltas[i]->fact, pool_text(pool, deltas[i]->fact->value));
		else
			text_write(&text, deltas[i]->fact, pool_text(pool, deltas[i]->fact->value));
		is_there = true;
	}
	outcome->is_text = true;
	outcome->value = pool_intern(pool, buffer_slice(&text));
	buffer_free(&text);
}

/* False: the element is absent. */
static bool judge_element(const struct trial *trial, const struct audit_contest *contest, struct outcome_element *outcome)
{
	const struct touch *decider = decide(trial, contest);
	bool has_value = decider != NULL && is_present(decider);
	long double base = 0;
	const struct touch **found = memory_new((trial->count + 1) * sizeof(struct touch *));
	bool has_parts = false;
	unsigned deltas;

	*outcome = (struct outcome_element){ .type = contest->type, .element = contest->element };
	deltas = sum_deltas(trial, contest, decider, outcome, found);
	for (unsigned i = 0; i < deltas; i++)
		has_parts |= found[i]->fact->part != PART_NONE;
	if (has_parts)
		judge_parts(trial, decider, found, deltas, outcome);
	memory_free(found);
	if (has_parts)
		return true;
	if (!has_value)
		return deltas > 0;
	if (contest->type == SIM_ZSET) {
		outcome->number += (long double)decider->fact->score;
		return true;
	}
	outcome->value = decider->fact->value;
	outcome->is_text = deltas == 0 || !text_is_number(trial->auditor, outcome->value, &base);
	outcome->number += base;
	return true;
}

static bool is_judged(const struct key_outcome *outcome, const struct audit_contest *contest)
{
	for (unsigned i = 0; i < outcome->count; i++)
		if (outcome->elements[i].type == contest->type && outcome->elements[i].element == contest->element)
			return true;
	return false;
}

/* Were fractions added to it? Then sums are compared with a tolerance for rounding. */
static bool has_fractions(const struct trial *trial, const struct audit_contest *contest)
{
	for (unsigned i = 0; i < trial->count; i++) {
		const struct fact *fact = trial->touches[i].fact;

		if (fact->kind == FACT_DELTA && fact->is_fraction && fact->type == contest->type && fact->element == contest->element)
			return true;
	}
	return false;
}

static void add_list_element(void *context, uint32_t value)
{
	struct key_outcome *outcome = context;

	outcome->elements = array_grow(outcome->elements, outcome->count, &outcome->cap, sizeof(*outcome->elements));
	outcome->elements[outcome->count] = (struct outcome_element){ .type = SIM_LIST, .element = outcome->count, .is_text = true, .value = value };
	outcome->count++;
}

void audit_outcome(const struct auditor *auditor, const struct touch *touches, unsigned count, enum audit_rule rule, struct key_outcome *outcome)
{
	struct trial trial = { .auditor = auditor, .touches = touches, .count = count, .rule = rule };
	const struct touch *deadline;

	trial_open(&trial);
	deadline = decide(&trial, &(struct audit_contest){ .is_deadline = true });
	outcome->count = 0;
	outcome->is_stream = false;
	outcome->part_count = 0;
	outcome->deadline_ms = deadline != NULL && is_present(deadline) ? deadline->fact->deadline_ms : 0;
	for (unsigned i = 0; i < count; i++) {
		const struct fact *fact = touches[i].fact;
		struct audit_contest contest = { .type = fact->type, .element = fact->element };
		struct outcome_element judged;

		if (!fact_makes_present(fact) || fact->type == SIM_STREAM || is_judged(outcome, &contest) || is_killed(&trial, &touches[i]))
			continue;
		if (fact->type == SIM_LIST) {
			if (outcome->count == 0)
				audit_list(&(struct audited_list){ .auditor = auditor, .touches = touches, .count = count, .visit = add_list_element, .context = outcome });
			continue;
		}
		if (!judge_element(&trial, &contest, &judged))
			continue;
		judged.is_fraction = has_fractions(&trial, &contest);
		outcome->elements = array_grow(outcome->elements, outcome->count, &outcome->cap, sizeof(*outcome->elements));
		outcome->elements[outcome->count++] = judged;
	}
	audit_stream(&(struct audited_stream){ auditor, touches, count, trial.killed, outcome });
	memory_free(trial.killed);
}

/* Keeps of the changes of one write to one element the one that counts. */
static bool is_superseded(const struct trial *trial, const struct audit_contest *contest, const struct touch *touch)
{
	for (unsigned i = 0; i < trial->count; i++) {
		const struct touch *other = &trial->touches[i];

		if (other->write == touch->write && competes(trial, contest, other) && touch_compare(trial, other, touch) > 0)
			return true;
	}
	return false;
}

unsigned audit_live(const struct auditor *auditor, const struct touch *touches, unsigned count, const struct audit_contest *contest,
                    const struct touch **live)
{
	struct trial trial = { .auditor = auditor, .touches = touches, .count = count };
	unsigned found = 0;

	trial_open(&trial);
	for (unsigned i = 0; i < count; i++)
		if (competes(&trial, contest, &touches[i]) && !is_superseded(&trial, contest, &touches[i]) && is_live(&trial, contest, &touches[i]))
			live[found++] = &touches[i];
	memory_free(trial.killed);
	return found;
}
