/* Scope: the small-scope test. Plays every row of the outcome table, and every three operations of each of its sections, at three real cores in
 * every order of arrival, with each clock ahead and behind, and compares with a model and with the table. --all: also with arrivals in one turn and
 * clocks that differ in what the rule does not look at. --every N: all rows, but only every Nth of the threes.
 *
 *   scope.c          which courses there are          scope_cases.c    which cases
 *   scope_play.c     one world, many cases            scope_world.c    three cores and their stores
 *   scope_judge.c    each arrival against the model   scope_turn.c     events and effects
 *   scope_end.c      what holds in the end            scope_client.c   what clients send
 *   scope_ship.c     what stands in the logs          scope_outcome.c  the table, and what an outcome means
 *   scope_family.c   which commands a row stands for
 *   model/           docs/replication-model.md in plain words, and what an operation writes */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scope_cases.h"
#include "scope_describe.h"
#include "scope_family.h"

#define JOBS_MAX 64
#define CLOCKS_MAX 6

static const struct scope_policy policies[] = {
	{ "lww", SCOPE_LWW, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "merge", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "merge, ttl: longest", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_LONGEST },
	{ "merge, ttl: shortest", SCOPE_MERGE, { 0, 0, 0 }, SCOPE_TTL_SHORTEST },
	{ "priority bom cpt ams", SCOPE_PRIORITY, { 2, 0, 1 }, SCOPE_TTL_NEWEST },
	{ "priority cpt ams bom", SCOPE_PRIORITY, { 1, 2, 0 }, SCOPE_TTL_NEWEST },
	{ "priority ams bom cpt", SCOPE_PRIORITY, { 0, 1, 2 }, SCOPE_TTL_NEWEST },
	{ "priority cpt", SCOPE_PRIORITY, { 1, 1, 0 }, SCOPE_TTL_NEWEST },
	{ "record", SCOPE_RECORD, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
	{ "custom", SCOPE_CUSTOM, { 0, 0, 0 }, SCOPE_TTL_NEWEST },
};
#define POLICIES (sizeof(policies) / sizeof(*policies))
#define FIRST_PRIORITY 4

typedef unsigned clock_order[SCOPE_DCS];

/* Which datacenter has seen the writes of which other when it writes. One order of datacenters is enough for each shape, because the triples play
 * each operation at each datacenter. CLOCKS lists the clocks by which the stamps come in different orders. CLOCK_COUNT of them are played under
 * rules that prefer no datacenter, PRIORITY_CLOCK_COUNT under priority. */
static const struct shape {
	unsigned seen[SCOPE_DCS];
	clock_order clocks[CLOCKS_MAX];
	unsigned clock_count, priority_clock_count;
} shapes[] = {
	/* Nobody has seen another. */
	{ { 0, 0, 0 }, { { 0, 1, 2 }, { 2, 1, 0 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 } }, 1, 6 },
	/* The last has seen the first. The stamp of the other is older than theirs, between them, or newer. */
	{ { 0, 0, 1 }, { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 } }, 3, 3 },
	/* The last has seen both. */
	{ { 0, 0, 3 }, { { 0, 1, 2 }, { 1, 0, 2 } }, 1, 2 },
	/* Two have seen the first. */
	{ { 0, 1, 1 }, { { 0, 1, 2 }, { 0, 2, 1 } }, 1, 2 },
	/* Each has seen those before it. So there is no conflict, but batches may arrive before their causes. */
	{ { 0, 1, 3 }, { { 0, 1, 2 } }, 1, 1 },
};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

/* How the batches arrive: the earlier datacenter's first, the later one's first, or both in one turn. All datacenters read in the same order,
 * because what one shows depends on its own order alone. In half of the ways the start is settled, so that no metadata of it is left. */
static const struct way { unsigned orders; bool is_together, is_settled; } ways[] = {
	{ 0, false, true }, { 7, false, false }, { 0, true, false }, { 7, true, true }, { 7, false, true }, { 0, false, false }, { 0, true, true }, { 7, true, false },
};
#define PAIR_WAYS 8
#define TRIPLE_WAYS 2                /* enough for every order of arrival at every datacenter */
#define TRIPLE_WAYS_ALL 3
#define SEEN_WAYS 2                  /* the same, for shapes in which a datacenter has seen another */

static struct { bool is_trace, is_all; const char *section; unsigned jobs, every; } options = { .jobs = 1, .every = 1 };

/* Unit: the part of the work that one process does: one policy in one section. */
struct unit {
	enum scope_section section;
	const struct scope_policy *policy;
	struct scope_tally pairs, triples;
	pid_t child;
	bool is_over, is_dead;       /* dead: its process ended without having said that all was played */
};

