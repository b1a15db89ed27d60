#include "scope_played.h"

#include <stdarg.h>
#include <stdio.h>

#include "scope_names.h"

#define WRONG_MAX 12

static void tell_course(const struct scope_course *course)
{
	printf("    rule %s, %s start, clocks", course->policy->name, course->is_settled ? "settled" : "fresh");
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		printf(" %u", course->clocks[dc]);
	printf(", seen %u %u %u, orders %u%s\n", course->seen[0], course->seen[1], course->seen[2], course->orders, course->is_together ? " together" : "");
}

static void tell_case(const struct scope_case *one)
{
	printf("    start: %s\n", one->start[0] == '\0' ? "-" : one->start);
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		printf("    %s: %s\n", scope_dc_names[dc], one->operations[dc] == NULL ? "-" : one->operations[dc]);
}

void scope_wrong(struct scope_played *play, unsigned number, const char *format, ...)
{
	struct scope_case *one = &play->cases[number];
	va_list arguments;

	if (one->is_wrong)
		return;
	one->is_wrong = true;
	if (play->tally->wrong++ >= WRONG_MAX)
		return;
	printf("WRONG: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	tell_case(one);
	tell_course(play->course);
}
