#include "drill_tell.h"

#include "ctl_ask.h"
#include "ctl_order.h"
#include "ctl_print.h"
#include "drill_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define USERS_SHOWN 10

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int write_report(const struct drill *drill, const char *started, json_t *json, const char *path)
{
	struct buffer text = { 0 };
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return ctl_complain("--report: %s cannot be written: %s", path, strerror(errno));
	if (ends_with(path, ".html")) {
		drill_report_html(drill, started, &text);
		fwrite(text.ptr, 1, text.len, file);
	} else if (ends_with(path, ".json")) {
		json_dumpf(json, file, JSON_INDENT(2));
	} else {
		drill_report_text(drill, &text);
		fwrite(text.ptr, 1, text.len, file);
	}
	buffer_free(&text);
	if (fclose(file) != 0)
		return ctl_complain("--report: %s cannot be written: %s", path, strerror(errno));
	return EXIT_SUCCESS;
}

/* The sidecar that was asked makes metrics of it. */
static int post_report(const struct ctl_options *options, json_t *json)
{
	json_t *numbers = json_copy(json), *answer;
	struct buffer path = { 0 };
	int code = EXIT_SUCCESS;

	json_object_del(numbers, "failures");
	json_object_del(numbers, "timeline");
	json_object_del(numbers, "canaries");
	char *text = json_dumps(numbers, JSON_COMPACT);

	buffer_add_text(&path, "/v1/homes/drill");
	answer = ctl_ask(options, &path, text, &code);
	free(text);
	json_decref(answer);
	json_decref(numbers);
	return code;
}

int drill_tell(const struct ctl_options *options, const struct drill *drill, const char *started)
{
	json_t *json = drill_report_json(drill, started);
	struct buffer text = { 0 };
	int code = EXIT_SUCCESS, posted;

	if (options->report != NULL)
		code = write_report(drill, started, json, options->report);
	if (options->is_json) {
		ctl_print_json(json);
	} else {
		drill_report_text(drill, &text);
		fwrite(text.ptr, 1, text.len, stdout);
	}
	posted = post_report(options, json);
	buffer_free(&text);
	json_decref(json);
	return code != EXIT_SUCCESS ? code : posted;
}

int drill_tell_plan(const struct ctl_options *options, const struct drill *drill, uint64_t rate)
{
	if (options->is_json) {
		json_t *plan = json_pack("{s:s, s:s, s:i}", "from", drill->from, "to", drill->to, "users", (int)drill->count);

		ctl_print_json(plan);
		json_decref(plan);
		return EXIT_SUCCESS;
	}
	printf("%u users live in %s and would be moved to %s, %llu a second\n", drill->count, drill->from, drill->to, (unsigned long long)rate);
	for (unsigned i = 0; i < drill->count && i < USERS_SHOWN; i++)
		printf("  %s\n", drill->users[i].name);
	if (drill->count > USERS_SHOWN)
		puts("  ...");
	return EXIT_SUCCESS;
}
