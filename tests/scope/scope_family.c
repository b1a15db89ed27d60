#include "scope_family.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/core/commands/command.h"
#include "scope_outcome.h"

static const struct family { const char *name, *types, *commands, *meets; } families[] = {
#define FAMILY(name, types, commands, meets) { name, types, commands, meets },
#include "tests/tables/outcomes.def"
};
#define FAMILIES (sizeof(families) / sizeof(*families))

/* ---- which family ---- */

static bool has_command(const struct family *family, const char *name, size_t len)
{
	const char *at = family->commands;

	while (*at != '\0') {
		size_t word = strcspn(at, " ");

		if (word == len && strncasecmp(at, name, len) == 0)
			return true;
		at += word + strspn(at + word, " ");
	}
	return false;
}

static unsigned family_of(const char *command)
{
	unsigned index = 0;

	while (index < FAMILIES && !has_command(&families[index], command, strcspn(command, " ;")))
		index++;
	return index;
}

static bool check_commands(void)
{
	bool is_whole = true;

	for (unsigned i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		/* A script's outcome is that of the commands which it calls. What comes of consumer groups is rule 15 of docs/replication-model.md. */
		if (command->plan == PLAN_SCRIPT || command->plan == PLAN_SCRIPT_LOAD || command->plan == PLAN_GROUP || command->plan == PLAN_GROUP_CLAIM || command->plan == PLAN_GROUP_READ)
			continue;
		if (command->class != COMMAND_WRITE || family_of(command->name) < FAMILIES)
			continue;
		printf("MISSING: %s is replicated, and in no family of the outcome table\n", command->name);
		is_whole = false;
	}
	return is_whole;
}

/* ---- which meet ---- */

static bool share_type(const struct family *a, const struct family *b)
{
	return strpbrk(a->types, b->types) != NULL;
}

/* A row whose operation is a transaction does not count as one of its commands' families. */
static bool is_row_of(const struct scope_row *row, unsigned a, unsigned b)
{
	unsigned first = family_of(row->operations[0]), second = family_of(row->operations[1]);

	if (strchr(row->operations[0], ';') != NULL || strchr(row->operations[1], ';') != NULL)
		return false;
	return (first == a && second == b) || (first == b && second == a);
}

static bool has_row(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < scope_row_count; i++)
		if (is_row_of(&scope_rows[i], a, b))
			return true;
	return false;
}

/* Every two types must meet: a command that makes a key present with one type, and a command that makes it present with the other. */
static bool has_clash(char a, char b)
{
	for (unsigned i = 0; i < scope_row_count; i++) {
		unsigned first = family_of(scope_rows[i].operations[0]), second = family_of(scope_rows[i].operations[1]);
		const char one[] = { a, '\0' }, other[] = { b, '\0' };

		if (scope_rows[i].cells[SCOPE_LWW].outcome != SCOPE_OUTCOME_NEWER_TYPE_WINS || first == FAMILIES || second == FAMILIES)
			continue;
		if ((strcmp(families[first].types, one) == 0 && strcmp(families[second].types, other) == 0) ||
		    (strcmp(families[first].types, other) == 0 && strcmp(families[second].types, one) == 0))
			return true;
	}
	return false;
}

static bool check_clashes(void)
{
	static const char types[] = "shmzlx";
	bool is_whole = true;

	for (unsigned a = 0; types[a] != '\0'; a++)
		for (unsigned b = a + 1; types[b] != '\0'; b++) {
			if (has_clash(types[a], types[b]))
				continue;
			printf("MISSING: a row of the types %c and %c\n", types[a], types[b]);
			is_whole = false;
		}
	return is_whole;
}

bool scope_check_families(void)
{
	bool is_whole = check_commands();

	is_whole = check_clashes() && is_whole;
	for (unsigned a = 0; a < FAMILIES; a++)
		for (unsigned b = a; b < FAMILIES; b++) {
			if (!share_type(&families[a], &families[b]) || has_row(a, b))
				continue;
			printf("MISSING: a row of %s and %s\n", families[a].name, families[b].name);
			is_whole = false;
		}
	return is_whole;
}

void scope_describe_families(void)
{
	printf("| in the tables | stands for | what it does |\n|---|---|---|\n");
	for (unsigned i = 0; i < FAMILIES; i++)
		printf("| `%s` | %s | %s |\n", families[i].name, families[i].commands, families[i].meets);
}
