#include "ctl_homes.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_print.h"
#include "ctl_take_over.h"

#include <stdlib.h>
#include <string.h>

static void print_page(const json_t *answer);
static void print_homes(const json_t *answer);
static void print_moved(const struct ctl_call *call, const json_t *answer);

/* ---- home ---- */

int ctl_home(const struct ctl_call *call)
{
	struct buffer path = { 0 };
	int code;

	if (call->count == 0)
		return ctl_complain("whose? write home USER, as in home user:42");
	buffer_add_text(&path, "/v1/homes");
	for (int i = 0; i < call->count; i++)
		ctl_add_argument(&path, "user", call->words[i]);
	json_t *answer = ctl_ask(call->options, &path, NULL, &code);

	if (answer == NULL)
		return code;
	if (call->options->is_json)
		ctl_print_json(json_object_get(answer, "homes"));
	else
		print_homes(answer);
	json_decref(answer);
	return code;
}

/* ---- homes ---- */

int ctl_homes(const struct ctl_call *call)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/homes");
	ctl_add_filters(&path, call->options);
	return ctl_ask_and_show(call->options, &path, print_page);
}

static void print_page(const json_t *answer)
{
	const char *cursor = ctl_text_of(answer, "cursor");

	print_homes(answer);
	if (*cursor != '\0' && strcmp(cursor, "0") != 0)
		printf("more: --cursor %s\n", cursor);
}

static const char *note_of(const json_t *home)
{
	if (json_is_true(json_object_get(home, "moving")))
		return "moving";
	if (json_is_true(json_object_get(home, "forced")))
		return "taken over";
	return json_is_false(json_object_get(home, "explicit")) ? "by default" : "";
}

static void print_homes(const json_t *answer)
{
	static const char *const titles[] = { "USER", "HOME", "EPOCH", "ADDRESS", "" };
	struct ctl_table table = { .columns = sizeof(titles) / sizeof(titles[0]), .is_right = { [2] = true } };
	struct buffer cell = { 0 };
	json_t *home;
	size_t i;

	for (size_t column = 0; column < table.columns; column++)
		ctl_table_add(&table, titles[column]);
	json_array_foreach(json_object_get(answer, "homes"), i, home) {
		ctl_add_value(&cell, home, "user");
		ctl_table_take(&table, &cell);
		ctl_table_add(&table, *ctl_text_of(home, "home") != '\0' ? ctl_text_of(home, "home") : "(not configured)");
		buffer_add_int64(&cell, ctl_count_of(home, "epoch"));
		ctl_table_take(&table, &cell);
		ctl_table_add(&table, ctl_text_of(home, "address"));
		ctl_table_add(&table, note_of(home));
	}
	ctl_table_print(&table, stdout);
	buffer_free(&cell);
}

/* ---- rehome ---- */

int ctl_rehome(const struct ctl_call *call)
{
	const struct ctl_options *options = call->options;
	struct buffer path = { 0 };
	uint64_t hold_ms = 0;
	int code;

	if (call->count != 1 || options->to == NULL)
		return ctl_complain("who, and where to? write rehome USER --to DATACENTER, as in rehome user:42 --to eu");
	if (options->hold != NULL && !value_read_duration(options->hold, &hold_ms))
		return ctl_complain("--hold: '%s' is no time, write one with a unit: 500ms or 2s", options->hold);
	if (options->is_forced && (code = ctl_prepare_take_over(call)) != EXIT_SUCCESS)
		return code;
	json_t *body = json_pack("{s:s, s:I, s:b, s:b, s:s}", "to", options->to, "hold_ms", (json_int_t)hold_ms, "force", options->is_forced, "now",
	                         options->is_forced && options->is_now, "by", "homeportctl");
	char *text = json_dumps(body, JSON_COMPACT);

	buffer_add_text(&path, "/v1/homes/");
	ctl_add_escaped(&path, call->words[0]);
	json_t *answer = ctl_ask(options, &path, text, &code);

	free(text);
	json_decref(body);
	if (answer == NULL)
		return code;
	if (options->is_json)
		ctl_print_json(answer);
	else
		print_moved(call, answer);
	json_decref(answer);
	return code;
}

static void print_moved(const struct ctl_call *call, const json_t *answer)
{
	const char *user = call->words[0], *to = call->options->to, *result = ctl_text_of(answer, "result");

	if (strcmp(result, "confirmed") == 0)
		printf("%s lives in %s now\n", user, to);
	else if (strcmp(result, "forced") == 0)
		printf("%s was taken over from %s, and lives in %s now\n", user, ctl_text_of(answer, "taken_from"), to);
	else
		printf("%s was given to %s, which has not confirmed that yet: home %s says when it has\n", user, to, user);
}
