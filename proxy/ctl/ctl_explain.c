#include "ctl_explain.h"

#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_print.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_WORD " time_ms="

static void print_line(const json_t *line);
static void add_fields(json_t *answer);

int ctl_explain(const struct ctl_call *call)
{
	struct buffer path = { 0 };
	json_t *line;
	size_t i;
	int code;

	if (call->count != 1)
		return ctl_complain("explain which key? explain KEY [--field FIELD] [--db N]");
	buffer_add_text(&path, "/v1/explain");
	ctl_add_argument(&path, "key", call->words[0]);
	if (call->options->field != NULL)
		ctl_add_argument(&path, "field", call->options->field);
	if (call->options->db != NULL)
		ctl_add_argument(&path, "db", call->options->db);
	json_t *answer = ctl_ask(call->options, &path, NULL, &code);

	if (answer == NULL)
		return code;
	if (call->options->is_json) {
		add_fields(answer);
		ctl_print_json(answer);
	} else {
		json_array_foreach(json_object_get(answer, "lines"), i, line)
			print_line(line);
	}
	json_decref(answer);
	return code;
}

/* A version's time, which the sidecar tells in ms since 1970, as a date. */
static void print_line(const json_t *line)
{
	const char *text = json_is_string(line) ? json_string_value(line) : ctl_text_of(line, "base64");
	bool is_version = json_is_string(line) && (strncmp(text, "winner: ", 8) == 0 || strncmp(text, "live: ", 6) == 0);
	const char *at = is_version ? strstr(text, TIME_WORD) : NULL, *hlc = at != NULL ? strstr(text, " hlc=") : NULL;
	char *rest = NULL, date[32] = "";
	long long ms = at != NULL ? strtoll(at + strlen(TIME_WORD), &rest, 10) : 0;
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;

	if (hlc == NULL || hlc > at || gmtime_r(&seconds, &parts) == NULL || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
		printf("%s%s\n", json_is_string(line) ? "" : "base64:", text);
	else
		printf("%.*s written %s.%03lldZ%s\n", (int)(hlc - text), text, date, ms % 1000, rest);
}

/* Beside the lines: each "name: rest" as a field, versions as objects in a list. */
static void add_fields(json_t *answer)
{
	json_t *line, *versions = json_array();
	size_t i;

	json_array_foreach(json_object_get(answer, "lines"), i, line) {
		const char *text = json_string_value(line), *colon = text != NULL ? strstr(text, ": ") : NULL, *at;

		if (colon == NULL)
			continue;
		bool is_winner = strncmp(text, "winner:", 7) == 0;

		if (!is_winner && strncmp(text, "live:", 5) != 0) {
			json_t *rest = json_string(colon + 2);
			char *name = strndup(text, (size_t)(colon - text));

			json_object_set_new(answer, name, rest);
			free(name);
			continue;
		}
		json_t *version = json_pack("{s:b, s:s#}", "is_winner", is_winner, "dot", colon + 2, (int)strcspn(colon + 2, " "));

		if ((at = strstr(text, " hlc=")) != NULL)
			json_object_set_new(version, "hlc", json_stringn(at + 5, strspn(at + 5, "0123456789")));
		if ((at = strstr(text, TIME_WORD)) != NULL) {
			char *rest;

			json_object_set_new(version, "time_ms", json_integer((json_int_t)strtoll(at + strlen(TIME_WORD), &rest, 10)));
			json_object_set_new(version, "is_removal", json_boolean(strncmp(rest, " removal", 8) == 0));
			json_object_set_new(version, "value", strncmp(rest, " value=", 7) == 0 ? json_string(rest + 7) : json_null());
		}
		json_array_append_new(versions, version);
	}
	json_object_set_new(answer, "versions", versions);
}
