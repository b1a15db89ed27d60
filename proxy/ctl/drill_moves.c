/* Drill moves (see drill_moves.h). */
#include "drill_moves.h"

#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_order.h"
#include "ctl_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_A_SECOND 5
#define BATCH_USERS 500
#define BAR_WIDTH 24
#define BACK_ROUNDS 20
#define BACK_PAUSE_MS 500

uint64_t running_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Returns early when interrupted. */
static void sleep_until(const struct running *running, uint64_t until_ms)
{
	for (uint64_t now = running_now_ms(); now < until_ms && !*running->is_interrupted; now = running_now_ms()) {
		struct timespec rest = { .tv_sec = (time_t)((until_ms - now) / 1000), .tv_nsec = (long)((until_ms - now) % 1000) * 1000000 };

		nanosleep(&rest, NULL);
	}
}

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
	uint64_t down_ms = running->cut != NULL ? cut_age_ms(running->cut) : 0;
	const char *held = running->cut != NULL ? "took_ms" : "held_ms";
	size_t i;
	int code;

	for (unsigned k = 0; k < count; k++)
		if (users[k].result == wanted)
			json_array_append_new(names, json_string(users[k].name));
	body = json_pack("{s:o, s:s, s:I, s:s, s:b}", "users", names, "to", to, "hold_ms", (json_int_t)running->hold_ms, "by", "drill", "force", running->cut != NULL);
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
		running->drill.unconfirmed += has_moved && running->cut == NULL && json_is_false(json_object_get(move, "confirmed"));
		if (wanted == DRILL_MOVED)
			drill_note(&running->drill, user, has_moved ? DRILL_BACK : DRILL_MOVED, 0, has_moved ? NULL : ctl_text_of(move, "error"));
		else
			drill_note(&running->drill, user, has_moved ? DRILL_MOVED : DRILL_REFUSED, (uint32_t)(down_ms + (uint64_t)ctl_count_of(move, held)),
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
	uint64_t passed_ms = running_now_ms() - running->began_ms;
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

long long drill_count_conflicts(const struct running *running)
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

bool drill_is_to_stop(struct running *running)
{
	const struct drill_limit *limit = drill_crossed(&running->drill);

	if (*running->is_interrupted) {
		running->drill.ended_by = "Ctrl-C";
	} else if (limit != NULL) {
		snprintf(running->crossed, sizeof(running->crossed), "%s>%llu%s", drill_measure_text(limit->measure), (unsigned long long)limit->max,
		         drill_measure_is_time(limit->measure) ? "ms" : "");
		running->drill.ended_by = running->crossed;
	} else if (running->cut != NULL && cut_has_ended(running->cut)) {
		running->drill.ended_by = "the source, which was healed before";
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
	long long conflicts = drill_count_conflicts(running);

	if (conflicts >= running->conflicts_before && running->conflicts_before >= 0)
		running->drill.conflicts = (uint64_t)(conflicts - running->conflicts_before);
}

int drill_move_there(struct running *running)
{
	struct drill *drill = &running->drill;
	unsigned batch = batch_of(running);
	int code = EXIT_SUCCESS;

	for (unsigned done = 0; done < drill->count && code == EXIT_SUCCESS && !drill_is_to_stop(running);) {
		unsigned count = drill->count - done < batch ? drill->count - done : batch;

		code = move_users(running, drill->users + done, count, DRILL_WAITS, drill->to);
		done += count;
		note_conflicts(running);
		drill_sample(drill, running_now_ms() - running->began_ms);
		show_progress(running, done, "moving");
		sleep_until(running, running->began_ms + (uint64_t)done * 1000 / running->rate);
	}
	if (drill->ended_by == NULL)
		drill_is_to_stop(running);
	if (code != EXIT_SUCCESS && drill->ended_by == NULL)
		drill->ended_by = "a sidecar that did not answer";
	drill->lasted_ms = running_now_ms() - running->began_ms;
	return code;
}

static int move_back_once(struct running *running)
{
	struct drill *drill = &running->drill;
	unsigned batch = batch_of(running);
	int code = EXIT_SUCCESS;

	running->began_ms = running_now_ms();
	for (unsigned done = 0; done < drill->count && drill->results[DRILL_MOVED] > 0; done += batch) {
		unsigned count = drill->count - done < batch ? drill->count - done : batch;
		int ended = move_users(running, drill->users + done, count, DRILL_MOVED, drill->from);

		code = ended == EXIT_SUCCESS ? code : ended;
		show_progress(running, done + count < drill->count ? done + count : drill->count, "moving back");
		sleep_until(running, running->began_ms + (uint64_t)done * 1000 / running->rate);
	}
	return code;
}

/* Where they come from may be behind for a while, above all when it was cut off: then they stay, and are moved later. */
int drill_move_back(struct running *running)
{
	int code = EXIT_SUCCESS;

	*running->is_interrupted = 0;
	for (unsigned round = 0; running->drill.results[DRILL_MOVED] > 0 && round < BACK_ROUNDS && !*running->is_interrupted; round++) {
		if (round > 0)
			sleep_until(running, running_now_ms() + BACK_PAUSE_MS);
		code = move_back_once(running);
	}
	note_conflicts(running);
	return code;
}
