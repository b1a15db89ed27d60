#include "scope_cases.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scope/model/scope_words.h"

#define ALPHABET_MAX 24
#define STARTS_MAX 16

struct words { const char *items[ALPHABET_MAX]; unsigned count; };
struct starts { char items[STARTS_MAX][SCOPE_START_MAX]; unsigned count; };

static struct scope_case *add_case(struct scope_cases *cases, const char *start)
{
	cases->items = array_grow(cases->items, cases->count, &cases->cap, sizeof(*cases->items));
	struct scope_case *one = &cases->items[cases->count++];
	*one = (struct scope_case){ .row = NULL };
	snprintf(one->start, sizeof(one->start), "%s", start);
	return one;
}

/* ---- pairs ---- */

static void add_pair(struct scope_cases *cases, const struct scope_row *row, const char *start)
{
	for (unsigned first = 0; first < SCOPE_DCS; first++)
		for (unsigned second = 0; second < SCOPE_DCS; second++) {
			if (first == second)
				continue;
			struct scope_case *one = add_case(cases, start);
			one->row = row;
			one->pair[0] = first;
			one->pair[1] = second;
			one->operations[first] = row->operations[0];
			one->operations[second] = row->operations[1];
		}
}

void scope_add_pairs(struct scope_cases *cases, enum scope_section section)
{
	char start[SCOPE_START_MAX];

	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned s = 0; scope_rows[i].section == section && scope_start(&scope_rows[i], s, start, sizeof(start)); s++)
			add_pair(cases, &scope_rows[i], start);
}

/* ---- triples ---- */

static bool has_word(const struct words *words, const char *word)
{
	for (unsigned i = 0; i < words->count; i++)
		if (strcmp(words->items[i], word) == 0)
			return true;
	return false;
}

static void add_word(struct words *words, const char *word)
{
	if (has_word(words, word))
		return;
	assert(words->count < ALPHABET_MAX);
	words->items[words->count++] = word;
}

static struct words alphabet_of(enum scope_section section)
{
	struct words alphabet = { .count = 0 };

	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned j = 0; scope_rows[i].section == section && j < 2; j++)
			add_word(&alphabet, scope_rows[i].operations[j]);
	for (unsigned i = 0; scope_also(section, i) != NULL; i++)
		add_word(&alphabet, scope_also(section, i));
	return alphabet;
}

static bool has_start(const struct starts *starts, const char *start)
{
	for (unsigned i = 0; i < starts->count; i++)
		if (strcmp(starts->items[i], start) == 0)
			return true;
	return false;
}

static struct starts starts_of(enum scope_section section)
{
	struct starts starts = { .count = 0 };
	char start[SCOPE_START_MAX];

	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned s = 0; scope_rows[i].section == section && scope_start(&scope_rows[i], s, start, sizeof(start)); s++) {
			if (has_start(&starts, start))
				continue;
			assert(starts.count < STARTS_MAX);
			memcpy(starts.items[starts.count++], start, sizeof(start));
		}
	return starts;
}

bool scope_has_deadlines(enum scope_section section)
{
	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned j = 0; scope_rows[i].section == section && j < 2; j++)
			if (strstr(scope_rows[i].operations[j], "EX") != NULL || strstr(scope_rows[i].operations[j], "PERSIST") != NULL)
				return true;
	return false;
}

static bool is_played_before(enum scope_section section, const char *const operations[SCOPE_DCS])
{
	for (unsigned earlier = 0; earlier < section; earlier++) {
		if (!scope_has_triples(earlier))
			continue;
		struct words alphabet = alphabet_of(earlier);
		bool is_played = true;

		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			is_played = is_played && has_word(&alphabet, operations[dc]);
		if (is_played)
			return true;
	}
	return false;
}

void scope_add_triples(struct scope_cases *cases, enum scope_section section)
{
	if (!scope_has_triples(section))
		return;
	struct words alphabet = alphabet_of(section);
	struct starts starts = starts_of(section);
	unsigned letters = alphabet.count;

	for (unsigned s = 0; s < starts.count; s++)
		for (unsigned i = 0; i < letters * letters * letters; i++) {
			const char *operations[SCOPE_DCS] = { alphabet.items[i % letters], alphabet.items[i / letters % letters], alphabet.items[i / letters / letters] };

			if (!is_played_before(section, operations))
				memcpy(add_case(cases, starts.items[s])->operations, operations, sizeof(operations));
		}
}

/* ---- together ---- */

static const char *shared_operation(const struct scope_case *one, unsigned dc)
{
	const char *operation = one->operations[dc];

	return scope_is_flush(operation) || scope_is_expiry(operation) ? operation : "";
}

static int case_order(const void *left, const void *right)
{
	int order = 0;

	for (unsigned dc = 0; dc < SCOPE_DCS && order == 0; dc++)
		order = strcmp(shared_operation(left, dc), shared_operation(right, dc));
	return order;
}

bool scope_go_together(const struct scope_case *a, const struct scope_case *b)
{
	return case_order(a, b) == 0;
}

void scope_sort(struct scope_cases *cases)
{
	if (cases->count > 0)
		qsort(cases->items, cases->count, sizeof(*cases->items), case_order);
}
