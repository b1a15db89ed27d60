#include "scope_model.h"

#include "scope_dated.h"
#include "scope_list.h"
#include "scope_stream.h"

#include <stdlib.h>
#include <string.h>

/* What one write says about the whole value of one element. Increments are not among these. */
struct said {
	const struct dated *by;
	bool is_present;
	bool is_yielding;            /* said only because of its type (rule 7): it loses against every statement that is not */
	const char *text;
};

struct said_list { struct said items[SCOPE_VERSIONS_MAX]; unsigned count; };

/* ---- types (rule 7) ---- */

static bool is_killed(const struct dated_writes *writes, const struct dated *by, const struct scope_fact *fact)
{
	for (unsigned i = 0; scope_makes_present(fact) && i < writes->count; i++) {
		const struct dated *other = &writes->items[i];

		for (unsigned j = 0; other->stamp > by->stamp && j < other->write->count; j++) {
			const struct scope_fact *killer = &other->write->facts[j];

			if (scope_makes_present(killer) && killer->key == fact->key && scope_type(killer->element) != scope_type(fact->element))
				return true;
		}
	}
	return false;
}

/* ---- absolutes and clears (rules 4, 5, 8) ---- */

static bool concerns(const struct scope_fact *fact, unsigned key, unsigned element)
{
	if (fact->kind == SCOPE_FLUSH)
		return true;
	if (fact->key != key)
		return false;
	if (fact->kind == SCOPE_CLEAR || fact->element == element)
		return true;
	/* A string SET removes the elements of other types. It also writes the deadline, unless it has KEEPTTL. */
	return fact->kind == SCOPE_SET && fact->element == SCOPE_STRING && (element != SCOPE_DEADLINE || fact->has_deadline);
}

static const char *deadline_text(int64_t deadline)
{
	static char rooms[SCOPE_VERSIONS_MAX][SCOPE_VALUE_MAX];
	static unsigned turn;
	struct scope_value value;
	char *room = rooms[turn++ % SCOPE_VERSIONS_MAX];

	scope_put_number(&value, deadline);
	memcpy(room, value.text, SCOPE_VALUE_MAX);
	return room;
}

static struct said said_by(const struct dated_writes *writes, const struct dated *by, const struct scope_fact *fact, unsigned element)
{
	struct said said = { .by = by };

	if (fact->kind != SCOPE_SET)
		return said;
	if (fact->element == element) {
		said.is_yielding = is_killed(writes, by, fact);
		said.is_present = !said.is_yielding;
		said.text = fact->text;
	} else if (element == SCOPE_DEADLINE) {
		said.is_present = true;
		said.text = deadline_text(fact->deadline);
	} else {
		said.is_yielding = true;
	}
	return said;
}

/* The last fact of one write counts, but a value counts more than a clear in the same write. */
static bool statement(const struct dated_writes *writes, const struct dated *by, unsigned key, unsigned element, struct said *said)
{
	bool is_found = false;

	for (unsigned i = 0; i < by->write->count; i++) {
		const struct scope_fact *fact = &by->write->facts[i];

		if (fact->kind == SCOPE_ADD || fact->kind == SCOPE_PART || fact->kind == SCOPE_INSERT || fact->kind == SCOPE_TAKE || fact->kind == SCOPE_PUT || fact->kind == SCOPE_TRIM ||
		    !concerns(fact, key, element))
			continue;
		struct said word = said_by(writes, by, fact, element);
		if (!is_found || word.is_present)
			*said = word;
		is_found = true;
	}
	return is_found;
}

static void live_statements(const struct dated_writes *writes, unsigned key, unsigned element, struct said_list *live)
{
	struct said_list all = { .count = 0 };

	for (unsigned i = 0; i < writes->count; i++)
		all.count += statement(writes, &writes->items[i], key, element, &all.items[all.count]);
	live->count = 0;
	for (unsigned i = 0; i < all.count; i++) {
		bool is_live = true;

		for (unsigned j = 0; j < all.count; j++)
			is_live = is_live && !scope_covers(all.items[j].by, all.items[i].by);
		if (is_live)
			live->items[live->count++] = all.items[i];
	}
}

bool scope_prefers_deadline(enum scope_ttl ttl, const char *best, const char *other, bool is_other_newer)
{
	int64_t a = strtoll(best, NULL, 10), b = strtoll(other, NULL, 10);
	int64_t a_end = a == 0 ? INT64_MAX : a, b_end = b == 0 ? INT64_MAX : b;

	if (ttl == SCOPE_TTL_NEWEST || a_end == b_end)
		return is_other_newer;
	return ttl == SCOPE_TTL_LONGEST ? b_end > a_end : b_end < a_end;
}

