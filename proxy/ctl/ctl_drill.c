#include "ctl_drill.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_print.h"
#include "drill_tell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RATE_DEFAULT 200                 /* users a second */
#define BATCHES_A_SECOND 5
#define BATCH_USERS 500
#define BAR_WIDTH 24

struct running {
	const struct ctl_options *options;
	struct drill drill;
	uint64_t rate, hold_ms;
	uint64_t began_ms;           /* of a clock that nobody sets */
	long long conflicts_before;
	char started[32];
	char crossed[64];            /* the limit that stopped it */
};

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Returns early when interrupted. */
static void sleep_until(uint64_t until_ms)
{
	for (uint64_t now = now_ms(); now < until_ms && !is_interrupted; now = now_ms()) {
		struct timespec rest = { .tv_sec = (time_t)((until_ms - now) / 1000), .tv_nsec = (long)((until_ms - now) % 1000) * 1000000 };

		nanosleep(&rest, NULL);
	}
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

/* ---- moving ---- */

static struct drill_user *find_user(struct drill_user *users, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(users[i].name, name) == 0)
			return &users[i];
	return NULL;
}

/* Orders the moves of those of the COUNT users that are in the state WANTED, and waits for the answers. Returns how to exit. */
static int move_users(struct running *running, struct drill_user *users, unsigned count, enum drill_result wanted, const char *to)
{
	json_t *names = json_array(), *body, *answer, *moves, *move;
	struct buffer path = { 0 };
	size_t i;
	int code;

	for (unsigned k = 0; k < count; k++)
		if (users[k].result == wanted)
			json_array_append_new(names, json_string(users[k].name));
	body = json_pack("{s:o, s:s, s:I, s:s}", "users", names, "to", to, "hold_ms", (json_int_t)running->hold_ms, "by", "drill");
	char *text = json_dumps(body, JSON_COMPACT);

	buffer_add_text(&path, "/v1/homes");
	answer = ctl_ask(running->options, &path, text, &code);
	free(text);
	json_decref(body);
	if (answer == NULL)
		return code;
	moves = json_object_get(answer, "moves");
	json_array_foreach(moves, i, move) {
		struct drill_user *user = find_user(users, count, ctl_text_of(move, "user"));
		bool has_moved = json_is_true(json_object_get(move, "moved"));

		if (user == NULL)
			continue;
		running->drill.unconfirmed += has_moved && json_is_false(json_object_get(move, "confirmed"));
		if (wanted == DRILL_MOVED)
			drill_note(&running->drill, user, has_moved ? DRILL_BACK : DRILL_MOVED, 0, has_moved ? NULL : ctl_text_of(move, "error"));
		else
			drill_note(&running->drill, user, has_moved ? DRILL_MOVED : DRILL_REFUSED, (uint32_t)ctl_count_of(move, "took_ms"),
			           has_moved ? NULL : ctl_text_of(move, "error"));
	}
	json_decref(answer);
	return EXIT_SUCCESS;
}

/* ---- while it runs ---- */

static void show_progress(const struct running *running, unsigned done, const char *what)
{
	const struct drill *drill = &running->drill;
	unsigned filled = drill->count == 0 ? BAR_WIDTH : done * BAR_WIDTH / drill->count;
	uint64_t passed_ms = now_ms() - running->began_ms;
	struct buffer rest = { 0 };

	if (!isatty(STDERR_FILENO))
		return;
	ctl_add_ms(&rest, done == 0 ? 0 : (long long)(passed_ms * (drill->count - done) / done));
	fprintf(stderr, "\r%s [%.*s%*s] %u/%u  %u stayed  p99 %u ms  %.*s left   ", what, (int)filled, "########################", (int)(BAR_WIDTH - filled), "", done,
	        drill->count, drill->results[DRILL_REFUSED], drill_took(drill, 990), (int)rest.len, rest.ptr);
	if (done == drill->count)
		fputc('\n', stderr);
	buffer_free(&rest);
}

/* All conflicts that the sidecar has counted; -1: it does not answer. */
static long long count_conflicts(const struct running *running)
{
	struct buffer text = { 0 };
	long long count = 0;
	int code;

	if (!ctl_ask_text(running->options, "/metrics", &text, &code)) {
		buffer_free(&text);
		return -1;
	}
	buffer_add_byte(&text, '\0');
	for (char *rest = text.ptr, *line; (line = strsep(&rest, "\n")) != NULL;) {
		const char *value = strrchr(line, ' ');

		if (strncmp(line, "homeport_conflicts_total{", strlen("homeport_conflicts_total{")) == 0 && value != NULL)
			count += atoll(value);
	}
	buffer_free(&text);
	return count;
}

