/* The rules as tables: the live versions of an element, and which of them decides; and which keys a rule is for. Each table is one rule's whole
 * meaning: versions differ only in what the rule may look at. */
#include "proxy/core/core.h"
#include "proxy/core/rules/glob.h"
#include "proxy/core/rules/rule.h"
#include "stage.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_rules(void);

#define VERSIONS_MAX 3
#define NONE UINT32_MAX

static const char *const names[] = { "a", "b", "c" };

/* Absent, or what a type outdid, or a deadline. */
enum { GONE = 1, OUTDONE = 2 };
struct alive { unsigned dc; uint64_t hlc; unsigned what; int64_t deadline; };

struct row {
	const char *name;
	struct alive versions[VERSIONS_MAX];         /* hlc 0: no more */
	unsigned decides;
};

static const struct row newest_rows[] = {
	{ "nothing is known", { { .hlc = 0 } }, NONE },
	{ "one", { { 1, 5, 0, 0 } }, 0 },
	{ "the newer one", { { 1, 5, 0, 0 }, { 2, 6, 0, 0 } }, 1 },
	{ "the newer one, whichever comes first", { { 1, 6, 0, 0 }, { 2, 5, 0, 0 } }, 0 },
	{ "the newest of three", { { 0, 5, 0, 0 }, { 1, 7, 0, 0 }, { 2, 6, 0, 0 } }, 1 },
	{ "of one moment, the datacenter that is later in the alphabet", { { 1, 5, 0, 0 }, { 2, 5, 0, 0 }, { 0, 5, 0, 0 } }, 1 },
	{ "a removal that is newer", { { 1, 5, 0, 0 }, { 2, 6, GONE, 0 } }, 1 },
	{ "not a removal that is older", { { 1, 6, 0, 0 }, { 2, 5, GONE, 0 } }, 0 },
};

static const struct row priority_rows[] = {
	{ "nothing is known", { { .hlc = 0 } }, NONE },
	{ "one", { { 1, 5, 0, 0 } }, 0 },
	{ "the datacenter that comes first, although older", { { 2, 1, 0, 0 }, { 0, 9, 0, 0 } }, 0 },
	{ "the datacenter that comes first, whichever comes first", { { 0, 9, 0, 0 }, { 2, 1, 0, 0 } }, 1 },
	{ "its removal, too", { { 2, 1, GONE, 0 }, { 0, 9, 0, 0 } }, 0 },
	{ "of one datacenter's the newer", { { 2, 1, 0, 0 }, { 2, 2, 0, 0 } }, 1 },
	{ "those not named are alike: the newer", { { 0, 9, 0, 0 }, { 1, 8, 0, 0 } }, 0 },
	{ "what its type outdid comes last", { { 2, 9, OUTDONE | GONE, 0 }, { 0, 1, 0, 0 } }, 1 },
	{ "of several outdone ones the newer", { { 2, 9, OUTDONE | GONE, 0 }, { 0, 1, OUTDONE | GONE, 0 } }, 0 },
};

static const struct row merge_rows[] = {
	{ "nothing is known", { { .hlc = 0 } }, NONE },
	{ "an add beats a newer removal", { { 0, 5, 0, 0 }, { 1, 9, GONE, 0 } }, 0 },
	{ "an add beats a newer removal, whichever comes first", { { 1, 9, GONE, 0 }, { 0, 5, 0, 0 } }, 1 },
	{ "of adds the newer", { { 0, 5, 0, 0 }, { 1, 9, 0, 0 } }, 1 },
	{ "of removals the newer", { { 0, 5, GONE, 0 }, { 1, 9, GONE, 0 } }, 1 },
	{ "one add among removals", { { 0, 5, GONE, 0 }, { 1, 1, 0, 0 }, { 2, 9, GONE, 0 } }, 1 },
};

/* Of deadlines. No deadline (0) is the longest of all. */
static const struct row newest_ttl_rows[] = {
	{ "the newer deadline", { { 0, 5, 0, 900 }, { 1, 6, 0, 100 } }, 1 },
	{ "a newer one that takes the deadline away", { { 0, 5, 0, 900 }, { 1, 6, 0, 0 } }, 1 },
};
static const struct row longest_ttl_rows[] = {
	{ "the later deadline, although older", { { 0, 5, 0, 900 }, { 1, 6, 0, 100 } }, 0 },
	{ "none is later than any", { { 0, 5, 0, 0 }, { 1, 6, 0, 900 } }, 0 },
	{ "of equal ones the newer", { { 0, 5, 0, 900 }, { 1, 6, 0, 900 } }, 1 },
	{ "but present beats absent", { { 0, 5, GONE, 0 }, { 1, 4, 0, 100 } }, 1 },
};
static const struct row shortest_ttl_rows[] = {
	{ "the earlier deadline, although older", { { 0, 5, 0, 100 }, { 1, 6, 0, 900 } }, 0 },
	{ "any is earlier than none", { { 0, 5, 0, 900 }, { 1, 6, 0, 0 } }, 0 },
	{ "of equal ones the newer", { { 0, 5, 0, 900 }, { 1, 6, 0, 900 } }, 1 },
};

