#include "scope_outcome.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scope/model/scope_stream.h"

const struct scope_row scope_rows[] = {
#define PAIR(section, first, second, starts, conflicts, lww, lww_prose, priority, priority_prose, record, record_prose, merge, merge_prose, custom, \
             custom_prose)                                                                                                                           \
	{ SCOPE_SECTION_##section, { first, second }, starts, conflicts,                                                                             \
	  { [SCOPE_LWW] = { SCOPE_OUTCOME_##lww, lww_prose },       [SCOPE_PRIORITY] = { SCOPE_OUTCOME_##priority, priority_prose },                 \
	    [SCOPE_RECORD] = { SCOPE_OUTCOME_##record, record_prose }, [SCOPE_MERGE] = { SCOPE_OUTCOME_##merge, merge_prose },                       \
	    [SCOPE_CUSTOM] = { SCOPE_OUTCOME_##custom, custom_prose } } },
#include "tests/tables/outcomes.def"
};
const unsigned scope_row_count = sizeof(scope_rows) / sizeof(*scope_rows);

static const struct { const char *text, *meaning; } outcomes[SCOPE_OUTCOMES] = {
#define OUTCOME(name, text, meaning) { text, meaning },
#include "tests/tables/outcomes.def"
};

static const struct { const char *title, *text; } sections[SCOPE_SECTIONS] = {
#define SECTION(name, title, text) { title, text },
#include "tests/tables/outcomes.def"
};

static const struct { enum scope_section section; const char *operation; } also[] = {
#define ALSO(section, operation) { SCOPE_SECTION_##section, operation },
#include "tests/tables/outcomes.def"
};

static const enum scope_section pairs_only[] = {
#define PAIRS_ONLY(section) SCOPE_SECTION_##section,
#include "tests/tables/outcomes.def"
};

bool scope_has_triples(enum scope_section section)
{
	for (unsigned i = 0; i < sizeof(pairs_only) / sizeof(*pairs_only); i++)
		if (pairs_only[i] == section)
			return false;
	return true;
}

const char *scope_section_title(enum scope_section section) { return sections[section].title; }
const char *scope_section_text(enum scope_section section) { return sections[section].text; }
const char *scope_outcome_text(enum scope_outcome outcome) { return outcomes[outcome].text; }
const char *scope_outcome_meaning(enum scope_outcome outcome) { return outcomes[outcome].meaning; }

const char *scope_also(enum scope_section section, unsigned index)
{
	for (unsigned i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (also[i].section == section && index-- == 0)
			return also[i].operation;
	return NULL;
}

bool scope_start(const struct scope_row *row, unsigned index, char *room, size_t size)
{
	const char *at = row->starts;

	for (; index > 0; index--) {
		at = strstr(at, " | ");
		if (at == NULL)
			return false;
		at += 3;
	}
	const char *end = strstr(at, " | ");
	size_t len = end == NULL ? strlen(at) : (size_t)(end - at);
	if (*at == '-')
		len = 0;
	assert(len < size);
	memcpy(room, at, len);
	room[len] = '\0';
	return true;
}

/* ---- what an outcome means ---- */

/* One of the two writes, and what it did to one element where it was made. */
struct side {
	const struct scope_batch *batch;
	struct scope_state after;
	bool is_absolute;            /* it set, removed or cleared the element */
	int64_t added;               /* what it added to the element, after that if it did both */
	bool has_added;
};

static bool touches(const struct scope_fact *fact, unsigned key, unsigned element)
{
	if (fact->kind == SCOPE_FLUSH)
		return true;
	if (fact->key != key)
		return false;
	return fact->kind == SCOPE_CLEAR || fact->element == element || (element == SCOPE_DEADLINE && fact->has_deadline) ||
	       (fact->kind == SCOPE_SET && fact->element == SCOPE_STRING && element != SCOPE_DEADLINE);
}

static void side_look(struct side *side, unsigned key, unsigned element)
{
	side->is_absolute = side->has_added = false;
	side->added = 0;
	for (unsigned i = 0; i < side->batch->count; i++)
		for (unsigned j = 0; j < side->batch->writes[i].count; j++) {
			const struct scope_fact *fact = &side->batch->writes[i].facts[j];

			if (!touches(fact, key, element))
				continue;
			if (fact->kind == SCOPE_ADD) {
				side->has_added = true;
				side->added += fact->number;
			} else if (fact->kind != SCOPE_PART) {
				side->is_absolute = true;
			}
		}
}

static struct scope_value value_at(const struct side *side, unsigned key, unsigned element)
{
	return side->after.at[key][element];
}

static bool prefers_second(enum scope_outcome outcome, const struct scope_policy *policy, const struct side sides[2], unsigned key, unsigned element)
{
	struct scope_value first = value_at(&sides[0], key, element), second = value_at(&sides[1], key, element);
	bool is_newer = sides[1].batch->stamp > sides[0].batch->stamp;
	bool is_deadline = element == SCOPE_DEADLINE;

	switch (outcome) {
	case SCOPE_OUTCOME_FIRST_DC_WINS:
		if (policy->ranks[sides[0].batch->dc] != policy->ranks[sides[1].batch->dc])
			return policy->ranks[sides[1].batch->dc] < policy->ranks[sides[0].batch->dc];
		return is_newer;
	case SCOPE_OUTCOME_ADD_WINS:
		/* The deadline counts as present as long as its key is, even if the key has none. */
		if (is_deadline) {
			first.is_present = scope_has_key(&sides[0].after, key);
			second.is_present = scope_has_key(&sides[1].after, key);
		}
		return first.is_present != second.is_present ? second.is_present : is_newer;
	case SCOPE_OUTCOME_BY_TTL:
		if (is_deadline)
			return scope_prefers_deadline(policy->ttl, first.is_present ? first.text : "0", second.is_present ? second.text : "0", is_newer);
		return is_newer;
	default:
		return is_newer;
	}
}

static void add_increments(struct scope_value *value, const struct side sides[2], const struct side *decider)
{
	int64_t number = 0, added = 0;
	bool has_added = false;

	for (unsigned i = 0; i < 2; i++) {
		if (&sides[i] == decider || !sides[i].has_added)
			continue;
		added += sides[i].added;
		has_added = true;
	}
	if (has_added && (!value->is_present || scope_amount(value, &number)))
		scope_put_amount(value, number + added);
}

/* Of two that the decider has not seen, either may stand first (rule 11). */
static void add_parts(struct scope_value *value, const struct side sides[2], const struct side *decider, unsigned key, unsigned element, unsigned first)
{
	for (unsigned turn = 0; turn < 2; turn++) {
		const struct side *side = &sides[turn ^ first];

		for (unsigned i = 0; side != decider && i < side->batch->count; i++)
			for (unsigned j = 0; j < side->batch->writes[i].count; j++) {
				const struct scope_fact *fact = &side->batch->writes[i].facts[j];

				if ((fact->kind == SCOPE_ADD || fact->kind == SCOPE_PART) && fact->key == key && fact->element == element)
					scope_apply_delta(value, fact);
			}
	}
}

/* Of lists and streams. What either pushed or added is there, and what either removed is gone. In which order, the model says: it has no other way to come to that. */
static struct scope_value expect_done(const struct scope_history *history, const struct scope_policy *policy, const struct scope_batch *const pair[2], unsigned key,
                                      unsigned element)
{
	struct scope_state state;

	scope_evaluate(policy, history, 1u << pair[0]->dc | 1u << pair[1]->dc, &state);
	return state.at[key][element];
}

static struct scope_value expect_element(enum scope_outcome outcome, const struct scope_policy *policy, const struct scope_state *start,
                                         struct side sides[2], unsigned key, unsigned element, unsigned first)
{
	const struct side *decider = NULL;
	struct scope_value value = start->at[key][element];

	side_look(&sides[0], key, element);
	side_look(&sides[1], key, element);
	if (sides[0].is_absolute && sides[1].is_absolute)
		decider = &sides[prefers_second(outcome, policy, sides, key, element)];
	else if (sides[0].is_absolute || sides[1].is_absolute)
		decider = &sides[sides[1].is_absolute];
	if (decider != NULL)
		value = value_at(decider, key, element);
	if (outcome == SCOPE_OUTCOME_GONE && decider != NULL && element != SCOPE_DEADLINE)
		value.is_present = false;
	if (outcome == SCOPE_OUTCOME_EACH_BY_ITSELF)
		assert(!(sides[0].is_absolute || sides[0].has_added) || !(sides[1].is_absolute || sides[1].has_added));
	if (outcome == SCOPE_OUTCOME_SUM)
		assert(!sides[0].is_absolute && !sides[1].is_absolute);
	if (outcome == SCOPE_OUTCOME_PART_STAYS || outcome == SCOPE_OUTCOME_UNION || outcome == SCOPE_OUTCOME_EACH_BY_ITSELF)
		add_parts(&value, sides, decider, key, element, first);
	else if (outcome != SCOPE_OUTCOME_VALUE_STANDS)
		add_increments(&value, sides, decider);
	return value;
}

/* The newer write's type stands. An element that the older write set or cleared is gone unless the newer one wrote it, too. */
static void expect_type(const struct scope_history *history, struct side sides[2], struct scope_state *state)
{
	struct side *newer = &sides[sides[1].batch->stamp > sides[0].batch->stamp], *older = newer == sides ? sides + 1 : sides;

	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		for (unsigned element = 0; element < SCOPE_ELEMENTS; element++) {
			struct scope_value value = history->start.at[key][element];

			side_look(newer, key, element);
			side_look(older, key, element);
			if (older->is_absolute)
				value.is_present = false;
			if (newer->is_absolute)
				value = value_at(newer, key, element);
			else if (newer->has_added && older->is_absolute)
				scope_put_amount(&value, newer->added);
			else if (newer->has_added)
				value = value_at(newer, key, element);
			state->at[key][element] = value;
		}
}

void scope_expect(enum scope_outcome outcome, const struct scope_policy *policy, const struct scope_history *history,
                  const struct scope_batch *const pair[2], unsigned first, struct scope_state *state)
{
	struct side sides[2] = { { .batch = pair[0], .after = history->start }, { .batch = pair[1], .after = history->start } };

	for (unsigned i = 0; i < 2; i++)
		scope_apply(pair[i], &sides[i].after);
	if (outcome == SCOPE_OUTCOME_NEWER_TYPE_WINS) {
		expect_type(history, sides, state);
	} else {
		for (unsigned key = 0; key < SCOPE_KEYS; key++)
			for (unsigned element = 0; element < SCOPE_ELEMENTS; element++)
				state->at[key][element] = element == SCOPE_LIST || scope_is_of_stream(element) ? expect_done(history, policy, pair, key, element) : expect_element(outcome, policy, &history->start, sides, key, element, first);
	}
	scope_tidy(state);
}