static void play_alone(const struct scope_course *course, const struct scope_cases *cases, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		struct scope_case one = cases->items[i];
		struct scope_tally tally = { 0 };

		if (!one.is_wrong)
			continue;
		one.is_wrong = false;
		printf("---- alone:\n");
		scope_play(course, &one, 1, &tally, true);
		exit(EXIT_FAILURE);
	}
}

static void play_course(const struct scope_course *course, struct scope_cases *cases, struct scope_tally *tally)
{
	for (unsigned i = 0, count; i < cases->count; i += count) {
		uint64_t wrong = tally->wrong;

		for (count = 1; count < SCOPE_CASES_MAX && i + count < cases->count; count++)
			if (!scope_go_together(&cases->items[i], &cases->items[i + count]))
				break;
		scope_play(course, &cases->items[i], count, tally, false);
		if (options.is_trace && wrong < tally->wrong)
			play_alone(course, cases, i, count);
	}
}

static void play_ways(struct scope_course *course, unsigned way_count, struct scope_cases *cases, struct scope_tally *tally)
{
	for (unsigned i = 0; i < way_count; i++) {
		course->orders = ways[i].orders;
		course->is_together = ways[i].is_together;
		course->is_settled = ways[i].is_settled;
		play_course(course, cases, tally);
	}
}

/* How many clock orders are played where nobody has seen another. Each operation is played at each datacenter, so it is enough to vary either the
 * clocks or the order of priority. The first priority policy varies the clocks, the other ones the order. */
static unsigned clocks_of_strangers(const struct scope_policy *policy)
{
	return policy == &policies[FIRST_PRIORITY] ? shapes[0].priority_clock_count : shapes[0].clock_count;
}

static void play_pairs(const struct scope_policy *policy, struct scope_cases *cases, struct scope_tally *tally)
{
	struct scope_course course = { .policy = policy };
	unsigned clock_count = options.is_all ? shapes[0].priority_clock_count : clocks_of_strangers(policy);

	for (unsigned i = 0; i < clock_count; i++) {
		memcpy(course.clocks, shapes[0].clocks[i], sizeof(course.clocks));
		play_ways(&course, PAIR_WAYS, cases, tally);
	}
}

/* The last shape, a chain, has no conflict, so two policies are enough for it. A custom rule whose handler gives no result keeps all versions as
 * record does, so it plays only the first shape. */
static unsigned policy_shapes(const struct scope_policy *policy)
{
	if (policy == &policies[0] || policy == &policies[FIRST_PRIORITY])
		return SHAPES;
	return policy->rule == SCOPE_CUSTOM ? 1 : SHAPES - 1;
}

static void play_triples(const struct scope_policy *policy, struct scope_cases *cases, struct scope_tally *tally)
{
	struct scope_course course = { .policy = policy };

	for (unsigned i = 0; i < policy_shapes(policy); i++) {
		const struct shape *shape = &shapes[i];
		unsigned clock_count = policy->rule == SCOPE_PRIORITY ? shape->priority_clock_count : shape->clock_count;

		if (i == 0)
			clock_count = clocks_of_strangers(policy);
		memcpy(course.seen, shape->seen, sizeof(course.seen));
		for (unsigned j = 0; j < clock_count; j++) {
			memcpy(course.clocks, shape->clocks[j], sizeof(course.clocks));
			play_ways(&course, i > 0 ? SEEN_WAYS : options.is_all ? TRIPLE_WAYS_ALL : TRIPLE_WAYS, cases, tally);
		}
	}
}

/* Neighbours are alike (scope_sort), so a part that is spread evenly has some of each kind. */
static void keep_every(struct scope_cases *cases, unsigned every)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cases->count; i += every)
		cases->items[kept++] = cases->items[i];
	cases->count = kept;
}

static void play_unit(struct unit *unit)
{
	struct scope_cases pairs = { .count = 0 }, triples = { .count = 0 };

	scope_add_pairs(&pairs, unit->section);
	scope_sort(&pairs);
	play_pairs(unit->policy, &pairs, &unit->pairs);
	scope_add_triples(&triples, unit->section);
	scope_sort(&triples);
	keep_every(&triples, options.every);
	play_triples(unit->policy, &triples, &unit->triples);
	free(pairs.items);
	free(triples.items);
}

/* ---- all of it ---- */

static bool is_wanted(enum scope_section section, const struct scope_policy *policy)
{
	if (options.section != NULL && strcmp(options.section, scope_section_title(section)) != 0)
		return false;
	return policy->ttl == SCOPE_TTL_NEWEST || scope_has_deadlines(section);
}

struct sum { struct scope_tally pairs, triples; unsigned dead; bool is_over; };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add_tally(struct scope_tally *sum, const struct scope_tally *tally)
{
	sum->cases += tally->cases;
	sum->wrong += tally->wrong;
	sum->with_owns += tally->with_owns;
	sum->worlds += tally->worlds;
}

