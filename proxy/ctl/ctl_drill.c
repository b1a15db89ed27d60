#include "ctl_drill.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_print.h"
#include "drill_moves.h"
#include "drill_tell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RATE_DEFAULT 200                 /* users a second */
#define CANARIES_MS 10000                /* so long one more write of each canary is waited for */

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

/* ---- what is asked for ---- */

static bool read_limits(struct drill *drill, const char *text, struct buffer *error)
{
	char *limits = text_copy(text), *rest = limits, *limit;
	bool is_good = true;

	while (is_good && (limit = strsep(&rest, ",")) != NULL)
		is_good = drill_limit_read(drill, limit, error);
	memory_free(limits);
	return is_good;
}

/* EXIT_SUCCESS, or why not was said. */
static int read_options(struct running *running, const struct ctl_call *call)
{
	const struct ctl_options *options = call->options;
	struct buffer error = { 0 };
	int64_t rate = RATE_DEFAULT;

	if (options->from == NULL || options->to == NULL || strcmp(options->from, options->to) == 0)
		return ctl_complain("from where, and where to? write drill --from DATACENTER --to DATACENTER");
	if (options->rate != NULL && (!slice_to_int64(slice_of(options->rate), &rate) || rate < 1 || rate > 100000))
		return ctl_complain("--rate: '%s' is no number of users a second from 1 to 100000", options->rate);
	if (options->hold != NULL && !value_read_duration(options->hold, &running->hold_ms))
		return ctl_complain("--hold: '%s' is no time, write one with a unit: 500ms or 2s", options->hold);
	if (options->abort_if != NULL && !read_limits(&running->drill, options->abort_if, &error)) {
		int code = ctl_complain("--abort-if: %.*s", (int)error.len, error.ptr);

		buffer_free(&error);
		return code;
	}
	running->options = options;
	running->rate = (uint64_t)rate;
	running->drill.from = options->from;
	running->drill.to = options->to;
	return EXIT_SUCCESS;
}

/* ---- who is moved ---- */

static json_t *ask_users(const struct running *running, const char *cursor, int *code)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/homes/users");
	ctl_add_argument(&path, "home", running->drill.from);
	ctl_add_argument(&path, "cursor", cursor);
	ctl_add_filters(&path, running->options);
	return ctl_ask(running->options, &path, NULL, code);
}

static int list_users(struct running *running)
{
	char *cursor = text_copy("0");
	int code = EXIT_SUCCESS;

	do {
		json_t *answer = ask_users(running, cursor, &code), *user;
		size_t i;

		if (answer == NULL)
			break;
		json_array_foreach(json_object_get(answer, "users"), i, user)
			if (json_is_string(user))
				drill_add_user(&running->drill, json_string_value(user));
		memory_free(cursor);
		cursor = text_copy(ctl_text_of(answer, "cursor"));
		json_decref(answer);
	} while (strcmp(cursor, "0") != 0 && *cursor != '\0');
	memory_free(cursor);
	drill_sort_users(&running->drill);
	return code;
}

/* ---- the order ---- */

/* Canaries who live there are moved with the others, whether or not their keys are known there yet. */
static void add_canaries(struct running *running)
{
	for (unsigned i = 0; i < canaries_count(running->canaries); i++)
		drill_add_user(&running->drill, canaries_user(running->canaries, i));
}

/* Returns how to exit. Whatever happens in between, the source is healed at the end. */
static int move_all(struct running *running)
{
	struct drill *drill = &running->drill;
	int code = EXIT_SUCCESS;

	if (running->options->is_isolated)
		running->cut = cut_begin(running->options, &drill->cut, running->is_interrupted, &code);
	if (code == EXIT_SUCCESS && !drill_is_to_stop(running))
		code = drill_move_there(running);
	if (code != EXIT_SUCCESS && drill->ended_by == NULL)
		drill->ended_by = "an order that failed";
	if (code == EXIT_SUCCESS && drill->ended_by == NULL)
		canaries_await(running->canaries, CANARIES_MS);
	if (running->cut != NULL)
		cut_heal(running->cut, &drill->cut);
	running->cut = NULL;
	return code;
}

/* What canaries found is as grave as users who stayed. */
static bool is_sound(const struct drill *drill, bool is_isolated)
{
	struct drill_measured measured = drill_measure_canaries(drill);

	return measured.lost <= 0 && (is_isolated || measured.stale <= 0);
}

static int run(struct running *running)
{
	struct drill *drill = &running->drill;
	time_t now = time(NULL);
	struct tm parts;

	strftime(running->started, sizeof(running->started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	running->conflicts_before = drill_count_conflicts(running);
	running->began_ms = running_now_ms();
	int code = move_all(running);

	drill->is_whole = code == EXIT_SUCCESS && drill->ended_by == NULL && drill->results[DRILL_REFUSED] == 0;
	if (drill->ended_by != NULL || running->options->is_back) {
		int back = drill_move_back(running);

		drill->is_whole &= back == EXIT_SUCCESS && drill->results[DRILL_MOVED] == 0;
		canaries_await(running->canaries, CANARIES_MS);
	}
	if (running->canaries != NULL)
		drill->canaries = canaries_stop(running->canaries, &drill->canary_count);
	drill->is_whole &= is_sound(drill, running->options->is_isolated);
	int told = drill_tell(running->options, drill, running->started);

	if (code == EXIT_SUCCESS)
		code = told;
	return code != EXIT_SUCCESS ? code : drill->is_whole ? EXIT_SUCCESS : EXIT_WRONG;
}

int ctl_drill(const struct ctl_call *call)
{
	struct running running = { .hold_ms = 0, .is_interrupted = &is_interrupted };
	int code = read_options(&running, call);
	bool is_dry = call->options->is_dry_run;

	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	if (code == EXIT_SUCCESS && call->options->is_isolated)
		code = cut_check(call->options);
	if (code == EXIT_SUCCESS && call->options->canary != NULL && !is_dry)
		running.canaries = canaries_start(call->options, running.drill.from, running.drill.to, &code);
	if (code == EXIT_SUCCESS) {
		add_canaries(&running);
		code = list_users(&running);
	}
	if (code == EXIT_SUCCESS)
		code = is_dry ? drill_tell_plan(running.options, &running.drill, running.rate) : run(&running);
	canaries_free(running.canaries);
	drill_free(&running.drill);
	return code;
}