static bool is_better(const struct scope_policy *policy, unsigned element, const struct said *best, const struct said *other)
{
	bool is_newer = other->by->stamp > best->by->stamp;
	unsigned rank = policy->ranks[best->by->dc], other_rank = policy->ranks[other->by->dc];

	switch (policy->rule) {
	case SCOPE_MERGE:
		if (best->is_present != other->is_present)
			return other->is_present;
		if (element == SCOPE_DEADLINE && best->is_present)
			return scope_prefers_deadline(policy->ttl, best->text, other->text, is_newer);
		return is_newer;
	case SCOPE_PRIORITY:
		if (best->is_yielding != other->is_yielding)
			return best->is_yielding;
		return rank != other_rank ? other_rank < rank : is_newer;
	default:
		return is_newer;
	}
}

static const struct said *decide(const struct scope_policy *policy, unsigned element, const struct said_list *live)
{
	const struct said *best = NULL;

	for (unsigned i = 0; i < live->count; i++)
		if (best == NULL || is_better(policy, element, best, &live->items[i]))
			best = &live->items[i];
	return best;
}

/* ---- increments (rule 6) ---- */

/* Adds up the increments that the deciding statement has not seen. False: there is none. */
static bool sum_of(const struct dated_writes *writes, unsigned key, unsigned element, const struct said *decider, int64_t *sum)
{
	bool is_found = false;

	*sum = 0;
	for (unsigned i = 0; i < writes->count; i++) {
		const struct dated *by = &writes->items[i];

		for (unsigned j = 0; j < by->write->count; j++) {
			const struct scope_fact *fact = &by->write->facts[j];

			if (fact->kind != SCOPE_ADD || fact->key != key || fact->element != element || is_killed(writes, by, fact))
				continue;
			if (decider != NULL && scope_covers(decider->by, by))
				continue;
			*sum += fact->number;
			is_found = true;
		}
	}
	return is_found;
}

bool scope_has_fractions(const struct scope_history *history, unsigned applied, const struct scope_fact *fact)
{
	struct dated_writes writes;
	bool has_fractions = false;

	scope_gather(history, applied, &writes);
	for (unsigned i = 0; i < writes.count; i++)
		for (unsigned j = 0; j < writes.items[i].write->count; j++) {
			const struct scope_fact *added = &writes.items[i].write->facts[j];

			has_fractions |= added->key == fact->key && added->element == fact->element &&
			                 ((added->kind == SCOPE_PART && added->part == SCOPE_APPENDED) || (added->kind == SCOPE_ADD && added->number % 100 != 0));
		}
	return has_fractions;
}

/* ---- parts of strings (rule 6) ---- */

struct delta { const struct dated *by; const struct scope_fact *fact; };
struct delta_list { struct delta items[SCOPE_VERSIONS_MAX]; unsigned count; bool has_parts; };

/* The increments and parts that the deciding statement has not seen, in the order of time. */
static void find_deltas(const struct dated_writes *writes, unsigned key, unsigned element, const struct said *decider, struct delta_list *deltas)
{
	deltas->count = 0;
	deltas->has_parts = false;
	for (unsigned i = 0; i < writes->count; i++) {
		const struct dated *by = &writes->items[i];

		for (unsigned j = 0; j < by->write->count; j++) {
			const struct scope_fact *fact = &by->write->facts[j];
			unsigned at = deltas->count;

			if ((fact->kind != SCOPE_ADD && fact->kind != SCOPE_PART) || fact->key != key || fact->element != element || is_killed(writes, by, fact))
				continue;
			if (decider != NULL && scope_covers(decider->by, by))
				continue;
			for (; at > 0 && deltas->items[at - 1].by->stamp > by->stamp; at--)
				deltas->items[at] = deltas->items[at - 1];
			deltas->items[at] = (struct delta){ by, fact };
			deltas->count++;
			deltas->has_parts |= fact->kind == SCOPE_PART;
		}
	}
}

