#include "ctl_conflicts.h"

#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_print.h"

#include <stdlib.h>

static void print_list(const json_t *answer);
static void print_record(const json_t *record);
static void print_sides(const json_t *record);
static void print_report(const json_t *report);
static void print_group(const json_t *report, const char *group);

/* ---- list ---- */

int ctl_conflicts_list(const struct ctl_call *call)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/conflicts");
	ctl_add_filters(&path, call->options);
	return ctl_ask_and_show(call->options, &path, print_list);
}

static void print_list(const json_t *answer)
{
	static const char *const titles[] = { "ID", "STATUS", "KIND", "AGE", "KEY" };
	struct ctl_table table = { .columns = sizeof(titles) / sizeof(titles[0]), .is_right = { [3] = true } };
	const json_t *cursor = json_object_get(answer, "cursor");
	long long now_ms = ctl_now_ms();
	struct buffer cell = { 0 };
	json_t *record;
	size_t i;

	for (size_t column = 0; column < table.columns; column++)
		ctl_table_add(&table, titles[column]);
	json_array_foreach(json_object_get(answer, "conflicts"), i, record) {
		ctl_table_add(&table, ctl_text_of(record, "id"));
		ctl_table_add(&table, ctl_text_of(record, "status"));
		ctl_table_add(&table, ctl_text_of(record, "kind"));
		ctl_add_age(&cell, ctl_text_of(record, "opened"), now_ms);
		ctl_table_take(&table, &cell);
		ctl_add_value(&cell, record, "key");
		if (*ctl_text_of(record, "element") != '\0') {
			buffer_add_byte(&cell, ' ');
			ctl_add_value(&cell, record, "element");
		}
		ctl_table_take(&table, &cell);
	}
	ctl_table_print(&table, stdout);
	if (json_is_string(cursor))
		printf("more: --cursor %s\n", json_string_value(cursor));
	buffer_free(&cell);
}

/* ---- show ---- */

int ctl_conflicts_show(const struct ctl_call *call)
{
	struct buffer path = { 0 };

	if (call->count != 1)
		return ctl_complain("which record? conflicts show ID (conflicts list names them)");
	buffer_add_text(&path, "/v1/conflicts/");
	ctl_add_escaped(&path, call->words[0]);
	return ctl_ask_and_show(call->options, &path, print_record);
}

static void print_record(const json_t *record)
{
	static const char *const names[] = { "id", "status", "kind", "key", "element", "type", "rule", "opened", "ended", "winner", "value",
	                                     "resolution", "resolved_by", "last_error" };
	struct buffer line = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (*ctl_text_of(record, names[i]) == '\0')
			continue;
		ctl_add_value(&line, record, names[i]);
		printf("%-12s%.*s\n", names[i], (int)line.len, line.ptr);
		line.len = 0;
	}
	buffer_free(&line);
	print_sides(record);
}

static void print_sides(const json_t *record)
{
	struct buffer line = { 0 };
	json_t *side;
	size_t i;

	json_array_foreach(json_object_get(record, "sides"), i, side) {
		bool is_removal = json_is_true(json_object_get(side, "is_removal"));

		line.len = 0;
		buffer_add_format(&line, "side      %s %s%s%s", ctl_text_of(side, "dot"), ctl_text_of(side, "written"),
		                  json_is_true(json_object_get(side, "is_live")) ? " live" : "", is_removal ? " removal" : "");
		buffer_add_format(&line, " command=%s client=%s", ctl_text_of(side, "command"), ctl_text_of(side, "client"));
		if (json_is_string(json_object_get(side, "value"))) {
			buffer_add_text(&line, " value=");
			ctl_add_value(&line, side, "value");
		} else if (!is_removal) {
			buffer_add_format(&line, " value hidden, %lld bytes", ctl_count_of(side, "value_len"));
		}
		printf("%.*s\n", (int)line.len, line.ptr);
	}
	buffer_free(&line);
}

/* ---- report ---- */

int ctl_conflicts_report(const struct ctl_call *call)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/conflicts/report");
	ctl_add_filters(&path, call->options);
	return ctl_ask_and_show(call->options, &path, print_report);
}

static void print_report(const json_t *report)
{
	static const char *const groups[] = { "keys", "prefixes", "commands", "clients" };

	printf("%lld conflicts, %lld of them open, %lld pairs of writes\n", ctl_count_of(report, "conflicts"), ctl_count_of(report, "open"),
	       ctl_count_of(report, "pairs"));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		print_group(report, groups[i]);
}

static void print_group(const json_t *report, const char *group)
{
	static const char *const counts[] = { "conflicts", "open", "pairs" };
	struct ctl_table table = { .columns = 4, .is_right = { false, true, true, true } };
	struct buffer cell = { 0 };
	json_t *name;
	size_t i;

	putchar('\n');
	ctl_table_add(&table, group);
	ctl_table_add(&table, "CONFLICTS");
	ctl_table_add(&table, "OPEN");
	ctl_table_add(&table, "PAIRS");
	json_array_foreach(json_object_get(report, group), i, name) {
		ctl_table_add(&table, *ctl_text_of(name, "name") != '\0' ? ctl_text_of(name, "name") : "(none)");
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
			buffer_add_int64(&cell, ctl_count_of(name, counts[j]));
			ctl_table_take(&table, &cell);
		}
	}
	ctl_table_print(&table, stdout);
	buffer_free(&cell);
}
