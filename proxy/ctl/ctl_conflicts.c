/* homeportctl conflicts … and explain (see ctl_parts.h). */
#include "ctl_parts.h"

#include "base/base64.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

static int run_list(const struct ctl_options *options, int count, char **words);
static int run_show(const struct ctl_options *options, int count, char **words);
static int run_resolve(const struct ctl_options *options, int count, char **words);
static int run_ignore(const struct ctl_options *options, int count, char **words);
static int run_retry(const struct ctl_options *options, int count, char **words);
static int run_report(const struct ctl_options *options, int count, char **words);

static const struct {
	const char *name;
	int (*run)(const struct ctl_options *options, int count, char **words);
} orders[] = {
	{ "list", run_list },     { "show", run_show },   { "resolve", run_resolve },
	{ "ignore", run_ignore }, { "retry", run_retry }, { "report", run_report },
};

#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

int ctl_conflicts(const struct ctl_options *options, int count, char **words)
{
	for (size_t i = 0; count > 0 && i < ORDER_COUNT; i++)
		if (strcmp(orders[i].name, words[0]) == 0)
			return orders[i].run(options, count - 1, words + 1);
	return ctl_complain("conflicts what? list, show, resolve, ignore, retry or report");
}

/* ---- paths ---- */

static void add_escaped(struct buffer *path, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			buffer_add_byte(path, (char)c);
		else
			buffer_add_format(path, "%%%02X", c);
	}
}

void ctl_add_argument(struct buffer *path, const char *name, const char *value)
{
	buffer_add_format(path, "%c%s=", memchr(path->ptr, '?', path->len) == NULL ? '?' : '&', name);
	add_escaped(path, value);
}

void ctl_add_filters(struct buffer *path, const struct ctl_options *options)
{
	for (unsigned i = 0; i < options->filter_count; i++)
		ctl_add_argument(path, options->filters[i].name, options->filters[i].value);
}

json_t *ctl_ask_at(const struct ctl_options *options, struct buffer *path, const char *body, int *code)
{
	buffer_add_byte(path, '\0');
	json_t *answer = ctl_ask(options, &(struct ctl_request){ .path = path->ptr, .body = body }, code);

	buffer_free(path);
	if (answer != NULL)
		*code = EXIT_SUCCESS;
	return answer;
}

/* ---- reading ---- */

static void print_value(const json_t *object, const char *name)
{
	char marker[64];

	snprintf(marker, sizeof(marker), "%s_encoding", name);
	printf("%s%s", json_object_get(object, marker) != NULL ? "base64:" : "", ctl_text_of(object, name));
}

static void print_line(const json_t *record)
{
	printf("%-44s %-10s %-14s %-8s %-24s ", ctl_text_of(record, "id"), ctl_text_of(record, "status"), ctl_text_of(record, "kind"),
	       ctl_text_of(record, "rule"), ctl_text_of(record, "opened"));
	print_value(record, "key");
	if (*ctl_text_of(record, "element") != '\0') {
		putchar(' ');
		print_value(record, "element");
	}
	putchar('\n');
}

static int run_list(const struct ctl_options *options, int count, char **words)
{
	struct buffer path = { 0 };
	json_t *record;
	size_t i;
	int code;

	(void)words;
	if (count > 0)
		return ctl_complain("a list is chosen by filters, one record by: conflicts show ID");
	buffer_add_text(&path, "/v1/conflicts");
	ctl_add_filters(&path, options);
	json_t *answer = ctl_ask_at(options, &path, NULL, &code);
	const json_t *cursor = json_object_get(answer, "cursor");

	if (answer == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(answer);
	} else {
		printf("%-44s %-10s %-14s %-8s %-24s %s\n", "ID", "STATUS", "KIND", "RULE", "OPENED", "KEY");
		json_array_foreach(json_object_get(answer, "conflicts"), i, record)
			print_line(record);
		if (json_is_string(cursor))
			printf("more: --cursor %s\n", json_string_value(cursor));
	}
	json_decref(answer);
	return code;
}

static void print_sides(const json_t *record)
{
	json_t *side;
	size_t i;

	json_array_foreach(json_object_get(record, "sides"), i, side) {
		printf("side      %s %s%s%s", ctl_text_of(side, "dot"), ctl_text_of(side, "written"), json_is_true(json_object_get(side, "is_live")) ? " live" : "",
		       json_is_true(json_object_get(side, "is_removal")) ? " removal" : "");
		printf(" command=%s client=%s", ctl_text_of(side, "command"), ctl_text_of(side, "client"));
		if (json_is_string(json_object_get(side, "value"))) {
			printf(" value=");
			print_value(side, "value");
		} else if (!json_is_true(json_object_get(side, "is_removal"))) {
			printf(" value hidden, %lld bytes", ctl_count_of(side, "value_len"));
		}
		putchar('\n');
	}
}

static int run_show(const struct ctl_options *options, int count, char **words)
{
	static const char *const names[] = { "id", "status", "kind", "key", "element", "type", "rule", "opened", "ended", "winner", "value",
	                                     "resolution", "resolved_by", "last_error" };
	struct buffer path = { 0 };
	int code;

	if (count != 1)
		return ctl_complain("show which? conflicts show ID");
	buffer_add_text(&path, "/v1/conflicts/");
	add_escaped(&path, words[0]);
	json_t *record = ctl_ask_at(options, &path, NULL, &code);

	if (record == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(record);
	} else {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (*ctl_text_of(record, names[i]) == '\0')
				continue;
			printf("%-12s", names[i]);
			print_value(record, names[i]);
			putchar('\n');
		}
		print_sides(record);
	}
	json_decref(record);
	return code;
}

