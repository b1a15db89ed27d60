/* Scope: the small-scope test. Plays every row of the outcome table, and every three operations of each of its sections, at three real cores in
 * every order of arrival, with each clock ahead and behind, and compares with a model and with the table.
 *
 *   scope.c          which cases and courses there are      scope_play.c     one world, many cases side by side
 *   scope_world.c    three cores and their stores           scope_model.c    docs/replication-model.md in plain words
 *   scope_write.c    what an operation writes               scope_outcome.c  the table, and what an outcome means */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scope_play.h"

#define ALPHABET_MAX 24
#define STARTS_MAX 16

struct cases { struct scope_case *items; unsigned count, cap; };

static const struct scope_policy policies[] = {
	{ "lww", SCOPE_LWW, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "merge", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "merge, ttl: longest", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_LONGEST },
	{ "merge, ttl: shortest", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_SHORTEST },
	{ "priority bom cpt ams", SCOPE_PRIORITY, { 2, 0, 1 }, SCOPE_TTL_NEWEST },
	{ "priority cpt", SCOPE_PRIORITY, { 1, 1, 0 }, SCOPE_TTL_NEWEST },
	{ "record", SCOPE_RECORD, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "custom", SCOPE_CUSTOM, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
};

static const unsigned clocks[][SCOPE_DCS] = { { 0, 1, 2 }, { 2, 1, 0 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 } };
#define CLOCKS (sizeof(clocks) / sizeof(*clocks))

/* Who has seen whom, but for the names of the datacenters: the first writes alone; see scope_course. */
static const struct { const char *name; unsigned seen[SCOPE_DCS]; } shapes[] = {
	{ "nobody has seen another", { 0, 0, 0 } },
	{ "the last has seen the first", { 0, 0, 1 } },
	{ "the last has seen both", { 0, 0, 3 } },
	{ "two have seen the first", { 0, 1, 1 } },
	{ "each has seen those before", { 0, 1, 3 } },
};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

static struct { bool is_trace; const char *section; } options;

/* ---- cases ---- */

static struct scope_case *add_case(struct cases *cases, const char *start)
{
	cases->items = array_grow(cases->items, cases->count, &cases->cap, sizeof(*cases->items));
	struct scope_case *one = &cases->items[cases->count++];
	*one = (struct scope_case){ .row = NULL };
	snprintf(one->start, sizeof(one->start), "%s", start);
	return one;
}

/* A row at every two datacenters, either way round. */
static void add_pairs(struct cases *cases, const struct scope_row *row)
{
	char start[64];

	for (unsigned s = 0; scope_start(row, s, start, sizeof(start)); s++)
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

static void add_word(const char **list, unsigned *count, unsigned cap, const char *word)
{
	for (unsigned i = 0; i < *count; i++)
		if (strcmp(list[i], word) == 0)
			return;
	if (*count == cap)
		abort();
	list[(*count)++] = word;
}

static unsigned alphabet_of(enum scope_section section, const char **alphabet)
{
	unsigned count = 0;

	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned j = 0; scope_rows[i].section == section && j < 2; j++)
			add_word(alphabet, &count, ALPHABET_MAX, scope_rows[i].operations[j]);
	for (unsigned i = 0; scope_also(section, i) != NULL; i++)
		add_word(alphabet, &count, ALPHABET_MAX, scope_also(section, i));
	return count;
}

static unsigned starts_of(enum scope_section section, const char **starts)
{
	static char rooms[STARTS_MAX * 4][64];
	unsigned count = 0, used = 0;

	for (unsigned i = 0; i < scope_row_count; i++)
		for (unsigned s = 0; scope_rows[i].section == section && scope_start(&scope_rows[i], s, rooms[used], sizeof(rooms[0])); s++) {
			unsigned before = count;

			add_word(starts, &count, STARTS_MAX, rooms[used]);
			used += count > before;
		}
	return count;
}

static void add_triples(struct cases *cases, enum scope_section section)
{
	const char *alphabet[ALPHABET_MAX], *starts[STARTS_MAX];
	unsigned letters = alphabet_of(section, alphabet), start_count = starts_of(section, starts);

	for (unsigned s = 0; s < start_count; s++)
		for (unsigned i = 0; i < letters * letters * letters; i++) {
			struct scope_case *one = add_case(cases, starts[s]);

			one->operations[0] = alphabet[i % letters];
			one->operations[1] = alphabet[i / letters % letters];
			one->operations[2] = alphabet[i / letters / letters];
		}
}

/* ---- worlds ---- */

/* A flush and an expiry concern all cases of a world, so those that have one at the same place go together. */
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

static void play_all(const struct scope_course *course, struct cases *cases, struct scope_tally *tally)
{
	for (unsigned i = 0, len; i < cases->count; i += len) {
		for (len = 1; len < SCOPE_CASES_MAX && i + len < cases->count && case_order(&cases->items[i], &cases->items[i + len]) == 0; len++) {
		}
		uint64_t wrong = tally->wrong;
		scope_play(course, &cases->items[i], len, tally, false);
		for (unsigned j = i; options.is_trace && wrong < tally->wrong && j < i + len; j++) {
			if (!cases->items[j].is_wrong)
				continue;
			struct scope_case one = cases->items[j];
			struct scope_tally alone = { 0 };
			one.is_wrong = false;
			printf("---- alone:\n");
			scope_play(course, &one, 1, &alone, true);
			exit(EXIT_FAILURE);
		}
	}
}

static void play_pairs(struct cases *cases, struct scope_tally *tally)
{
	struct scope_course course = { .policy = NULL };

	qsort(cases->items, cases->count, sizeof(*cases->items), case_order);
	for (unsigned p = 0; p < sizeof(policies) / sizeof(*policies); p++)
		for (unsigned c = 0; c < CLOCKS; c++)
			for (unsigned way = 0; way < 8; way++) {
				course.policy = &policies[p];
				memcpy(course.clocks, clocks[c], sizeof(course.clocks));
				course.orders = way & 1 ? 7 : 0;
				course.is_together = way >> 1 & 1;
				course.is_settled = way >> 2 & 1;
				play_all(&course, cases, tally);
			}
}

static void play_triples(struct cases *cases, struct scope_tally *tally)
{
	struct scope_course course = { .policy = NULL };

	qsort(cases->items, cases->count, sizeof(*cases->items), case_order);
	for (unsigned p = 0; p < sizeof(policies) / sizeof(*policies); p++)
		for (unsigned shape = 0; shape < SHAPES; shape++) {
				course.policy = &policies[p];
				memcpy(course.clocks, clocks[0], sizeof(course.clocks));
				memcpy(course.seen, shapes[shape].seen, sizeof(course.seen));
				course.orders = 0;
				course.is_together = false;
				course.is_settled = shape & 1;
				play_all(&course, cases, tally);
			}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void play_section(enum scope_section section, struct scope_tally *tally)
{
	struct cases pairs = { .count = 0 }, triples = { .count = 0 };
	struct scope_tally before = *tally;
	double start = seconds();

	for (unsigned i = 0; i < scope_row_count; i++)
		if (scope_rows[i].section == section)
			add_pairs(&pairs, &scope_rows[i]);
	play_pairs(&pairs, tally);
	uint64_t pair_cases = tally->cases - before.cases;
	add_triples(&triples, section);
	play_triples(&triples, tally);
	printf("%-16s %8llu pairs %9llu triples %6llu worlds %8llu untimed %6llu wrong %6.1f s\n", scope_section_title(section), (unsigned long long)pair_cases,
	       (unsigned long long)(tally->cases - before.cases - pair_cases), (unsigned long long)(tally->worlds - before.worlds),
	       (unsigned long long)(tally->untimed - before.untimed), (unsigned long long)(tally->wrong - before.wrong), seconds() - start);
	fflush(stdout);
	free(pairs.items);
	free(triples.items);
}

int main(int argc, char **argv)
{
	struct scope_tally tally = { 0 };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--describe") == 0) {
			scope_describe();
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[i], "--trace") == 0)
			options.is_trace = true;
		else if (strcmp(argv[i], "--section") == 0 && i + 1 < argc)
			options.section = argv[++i];
		else
			return fprintf(stderr, "usage: homeport-scope [--section TITLE] [--trace] | --describe\n"), EXIT_FAILURE;
	}
	for (unsigned section = 0; section < SCOPE_SECTIONS; section++)
		if (options.section == NULL || strcmp(options.section, scope_section_title(section)) == 0)
			play_section(section, &tally);
	printf("%llu cases played, %llu wrong\n", (unsigned long long)tally.cases, (unsigned long long)tally.wrong);
	return tally.wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
