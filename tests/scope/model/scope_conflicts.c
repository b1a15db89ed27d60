#include "scope_conflicts.h"

#include "scope_list.h"

#include <string.h>

static bool is_clear(const struct scope_fact *fact)
{
	return fact->kind == SCOPE_CLEAR || fact->kind == SCOPE_FLUSH;
}

static bool facts_conflict(const struct scope_fact *a, const struct scope_fact *b)
{
	if (a->kind != SCOPE_FLUSH && b->kind != SCOPE_FLUSH && a->key != b->key)
		return false;
	if (is_clear(a) || is_clear(b))
		return !(a->is_expiry && b->is_expiry) && !a->is_shadow && !b->is_shadow;
	if (a->is_shadow || b->is_shadow)
		return false;
	if (a->element == b->element)
		return a->element != SCOPE_STREAM;
	if (a->element == SCOPE_DEADLINE || b->element == SCOPE_DEADLINE)
		return a->has_deadline || b->has_deadline;
	return scope_makes_present(a) && scope_makes_present(b) && scope_type(a->element) != scope_type(b->element);
}

/* Two changes of one list meet only where they take or put the same element. */
static bool is_of_list(const struct scope_fact *fact)
{
	return fact->kind == SCOPE_INSERT || fact->kind == SCOPE_TAKE || fact->kind == SCOPE_PUT;
}

static unsigned count_pair(const struct dated_writes *writes, const struct scope_hits *hits, unsigned one, unsigned other, unsigned *nameless)
{
	const struct scope_write *a = writes->items[one].write, *b = writes->items[other].write;
	unsigned count = 0;

	for (unsigned i = 0; i < a->count; i++)
		for (unsigned j = 0; j < b->count; j++) {
			bool is_nameless = a->facts[i].kind == SCOPE_FLUSH && b->facts[j].kind == SCOPE_FLUSH;

			bool are_apart = is_of_list(&a->facts[i]) && is_of_list(&b->facts[j]) && !(hits->of[one][i] & hits->of[other][j]);

			*nameless += is_nameless;
			count += !is_nameless && !are_apart && facts_conflict(&a->facts[i], &b->facts[j]);
		}
	return count;
}

unsigned scope_count_conflicts(const struct scope_history *history, unsigned applied, unsigned *nameless)
{
	struct dated_writes writes;
	struct scope_hits hits;
	unsigned count = 0;

	*nameless = 0;
	memset(&hits, 0, sizeof(hits));
	scope_gather(history, applied, &writes);
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		scope_list(&writes, key, &history->start.at[key][SCOPE_LIST], &hits);
	for (unsigned i = 0; i < writes.count; i++)
		for (unsigned j = i + 1; j < writes.count; j++) {
			const struct dated *a = &writes.items[i], *b = &writes.items[j];

			if (a->dc != b->dc && !scope_covers(a, b) && !scope_covers(b, a))
				count += count_pair(&writes, &hits, i, j, nameless);
		}
	return count;
}
