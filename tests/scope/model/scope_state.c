#include "scope_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char scope_key_letters[SCOPE_KEYS] = { 'k', 'q', 'r' };

static const struct { enum sim_type type; const char *name; } elements[SCOPE_ELEMENTS] = {
	[SCOPE_STRING] = { SIM_STRING, "" },    [SCOPE_FIELD_F] = { SIM_HASH, "f" }, [SCOPE_FIELD_G] = { SIM_HASH, "g" }, [SCOPE_MEMBER_M] = { SIM_SET, "m" },
	[SCOPE_MEMBER_N] = { SIM_SET, "n" },    [SCOPE_SCORE_M] = { SIM_ZSET, "m" }, [SCOPE_SCORE_N] = { SIM_ZSET, "n" },
	[SCOPE_LIST] = { SIM_LIST, "" },        [SCOPE_STREAM] = { SIM_STREAM, "" },
	[SCOPE_ENTRY_ONE] = { SIM_STREAM, "1-1" }, [SCOPE_ENTRY_TWO] = { SIM_STREAM, "2-1" },
};

enum sim_type scope_type(enum scope_element element)
{
	return elements[element].type;
}

bool scope_has_key(const struct scope_state *state, unsigned key)
{
	for (unsigned element = 0; element < SCOPE_DEADLINE; element++)
		if (state->at[key][element].is_present)
			return true;
	return false;
}

void scope_put(struct scope_value *value, const char *text)
{
	size_t len = strlen(text);

	assert(len < sizeof(value->text));
	value->is_present = true;
	memcpy(value->text, text, len + 1);
}

void scope_put_number(struct scope_value *value, int64_t number)
{
	value->is_present = true;
	snprintf(value->text, sizeof(value->text), "%" PRId64, number);
}

bool scope_number(const struct scope_value *value, int64_t *number)
{
	char *end;

	*number = strtoll(value->text, &end, 10);
	return value->is_present && end != value->text && *end == '\0';
}

void scope_put_amount(struct scope_value *value, int64_t amount)
{
	int64_t rest = amount < 0 ? -(amount % 100) : amount % 100;
	int len;

	value->is_present = true;
	len = snprintf(value->text, sizeof(value->text), "%s%" PRId64 ".%02" PRId64, amount < 0 && amount > -100 ? "-" : "", amount / 100, rest);
	while (value->text[len - 1] == '0')
		value->text[--len] = '\0';
	if (value->text[len - 1] == '.')
		value->text[len - 1] = '\0';
}

bool scope_parse_amount(const char *text, int64_t *amount)
{
	char *end;
	double number = strtod(text, &end);

	*amount = (int64_t)(number * 100);
	return end != text && *end == '\0' && (double)*amount == number * 100;
}

bool scope_amount(const struct scope_value *value, int64_t *amount)
{
	return scope_parse_amount(value->text, amount) && value->is_present;
}

enum scope_element scope_element_named(enum sim_type type, struct slice name)
{
	unsigned element = 0;

	while (element < SCOPE_DEADLINE && (elements[element].type != type || !slice_equal(name, slice_of(elements[element].name))))
		element++;
	return element < SCOPE_DEADLINE ? (enum scope_element)element : SCOPE_ELEMENTS;
}

void scope_tidy(struct scope_state *state)
{
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		if (!scope_has_key(state, key))
			state->at[key][SCOPE_DEADLINE] = (struct scope_value){ .is_present = false };
}

bool scope_equal(const struct scope_state *a, const struct scope_state *b)
{
	for (unsigned key = 0; key < SCOPE_KEYS; key++)
		for (unsigned element = 0; element < SCOPE_ELEMENTS; element++) {
			const struct scope_value *x = &a->at[key][element], *y = &b->at[key][element];

			if (x->is_present != y->is_present || (x->is_present && strcmp(x->text, y->text) != 0))
				return false;
		}
	return true;
}

/* ---- for people ---- */

static const char *type_word(enum sim_type type)
{
	static const char *const words[] = { "", "hash", "set", "zset", "list", "stream" };

	return words[type];
}

static int element_text(const struct scope_value *value, enum scope_element element, char *room, size_t size)
{
	if (element == SCOPE_DEADLINE)
		return snprintf(room, size, " until %s", value->text);
	if (element == SCOPE_STRING)
		return snprintf(room, size, " %s", value->text);
	return snprintf(room, size, " %s %s=%s", type_word(scope_type(element)), elements[element].name, value->text);
}

const char *scope_text(const struct scope_state *state)
{
	static char rooms[4][512];
	static unsigned turn;
	char *room = rooms[turn++ % 4];
	int len = 0;

	room[0] = '\0';
	for (unsigned key = 0; key < SCOPE_KEYS; key++) {
		if (!scope_has_key(state, key))
			continue;
		len += snprintf(room + len, sizeof(rooms[0]) - (size_t)len, "%s%c:", len > 0 ? ", " : "", scope_key_letters[key]);
		for (unsigned element = 0; element < SCOPE_ELEMENTS; element++)
			if (state->at[key][element].is_present)
				len += element_text(&state->at[key][element], element, room + len, sizeof(rooms[0]) - (size_t)len);
	}
	return len == 0 ? "nothing" : room;
}

/* ---- from a store ---- */

/* A letter each. */
static bool read_list(const struct pool *pool, const struct sim_key *key, struct scope_value *values)
{
	char text[SCOPE_VALUE_MAX] = "";

	for (unsigned i = 0; i < key->count; i++) {
		struct slice value = pool_text(pool, key->elements[i].value);

		if (value.len != 1 || i + 1 == sizeof(text))
			return false;
		text[i] = value.ptr[0];
	}
	scope_put(&values[SCOPE_LIST], text);
	return true;
}

/* Of "$1 f $1 x", x. */
static void read_entry(struct slice fields, struct scope_value *value)
{
	const char text[] = { fields.len > 3 ? fields.ptr[fields.len - 3] : '?', '\0' };

	scope_put(value, text);
}

static bool read_element(const struct pool *pool, const struct sim_key *key, const struct sim_element *found, struct scope_value *values)
{
	const char *name = key->type == SIM_STRING ? "" : pool_text(pool, found->name).ptr;

	for (unsigned element = 0; element < SCOPE_DEADLINE; element++) {
		if (elements[element].type != key->type || strcmp(elements[element].name, name) != 0)
			continue;
		if (key->type == SIM_STREAM)
			read_entry(pool_text(pool, found->value), &values[element]);
		else if (key->type == SIM_SET)
			scope_put(&values[element], "");
		else if (key->type == SIM_ZSET)
			scope_put_amount(&values[element], (int64_t)(found->score * 100));
		else
			scope_put(&values[element], pool_text(pool, found->value).ptr);
		return true;
	}
	return false;
}

bool scope_read_key(const struct pool *pool, const struct sim_key *key, struct scope_value *values)
{
	if (key == NULL)
		return true;
	if (key->type == SIM_LIST && !read_list(pool, key, values))
		return false;
	if (key->type == SIM_STREAM) {
		values[SCOPE_STREAM].is_present = true;
		snprintf(values[SCOPE_STREAM].text, SCOPE_VALUE_MAX, "%u-%u", (unsigned)key->last_ms, (unsigned)key->last_seq);
	}
	for (unsigned i = 0; key->type != SIM_LIST && i < key->count; i++)
		if (!read_element(pool, key, &key->elements[i], values))
			return false;
	if (key->expire_at_ms != 0)
		scope_put_number(&values[SCOPE_DEADLINE], key->expire_at_ms);
	return true;
}
