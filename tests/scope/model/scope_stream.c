#include "scope_stream.h"

#include <stdlib.h>
#include <string.h>

bool scope_is_of_stream(unsigned element)
{
	return element == SCOPE_STREAM || element == SCOPE_ENTRY_ONE || element == SCOPE_ENTRY_TWO;
}

/* Does FACT take the element away from who has seen it, whatever else it does? */
static bool takes_away(const struct scope_fact *fact, unsigned key, unsigned element)
{
	if (fact->kind == SCOPE_FLUSH)
		return true;
	if (fact->key != (enum scope_key)key)
		return false;
	if (fact->kind == SCOPE_CLEAR || (fact->kind == SCOPE_SET && fact->element == SCOPE_STRING))
		return true;
	return element != SCOPE_STREAM && (scope_trims(fact, element) || ((fact->kind == SCOPE_REMOVE || fact->kind == SCOPE_SET) && fact->element == (enum scope_element)element));
}

/* Rule 7: a newer write made the key present with another type. */
static bool is_dead(const struct dated_writes *writes, const struct dated *by, unsigned key)
{
	for (unsigned i = 0; i < writes->count; i++)
		for (unsigned j = 0; writes->items[i].stamp > by->stamp && j < writes->items[i].write->count; j++) {
			const struct scope_fact *fact = &writes->items[i].write->facts[j];

			if (scope_makes_present(fact) && fact->key == (enum scope_key)key && scope_type(fact->element) != SIM_STREAM)
				return true;
		}
	return false;
}

/* FACT of BY, at place AT in it: has nothing taken it away that has seen it, or follows it in its write? */
static bool stands(const struct dated_writes *writes, const struct dated *by, unsigned at, unsigned key, unsigned element)
{
	for (unsigned i = 0; i < writes->count; i++) {
		const struct dated *other = &writes->items[i];

		for (unsigned j = 0; j < other->write->count; j++) {
			if (!takes_away(&other->write->facts[j], key, element))
				continue;
			if (other == by ? j > at : scope_covers(other, by))
				return false;
		}
	}
	return true;
}

static bool is_later(const struct scope_value *value, const char *text)
{
	return !value->is_present || strcmp(text, value->text) > 0;
}

struct scope_value scope_stream(const struct dated_writes *writes, unsigned key, unsigned element, const struct scope_value *start)
{
	struct scope_value value = *start;
	uint64_t newest = 0;

	for (unsigned i = 0; i < writes->count; i++)
		for (unsigned j = 0; j < writes->items[i].write->count; j++)
			if (takes_away(&writes->items[i].write->facts[j], key, element))
				value.is_present = false;
	for (unsigned i = 0; i < writes->count; i++) {
		const struct dated *by = &writes->items[i];

		for (unsigned j = 0; j < by->write->count; j++) {
			const struct scope_fact *fact = &by->write->facts[j];

			if (fact->kind != SCOPE_SET || fact->key != (enum scope_key)key || fact->element != (enum scope_element)element || is_dead(writes, by, key) ||
			    !stands(writes, by, j, key, element))
				continue;
			if (element == SCOPE_STREAM ? is_later(&value, fact->text) : !value.is_present || by->stamp > newest)
				scope_put(&value, fact->text);
			newest = by->stamp > newest ? by->stamp : newest;
		}
	}
	return value;
}