static const struct rule_table {
	const struct rule *rule;
	enum ttl_choice ttl;
	enum kind kind;
	const struct row *rows;
	unsigned count;
} tables[] = {
#define TABLE(rule, ttl, kind, rows) { rule, ttl, kind, rows, sizeof(rows) / sizeof((rows)[0]) }
	TABLE(&rule_lww, TTL_NEWEST, KIND_STRING, newest_rows),
	TABLE(&rule_record, TTL_NEWEST, KIND_STRING, newest_rows),
	TABLE(&rule_custom, TTL_NEWEST, KIND_STRING, newest_rows),
	TABLE(&rule_priority, TTL_NEWEST, KIND_STRING, priority_rows),
	TABLE(&rule_merge, TTL_NEWEST, KIND_SET, merge_rows),
	TABLE(&rule_merge, TTL_LONGEST, KIND_SET, merge_rows),       /* ttl is about deadlines alone */
	TABLE(&rule_merge, TTL_NEWEST, KIND_TTL, newest_ttl_rows),
	TABLE(&rule_merge, TTL_LONGEST, KIND_TTL, longest_ttl_rows),
	TABLE(&rule_merge, TTL_SHORTEST, KIND_TTL, shortest_ttl_rows),
};

static void judge(const struct rule_table *table, const struct row *row)
{
	struct keyspace keyspace = { .origins = &(struct origins){ .dcs = names, .dc_count = 3 } };
	const struct policy policy = { .rule = table->rule, .ranks = { 1, 1, 0 }, .ttl = table->ttl };       /* c comes before all others */
	struct key key = { .policy = &policy };
	struct version versions[VERSIONS_MAX] = { 0 };
	struct element element = { .key = &key, .kind = table->kind, .versions = versions };
	for (unsigned dc = 0; dc < 3; dc++)
		origins_get_dc(keyspace.origins, dc, 1);
	while (element.version_count < VERSIONS_MAX && row->versions[element.version_count].hlc > 0) {
		const struct alive *alive = &row->versions[element.version_count];
		versions[element.version_count++] = (struct version){
			.stamp = { .seq = alive->hlc, .hlc = alive->hlc, .origin = alive->dc }, .is_present = (alive->what & GONE) == 0,
			.is_outdone = (alive->what & OUTDONE) != 0, .expire_at_ms = alive->deadline,
		};
	}
	const struct version *decides = table->rule->decide(&keyspace, &element);
	stage_expect_number(row->name, table->rule->name, decides == NULL ? NONE : (uint64_t)(decides - versions), row->decides);
	origins_free(keyspace.origins);
}

static void each_rule_decides_as_its_table_says(void)
{
	for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
		for (unsigned j = 0; j < tables[i].count; j++)
			judge(&tables[i], &tables[i].rows[j]);
}

/* ---- what else a rule is ---- */

static void each_rule_has_its_facts_and_is_found_by_its_name(void)
{
	static const struct { const char *name; const struct rule *rule; bool is_add_winning, is_keeping, is_handling; } facts[] = {
		{ "lww", &rule_lww, false, false, false },
		{ "priority", &rule_priority, false, false, false },
		{ "merge", &rule_merge, true, false, false },
		{ "record", &rule_record, false, true, false },
		{ "custom", &rule_custom, false, true, true },
	};
	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		CU_ASSERT_PTR_EQUAL(rule_find(slice_of(facts[i].name)), facts[i].rule);
		CU_ASSERT_PTR_EQUAL(rule_at(rule_index(facts[i].rule)), facts[i].rule);
		CU_ASSERT_STRING_EQUAL(core_rule_text(rule_index(facts[i].rule)), facts[i].name);
		CU_ASSERT_EQUAL(facts[i].rule->is_add_winning, facts[i].is_add_winning);
		CU_ASSERT_EQUAL(facts[i].rule->is_keeping, facts[i].is_keeping);
		CU_ASSERT_EQUAL(facts[i].rule->is_handling, facts[i].is_handling);
	}
	CU_ASSERT_EQUAL(sizeof facts / sizeof *facts, CORE_RULES);
	CU_ASSERT_PTR_NULL(rule_at(CORE_RULES));
	CU_ASSERT_PTR_NULL(rule_find(SLICE("LWW")));
	CU_ASSERT_PTR_NULL(rule_find(SLICE("")));
}