/* Does VALUE become TEXT by the deltas in some order in which none comes before one that it has seen? DONE: bit mask of those that are done. */
static bool becomes(const struct scope_value *value, const struct delta_list *deltas, unsigned done, const char *text)
{
	if (done == (1u << deltas->count) - 1)
		return value->is_present && strcmp(value->text, text) == 0;
	for (unsigned i = 0; i < deltas->count; i++) {
		struct scope_value next = *value;
		bool is_free = !(done >> i & 1);

		for (unsigned j = 0; is_free && j < deltas->count; j++)
			is_free = (done >> j & 1) || !scope_covers(deltas->items[i].by, deltas->items[j].by);
		if (!is_free)
			continue;
		scope_apply_delta(&next, deltas->items[i].fact);
		if (becomes(&next, deltas, done | 1u << i, text))
			return true;
	}
	return false;
}

static struct scope_value decided_value(const struct said *decider, const struct scope_value *start)
{
	struct scope_value value = { .is_present = false };

	if (decider == NULL)
		return *start;
	if (decider->is_present)
		scope_put(&value, decider->text);
	return value;
}

bool scope_admits(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, unsigned key, const char *text)
{
	struct dated_writes writes;
	struct said_list live;
	struct delta_list deltas;

	scope_gather(history, applied, &writes);
	live_statements(&writes, key, SCOPE_STRING, &live);
	const struct said *decider = decide(policy, SCOPE_STRING, &live);
	find_deltas(&writes, key, SCOPE_STRING, decider, &deltas);
	struct scope_value value = decided_value(decider, &history->start.at[key][SCOPE_STRING]);
	return deltas.has_parts && becomes(&value, &deltas, 0, text);
}

static bool differ(const struct said *a, const struct said *b)
{
	return a->is_present != b->is_present || (a->is_present && strcmp(a->text, b->text) != 0);
}

struct scope_live scope_live(const struct scope_history *history, unsigned key, unsigned element)
{
	struct dated_writes writes;
	struct said_list live;
	struct scope_live result = { .count = 0 };
	int64_t sum;

	scope_gather(history, SCOPE_ALL, &writes);
	live_statements(&writes, key, element, &live);
	for (unsigned i = 0; i < live.count; i++) {
		const struct said *said = &live.items[i];

		if (said->is_yielding)
			continue;
		result.count++;
		result.present += said->is_present;
		for (unsigned j = 0; j < i; j++)
			result.is_different |= !live.items[j].is_yielding && differ(said, &live.items[j]);
	}
	result.has_increments = sum_of(&writes, key, element, NULL, &sum);
	return result;
}

static struct scope_value evaluate_element(const struct scope_policy *policy, const struct dated_writes *writes, unsigned key, unsigned element,
                                           const struct scope_value *start)
{
	struct said_list live;
	struct delta_list deltas;
	int64_t sum, number = 0;

	if (element == SCOPE_LIST)
		return scope_list(writes, key, start, NULL);
	if (scope_is_of_stream(element))
		return scope_stream(writes, key, element, start);
	live_statements(writes, key, element, &live);
	const struct said *decider = decide(policy, element, &live);
	struct scope_value value = decided_value(decider, start);
	find_deltas(writes, key, element, decider, &deltas);
	for (unsigned i = 0; deltas.has_parts && i < deltas.count; i++)
		scope_apply_delta(&value, deltas.items[i].fact);
	if (deltas.has_parts)
		return value;
	if (element == SCOPE_DEADLINE && strcmp(value.text, "0") == 0)
		value.is_present = false;
	bool is_number = scope_amount(&value, &number);
	if (sum_of(writes, key, element, decider, &sum) && (is_number || !value.is_present))
		scope_put_amount(&value, (value.is_present ? number : 0) + sum);
	return value;
}

void scope_evaluate(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, struct scope_state *state)
{
	struct dated_writes writes;

	scope_gather(history, applied, &writes);
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		for (unsigned element = 0; element < SCOPE_ELEMENTS; element++)
			state->at[key][element] = evaluate_element(policy, &writes, key, element, &history->start.at[key][element]);
	scope_tidy(state);
}

enum scope_loose scope_loose_deadline(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, unsigned key)
{
	struct dated_writes writes;
	struct said_list live;
	struct scope_state state;

	scope_evaluate(policy, history, applied, &state);
	if (scope_has_key(&state, key))
		return SCOPE_NOT_LOOSE;
	scope_gather(history, applied, &writes);
	if (evaluate_element(policy, &writes, key, SCOPE_DEADLINE, &history->start.at[key][SCOPE_DEADLINE]).is_present)
		return SCOPE_LOOSE;
	live_statements(&writes, key, SCOPE_DEADLINE, &live);
	return live.count == 0 ? SCOPE_MAYBE_LOOSE : SCOPE_NOT_LOOSE;
}
