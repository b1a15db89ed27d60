/* The auditor's findings: lines for people, and numbers for the summary. */
#include <stdarg.h>
#include <stdio.h>

#include "audit_parts.h"

void auditor_find(struct auditor *auditor, const char *format, ...)
{
	char line[6000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	auditor->findings++;
	buffer_add_text(&auditor->report, "  ");
	buffer_add_text(&auditor->report, line);
	buffer_add_text(&auditor->report, "\n");
}

unsigned auditor_findings(const struct auditor *auditor)
{
	return auditor->findings;
}

const char *auditor_report(const struct auditor *auditor)
{
	struct auditor *reported = (struct auditor *)(uintptr_t)auditor;

	buffer_add_byte(&reported->report, '\0');
	reported->report.len--;
	return reported->report.ptr;
}

void auditor_rules_changed(struct auditor *auditor, bool (*is_concerned)(struct slice key))
{
	auditor->is_changed = is_concerned;
}

bool auditor_has_changed_rules(const struct auditor *auditor)
{
	return auditor->is_changed != NULL;
}

unsigned auditor_exempt_keys(const struct auditor *auditor)
{
	return auditor->exempt_count;
}

unsigned auditor_lost_legitimately(const struct auditor *auditor)
{
	return auditor->lost_count;
}

unsigned auditor_judged_sessions(const struct auditor *auditor)
{
	return auditor->judged_sessions;
}

unsigned auditor_judged_apart(const struct auditor *auditor)
{
	return auditor->judged_apart;
}

unsigned auditor_conflict_pairs(const struct auditor *auditor)
{
	return auditor->expected.count;
}