static void a_ttl_is_found_by_its_name(void)
{
	static const struct { const char *name; enum ttl_choice choice; bool is_known; } names_of[] = {
		{ NULL, TTL_NEWEST, true }, { "newest", TTL_NEWEST, true }, { "longest", TTL_LONGEST, true }, { "shortest", TTL_SHORTEST, true },
		{ "long", TTL_NEWEST, false }, { "", TTL_NEWEST, false },
	};
	for (unsigned i = 0; i < sizeof names_of / sizeof *names_of; i++) {
		enum ttl_choice choice;
		bool is_known = ttl_choice_find(names_of[i].name, &choice);
		CU_ASSERT_EQUAL(is_known, names_of[i].is_known);
		CU_ASSERT_EQUAL(choice, names_of[i].choice);
	}
}

/* ---- which keys ---- */

static void a_glob_matches_as_redis_does(void)
{
	static const struct { const char *pattern, *text; bool is_match; } globs[] = {
		{ "", "", true }, { "", "a", false }, { "a", "", false }, { "abc", "abc", true }, { "abc", "abd", false }, { "abc", "ab", false }, { "ab", "abc", false },
		{ "*", "", true }, { "*", "anything", true }, { "a*", "a", true }, { "a*", "abc", true }, { "a*", "ba", false }, { "*c", "abc", true },
		{ "*c", "abcd", false }, { "a*c", "ac", true }, { "a*c", "abbbc", true }, { "a*b*c", "a1b2b3c", true }, { "a*b*c", "a1c2c", false }, { "**a**", "bab", true },
		{ "a*a", "a", false }, { "*ab", "aab", true }, { "*aab", "aaab", true }, { "cart:*", "cart:42", true }, { "cart:*", "car:42", false },
		{ "?", "a", true }, { "?", "", false }, { "?", "ab", false }, { "a?c", "abc", true }, { "*?", "", false }, { "*?", "a", true },
		{ "[abc]", "b", true }, { "[abc]", "d", false }, { "[a-c]", "b", true }, { "[a-c]", "d", false }, { "[c-a]", "b", true }, { "[^a-c]", "d", true },
		{ "[^a-c]", "b", false }, { "[a-cx]", "x", true }, { "[a-]", "-", false }, { "[a-]", "_", true }, { "x[0-9]*", "x7y", true }, { "x[0-9]*", "xy", false }, { "[ab", "b", true },
		{ "[\\]]", "]", true }, { "[\\^a]", "^", true }, { "[abc]", "", false },
		{ "\\*", "*", true }, { "\\*", "a", false }, { "a\\?c", "a?c", true }, { "a\\?c", "abc", false }, { "\\[a]", "[a]", true }, { "\\", "\\", true },
		{ "A", "a", false },
	};
	for (unsigned i = 0; i < sizeof globs / sizeof *globs; i++)
		stage_expect_number(globs[i].pattern, globs[i].text, glob_match(slice_of(globs[i].pattern), slice_of(globs[i].text)), globs[i].is_match);
	CU_ASSERT_TRUE(glob_match((struct slice){ "a*", 2 }, (struct slice){ "a\0b", 3 }));
}

/* Another rule that chooses by itself must be named in the texts of asks/resolve.c and conflicts/conflicts_choice.c. */
static void the_rules_that_choose_by_themselves_are_those_that_texts_name(void)
{
	static const char *const named[] = { "lww", "merge" };
	unsigned found = 0;
	for (unsigned i = 0; rule_at(i) != NULL; i++) {
		if (!rule_at(i)->is_choosing)
			continue;
		CU_ASSERT(found < 2 && strcmp(rule_at(i)->name, named[found]) == 0);
		found++;
	}
	CU_ASSERT_EQUAL(found, 2);
}

void suite_rules(void)
{
	CU_pSuite suite = CU_add_suite("rules", NULL, NULL);
	CU_ADD_TEST(suite, each_rule_decides_as_its_table_says);
	CU_ADD_TEST(suite, each_rule_has_its_facts_and_is_found_by_its_name);
	CU_ADD_TEST(suite, a_ttl_is_found_by_its_name);
	CU_ADD_TEST(suite, a_glob_matches_as_redis_does);
	CU_add_test(suite, "the rules that choose by themselves are those that texts name", the_rules_that_choose_by_themselves_are_those_that_texts_name);
}
