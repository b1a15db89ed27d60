#include "scope_write.h"


#include <stdio.h>
#include <string.h>

bool scope_makes_present(const struct scope_fact *fact)
{
	return (fact->kind == SCOPE_SET || fact->kind == SCOPE_ADD || fact->kind == SCOPE_PART || fact->kind == SCOPE_INSERT) && fact->element != SCOPE_DEADLINE;
}

bool scope_trims(const struct scope_fact *fact, unsigned element)
{
	return fact->kind == SCOPE_TRIM && (element == SCOPE_ENTRY_ONE || element == SCOPE_ENTRY_TWO) && (element == SCOPE_ENTRY_ONE ? 1 : 2) < fact->number;
}

static void clear_key(struct scope_state *state, unsigned key)
{
	memset(state->at[key], 0, sizeof(state->at[key]));
}

static void apply_set(struct scope_state *state, const struct scope_fact *fact)
{
	struct scope_value *values = state->at[fact->key];

	if (fact->has_deadline) {
		clear_key(state, fact->key);
		if (fact->deadline != 0)
			scope_put_number(&values[SCOPE_DEADLINE], fact->deadline);
	}
	scope_put(&values[fact->element], fact->text);
	if (fact->element == SCOPE_DEADLINE && strcmp(fact->text, "0") == 0)
		values[SCOPE_DEADLINE].is_present = false;
}

#define REGISTERS 8

/* "HYLL" and a letter for each register, as the simulated stores have them. */
static void apply_union(struct scope_value *value, const struct scope_fact *fact)
{
	char text[] = "HYLLaaaaaaaa", other[] = "HYLLaaaaaaaa";
	unsigned sum = 0;

	if (value->is_present && (strlen(value->text) != 4 + REGISTERS || memcmp(value->text, "HYLL", 4) != 0))
		return;
	if (value->is_present)
		memcpy(text, value->text, sizeof(text));
	if (fact->part == SCOPE_UNITED)
		memcpy(other, fact->text, sizeof(other));
	for (const char *at = fact->text; *at != '\0'; at++)
		sum += (unsigned char)*at;
	if (fact->part == SCOPE_SEEN)
		other[4 + sum % REGISTERS] = (char)('b' + sum / REGISTERS % 25);
	for (unsigned i = 4; i < 4 + REGISTERS; i++)
		text[i] = other[i] > text[i] ? other[i] : text[i];
	scope_put(value, text);
}

void scope_apply_delta(struct scope_value *value, const struct scope_fact *fact)
{
	char text[SCOPE_VALUE_MAX * 2];
	int64_t number = 0;

	if (fact->kind == SCOPE_PART && fact->part != SCOPE_APPENDED) {
		apply_union(value, fact);
	} else if (fact->kind == SCOPE_PART) {
		snprintf(text, sizeof(text), "%s%s", value->is_present ? value->text : "", fact->text);
		scope_put(value, text);
	} else if (!value->is_present || scope_amount(value, &number)) {
		scope_put_amount(value, (value->is_present ? number : 0) + fact->number);
	}
}

static void apply_to_list(struct scope_value *value, const struct scope_fact *fact)
{
	char text[SCOPE_VALUE_MAX + 1];
	size_t len = value->is_present ? strlen(value->text) : 0, at = fact->number < 0 ? len : (size_t)fact->number, amount = (size_t)fact->amount;

	memcpy(text, value->text, len);
	text[len] = '\0';
	if (fact->kind == SCOPE_PUT) {
		text[at] = fact->text[0];
	} else if (fact->kind == SCOPE_TAKE) {
		memmove(text + at, text + at + amount, len + 1 - at - amount);
	} else {
		memmove(text + at + 1, text + at, len + 1 - at);
		text[at] = fact->text[0];
	}
	scope_put(value, text);
	value->is_present = text[0] != '\0';
}

void scope_apply_fact(struct scope_state *state, const struct scope_fact *fact)
{
	struct scope_value *value = &state->at[fact->key][fact->element];
	int64_t number = 0;

	switch (fact->kind) {
	case SCOPE_SET:
		apply_set(state, fact);
		break;
	case SCOPE_REMOVE:
		value->is_present = false;
		break;
	case SCOPE_ADD:
		if (!scope_amount(value, &number))
			number = 0;
		scope_put_amount(value, number + fact->number);
		break;
	case SCOPE_PART:
		scope_apply_delta(value, fact);
		break;
	case SCOPE_CLEAR:
		clear_key(state, fact->key);
		break;
	case SCOPE_FLUSH:
		memset(state, 0, sizeof(*state));
		break;
	case SCOPE_TRIM:
		for (unsigned element = SCOPE_ENTRY_ONE; element <= SCOPE_ENTRY_TWO; element++)
			if (scope_trims(fact, element))
				state->at[fact->key][element].is_present = false;
		break;
	case SCOPE_INSERT: case SCOPE_TAKE: case SCOPE_PUT:
		apply_to_list(value, fact);
		break;
	}
}

void scope_apply(const struct scope_batch *batch, struct scope_state *state)
{
	for (unsigned i = 0; i < batch->count; i++)
		for (unsigned j = 0; j < batch->writes[i].count; j++)
			scope_apply_fact(state, &batch->writes[i].facts[j]);
	scope_tidy(state);
}