static bool is_to_stop(struct running *running)
{
	const struct drill_limit *limit = drill_crossed(&running->drill);

	if (is_interrupted) {
		running->drill.ended_by = "Ctrl-C";
	} else if (limit != NULL) {
		snprintf(running->crossed, sizeof(running->crossed), "%s>%llu%s", drill_measure_text(limit->measure), (unsigned long long)limit->max,
		         drill_measure_is_time(limit->measure) ? "ms" : "");
		running->drill.ended_by = running->crossed;
	}
	return running->drill.ended_by != NULL;
}

static unsigned batch_of(const struct running *running)
{
	uint64_t batch = (running->rate + BATCHES_A_SECOND - 1) / BATCHES_A_SECOND;

	return batch < BATCH_USERS ? (unsigned)batch : BATCH_USERS;
}

static void note_conflicts(struct running *running)
{
	long long conflicts = count_conflicts(running);

	if (conflicts >= running->conflicts_before && running->conflicts_before >= 0)
		running->drill.conflicts = (uint64_t)(conflicts - running->conflicts_before);
}

static int move_there(struct running *running)
{
	struct drill *drill = &running->drill;
	unsigned batch = batch_of(running);
	int code = EXIT_SUCCESS;

	for (unsigned done = 0; done < drill->count && code == EXIT_SUCCESS && !is_to_stop(running);) {
		unsigned count = drill->count - done < batch ? drill->count - done : batch;

		code = move_users(running, drill->users + done, count, DRILL_WAITS, drill->to);
		done += count;
		note_conflicts(running);
		drill_sample(drill, now_ms() - running->began_ms);
		show_progress(running, done, "moving");
		sleep_until(running->began_ms + (uint64_t)done * 1000 / running->rate);
	}
	if (drill->ended_by == NULL)
		is_to_stop(running);
	if (code != EXIT_SUCCESS && drill->ended_by == NULL)
		drill->ended_by = "a sidecar that did not answer";
	drill->lasted_ms = now_ms() - running->began_ms;
	return code;
}

/* Those who moved go back. Ctrl-C does not stop this: it is what Ctrl-C is for. */
static int move_back(struct running *running)
{
	struct drill *drill = &running->drill;
	unsigned batch = batch_of(running);
	int code = EXIT_SUCCESS;

	is_interrupted = 0;
	running->began_ms = now_ms();
	for (unsigned done = 0; done < drill->count && drill->results[DRILL_MOVED] > 0; done += batch) {
		unsigned count = drill->count - done < batch ? drill->count - done : batch;
		int ended = move_users(running, drill->users + done, count, DRILL_MOVED, drill->from);

		code = ended == EXIT_SUCCESS ? code : ended;
		show_progress(running, done + count < drill->count ? done + count : drill->count, "moving back");
		sleep_until(running->began_ms + (uint64_t)done * 1000 / running->rate);
	}
	note_conflicts(running);
	return code;
}

/* ---- the order ---- */

static int run(struct running *running)
{
	struct drill *drill = &running->drill;
	time_t now = time(NULL);
	struct tm parts;

	strftime(running->started, sizeof(running->started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	running->conflicts_before = count_conflicts(running);
	running->began_ms = now_ms();
	int code = move_there(running);

	drill->is_whole = code == EXIT_SUCCESS && drill->ended_by == NULL && drill->results[DRILL_REFUSED] == 0;

	if (drill->ended_by != NULL || running->options->is_back) {
		int back = move_back(running);

		drill->is_whole &= back == EXIT_SUCCESS && drill->results[DRILL_MOVED] == 0;
	}
	int told = drill_tell(running->options, drill, running->started);

	if (code == EXIT_SUCCESS)
		code = told;
	return code != EXIT_SUCCESS ? code : drill->is_whole ? EXIT_SUCCESS : EXIT_WRONG;
}

int ctl_drill(const struct ctl_call *call)
{
	struct running running = { .hold_ms = 0 };
	int code = read_options(&running, call);

	if (code == EXIT_SUCCESS)
		code = list_users(&running);
	if (code == EXIT_SUCCESS)
		code = running.options->is_dry_run ? drill_tell_plan(running.options, &running.drill, running.rate) : run(&running);
	drill_free(&running.drill);
	return code;
}
