/* docs/outcomes.md, written from the outcome table. */
#include "scope_describe.h"

#include <stdio.h>

#include "scope_family.h"
#include "scope_outcome.h"

static const char *const rule_names[SCOPE_RULES] = { "lww", "priority", "record", "merge", "custom" };

static void describe_outcomes(void)
{
	printf("| outcome | meaning |\n|---|---|\n");
	for (unsigned i = 0; i < SCOPE_OUTCOMES; i++)
		printf("| **%s** | %s |\n", scope_outcome_text((enum scope_outcome)i), scope_outcome_meaning((enum scope_outcome)i));
}

static void describe_row(const struct scope_row *row)
{
	const char *first = row->operations[0], *second = row->operations[1];

	printf("| `%s` and `%s`", first, second);
	for (unsigned rule = 0; rule < SCOPE_RULES; rule++)
		printf(" | **%s.** %s", scope_outcome_text(row->cells[rule].outcome), row->cells[rule].prose);
	printf(" | %u |\n", row->conflicts);
}

void scope_describe(void)
{
	printf("<!-- Made by homeport-scope --describe from tests/tables/outcomes.def: do not edit. -->\n# Outcomes\n\n"
	       "What comes of two writes that did not see each other, by pair of operations and rule. `homeport-scope` plays every row of these\n"
	       "tables, and every three operations of a section, at three datacenters in every order of arrival, and compares what each of them\n"
	       "shows and counts with this page. The keys are `k`, `q` and `r`; several commands with `;` between them are one transaction.\n"
	       "*Newer* is the greater stamp: clock, then name of the datacenter. A write that has seen the other simply follows it.\n"
	       "*Conflicts* is how many pairs of changes every datacenter counts. What a datacenter writes by itself (that a deadline went with its key, what\n"
	       "fractions came to: `docs/replication-model.md`, rules 8 and 11) meets unseen writes like any other: those pairs come on top.\n"
	       "\n"
	       "The default test run plays every pair and triple with every order of arrival at every datacenter, under each rule, `ttl` and order of\n"
	       "datacenters. `homeport-scope --all` repeats them with both batches in one turn and with each clock ahead of each other where the rule\n"
	       "looks at no names. One command stands for all that do the same to an element; every two of these have a row where they can meet.\n\n");
	describe_outcomes();
	printf("\n");
	scope_describe_families();
	for (unsigned section = 0; section < SCOPE_SECTIONS; section++) {
		printf("\n## %s\n\n%s\n\n| writes", scope_section_title((enum scope_section)section), scope_section_text((enum scope_section)section));
		for (unsigned rule = 0; rule < SCOPE_RULES; rule++)
			printf(" | %s", rule_names[rule]);
		printf(" | conflicts |\n|---|---|---|---|---|---|---|\n");
		for (unsigned i = 0; i < scope_row_count; i++)
			if (scope_rows[i].section == section)
				describe_row(&scope_rows[i]);
	}
}