static void print_group(const json_t *report, const char *group)
{
	json_t *name;
	size_t i;

	printf("\n%-40s %10s %10s %10s\n", group, "CONFLICTS", "OPEN", "PAIRS");
	json_array_foreach(json_object_get(report, group), i, name)
		printf("%-40s %10lld %10lld %10lld\n", ctl_text_of(name, "name"), ctl_count_of(name, "conflicts"), ctl_count_of(name, "open"),
		       ctl_count_of(name, "pairs"));
}

static int run_report(const struct ctl_options *options, int count, char **words)
{
	static const char *const groups[] = { "keys", "prefixes", "commands", "clients" };
	struct buffer path = { 0 };
	int code;

	(void)words;
	if (count > 0)
		return ctl_complain("a report is chosen by filters");
	buffer_add_text(&path, "/v1/conflicts/report");
	ctl_add_filters(&path, options);
	json_t *report = ctl_ask_at(options, &path, NULL, &code);

	if (report == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(report);
	} else {
		printf("%lld conflicts, %lld of them open, %lld pairs of writes\n", ctl_count_of(report, "conflicts"), ctl_count_of(report, "open"),
		       ctl_count_of(report, "pairs"));
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			print_group(report, groups[i]);
	}
	json_decref(report);
	return code;
}

/* ---- ending ---- */

/* Bytes that are no UTF-8 go in base64. */
static void set_with(json_t *body, const char *with)
{
	json_t *text = json_string(with);

	if (text == NULL) {
		struct buffer encoded = { 0 };

		base64_encode(slice_of(with), &encoded);
		text = json_stringn(encoded.ptr, encoded.len);
		buffer_free(&encoded);
		json_object_set_new(body, "with_encoding", json_string("base64"));
	}
	json_object_set_new(body, "with", text);
}

static json_t *filter_of(const struct ctl_options *options)
{
	json_t *filter = json_object();

	for (unsigned i = 0; i < options->filter_count; i++)
		json_object_set_new(filter, options->filters[i].name, json_string(options->filters[i].value));
	return filter;
}

/* ID is NULL for many. BODY is taken over. */
static int order(const struct ctl_options *options, const char *id, const char *verb, json_t *body)
{
	struct buffer path = { 0 };
	const char *user = getenv("USER");
	int code;

	buffer_add_text(&path, "/v1/conflicts/");
	if (id != NULL) {
		add_escaped(&path, id);
		buffer_add_byte(&path, '/');
	} else {
		json_object_set_new(body, "filter", filter_of(options));
	}
	buffer_add_text(&path, verb);
	if (user != NULL)
		json_object_set_new(body, "by", json_string(user));
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *answer = ctl_ask_at(options, &path, text, &code);

	free(text);
	json_decref(body);
	if (answer == NULL)
		return code;
	if (options->is_json)
		ctl_print_json(answer);
	else
		printf("%lld done, %lld refused%s%s\n", ctl_count_of(answer, "done"), ctl_count_of(answer, "refused"),
		       *ctl_text_of(answer, "error") != '\0' ? ": " : "", ctl_text_of(answer, "error"));
	code = ctl_count_of(answer, "refused") > 0 ? EXIT_WRONG : EXIT_SUCCESS;
	json_decref(answer);
	return code;
}

/* What is ended is named by an id, or by filters. */
static bool is_aimed(const struct ctl_options *options, bool has_id)
{
	if (has_id == (options->filter_count == 0))
		return true;
	ctl_complain(has_id ? "give an id or filters, not both" : "which? give an ID, or filters: --match '*' is every one that is open");
	return false;
}

/* With filters all words are the choice, else the first one is the id. */
static int run_resolve(const struct ctl_options *options, int count, char **words)
{
	bool has_id = options->filter_count == 0;
	int choice = has_id ? 1 : 0;

	if (count <= choice || count > choice + 2)
		return ctl_complain("resolve how? conflicts resolve ID|FILTERS winner|side DOT|value VALUE|remove|rule RULE");
	json_t *body = json_object();

	json_object_set_new(body, "choice", json_string(words[choice]));
	if (count > choice + 1)
		set_with(body, words[choice + 1]);
	return order(options, has_id ? words[0] : NULL, "resolve", body);
}

static int run_ignore(const struct ctl_options *options, int count, char **words)
{
	if (count > 1 || !is_aimed(options, count == 1))
		return EXIT_UNKNOWN;
	return order(options, count == 1 ? words[0] : NULL, "ignore", json_object());
}

static int run_retry(const struct ctl_options *options, int count, char **words)
{
	if (count > 1 || !is_aimed(options, count == 1))
		return EXIT_UNKNOWN;
	return order(options, count == 1 ? words[0] : NULL, "retry", json_object());
}

/* ---- explaining ---- */

int ctl_explain(const struct ctl_options *options, int count, char **words)
{
	struct buffer path = { 0 };
	json_t *line;
	size_t i;
	int code;

	if (count != 1)
		return ctl_complain("explain which key? explain KEY [--field FIELD] [--db N]");
	buffer_add_text(&path, "/v1/explain");
	ctl_add_argument(&path, "key", words[0]);
	if (options->field != NULL)
		ctl_add_argument(&path, "field", options->field);
	if (options->db != NULL)
		ctl_add_argument(&path, "db", options->db);
	json_t *answer = ctl_ask_at(options, &path, NULL, &code);

	if (answer == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(answer);
	} else {
		json_array_foreach(json_object_get(answer, "lines"), i, line) {
			const char *text = json_is_string(line) ? json_string_value(line) : ctl_text_of(line, "base64");

			printf("%s%s\n", json_is_string(line) ? "" : "base64:", text);
		}
	}
	json_decref(answer);
	return code;
}
