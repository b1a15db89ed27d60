#include "ctl_homes.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_print.h"

#include <stdlib.h>
#include <string.h>

static void print_page(const json_t *answer);
static void print_homes(const json_t *answer);
static int warn_of_loss(const struct ctl_call *call);
static void print_moved(const struct ctl_call *call, const json_t *answer);

#define HEARD_MS_MIN 3000               /* a home that was heard since is not taken to be dead */

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
	if (options->is_forced && (code = warn_of_loss(call)) != EXIT_SUCCESS)
		return code;
	json_t *body = json_pack("{s:s, s:I, s:b, s:s}", "to", options->to, "hold_ms", (json_int_t)hold_ms, "force", options->is_forced, "by", "homeportctl");
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

/* Says what of the user's writes is not known at the new home, before it takes the user over. Not EXIT_SUCCESS: it does not, and why was said. */
static int warn_of_loss(const struct ctl_call *call)
{
	struct buffer path = { 0 }, unseen = { 0 };
	int code;
	json_t *status = ctl_ask_status(call->options, &code);

	if (status == NULL)
		return code;
	buffer_add_text(&path, "/v1/homes/");
	ctl_add_escaped(&path, call->words[0]);
	json_t *home = ctl_ask(call->options, &path, NULL, &code);
	const char *from = ctl_text_of(home, "home");
	const json_t *peer = json_object_get(json_object_get(status, "peers"), from), *heard = json_object_get(peer, "heartbeat_age_ms");

	if (home != NULL && strcmp(ctl_text_of(status, "dc"), call->options->to) != 0) {
		code = ctl_complain("only %s itself knows what it lacks: give this order at its sidecar, with --admin", call->options->to);
	} else if (home != NULL && !call->options->is_now && json_is_integer(heard) && json_integer_value(heard) < HEARD_MS_MIN) {
		code = ctl_complain("%s is the home of %s, and alive: without --force nothing is lost; --now takes the user over all the same", from, call->words[0]);
	} else if (home != NULL && peer != NULL) {
		if (json_is_integer(json_object_get(peer, "staleness_ms")))
			ctl_add_ms(&unseen, ctl_count_of(peer, "staleness_ms"));
		fprintf(stderr, "What %s wrote in the last %.*s is not known here. When %s is back, it may conflict with what is written from now on.\n", from,
		        unseen.len > 0 ? (int)unseen.len : (int)strlen("time, nobody knows how long,"), unseen.len > 0 ? unseen.ptr : "time, nobody knows how long,", from);
	}
	json_decref(home);
	json_decref(status);
	buffer_free(&unseen);
	return code;
}