static struct sum sum_of(enum scope_section section, const struct unit *units, unsigned count)
{
	struct sum sum = { .is_over = true };

	for (unsigned i = 0; i < count; i++) {
		if (units[i].section != section)
			continue;
		add_tally(&sum.pairs, &units[i].pairs);
		add_tally(&sum.triples, &units[i].triples);
		sum.is_over &= units[i].is_over;
		sum.dead += units[i].is_dead;
	}
	return sum;
}

static void tell_section(enum scope_section section, const struct unit *units, unsigned count, double start)
{
	struct sum sum = sum_of(section, units, count);

	if (!sum.is_over || sum.pairs.cases + sum.dead == 0)
		return;
	printf("%4.0f s  %-24s %7llu pairs %8llu triples, %6llu where a core wrote by itself, %llu wrong%s\n", seconds() - start, scope_section_title(section),
	       (unsigned long long)sum.pairs.cases, (unsigned long long)sum.triples.cases, (unsigned long long)(sum.pairs.with_owns + sum.triples.with_owns),
	       (unsigned long long)(sum.pairs.wrong + sum.triples.wrong), sum.dead > 0 ? ", and a process died" : "");
}

static void await_one(struct unit *units, unsigned count, double start)
{
	int status;
	pid_t child = wait(&status);

	for (unsigned i = 0; i < count; i++) {
		if (units[i].child != child)
			continue;
		units[i].is_over = true;
		units[i].is_dead = status != 0;
		tell_section(units[i].section, units, count, start);
	}
}

static pid_t start_one(struct unit *unit)
{
	fflush(stdout);
	pid_t child = fork();

	if (child < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	if (child == 0) {
		play_unit(unit);
		exit(EXIT_SUCCESS);
	}
	return child;
}

/* Each unit runs in a process of its own. The processes share only their tallies. */
static void play_units(struct unit *units, unsigned count, double start)
{
	unsigned running = 0;

	for (unsigned i = 0; i < count; i++) {
		if (running == options.jobs) {
			await_one(units, count, start);
			running--;
		}
		units[i].child = start_one(&units[i]);
		running++;
	}
	while (running-- > 0)
		await_one(units, count, start);
}

static void read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--describe") == 0) {
			scope_describe();
			exit(EXIT_SUCCESS);
		} else if (strcmp(argv[i], "--all") == 0) {
			options.is_all = true;
		} else if (strcmp(argv[i], "--trace") == 0) {
			options.is_trace = true;
		} else if (strcmp(argv[i], "--section") == 0 && *value != '\0') {
			options.section = argv[++i];
		} else if (strcmp(argv[i], "--every") == 0 && atoi(value) >= 1) {
			options.every = (unsigned)atoi(argv[++i]);
		} else if (strcmp(argv[i], "--jobs") == 0 && atoi(value) >= 1 && atoi(value) <= JOBS_MAX) {
			options.jobs = (unsigned)atoi(argv[++i]);
		} else {
			fprintf(stderr, "usage: homeport-scope [--section TITLE] [--all] [--every N] [--jobs N] [--trace] | --describe\n");
			exit(EXIT_FAILURE);
		}
	}
}

static unsigned list_units(struct unit *units)
{
	unsigned count = 0;

	for (unsigned section = 0; section < SCOPE_SECTIONS; section++)
		for (unsigned i = 0; i < POLICIES; i++)
			if (is_wanted(section, &policies[i]))
				units[count++] = (struct unit){ .section = section, .policy = &policies[i] };
	return count;
}

int main(int argc, char **argv)
{
	const size_t size = SCOPE_SECTIONS * POLICIES * sizeof(struct unit);
	struct unit *units = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct scope_tally total = { 0 };
	unsigned dead = 0;
	double start = seconds();

	read_arguments(argc, argv);
	if (units == MAP_FAILED)
		return EXIT_FAILURE;
	bool is_whole = scope_check_families();
	unsigned count = list_units(units);
	play_units(units, count, start);
	for (unsigned section = 0; section < SCOPE_SECTIONS; section++) {
		struct sum sum = sum_of(section, units, count);

		add_tally(&total, &sum.pairs);
		add_tally(&total, &sum.triples);
		dead += sum.dead;
	}
	printf("%llu cases played in %llu worlds, %.0f s: %llu wrong%s\n", (unsigned long long)total.cases, (unsigned long long)total.worlds, seconds() - start,
	       (unsigned long long)total.wrong, dead > 0 ? ", and a process died" : is_whole ? "" : ", and rows are missing");
	return total.wrong + dead == 0 && is_whole && total.cases > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
