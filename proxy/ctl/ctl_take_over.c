#include "ctl_take_over.h"

#include "ctl_ask.h"
#include "ctl_print.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 200

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
	(void)number;
	is_interrupted = 1;
}

struct taking {
	const struct ctl_call *call;
	char *from;                  /* owned: the home; NULL: it is no peer of the new one, so nothing is known of it */
	long long dead_in_ms;        /* how much longer it has to be silent; 0: it is dead, as far as the new home can tell */
	long long staleness_ms;      /* -1: unknown */
};

/* Asks the new home of the old one. */
static int look(struct taking *taking)
{
	int code;
	json_t *status = ctl_ask_status(taking->call->options, &code);

	if (status == NULL)
		return code;
	const json_t *peer = json_object_get(json_object_get(status, "peers"), taking->from), *staleness = json_object_get(peer, "staleness_ms");

	if (strcmp(ctl_text_of(status, "dc"), taking->call->options->to) != 0)
		code = ctl_complain("only %s itself knows what it lacks: give this order at its sidecar, with --admin", taking->call->options->to);
	taking->dead_in_ms = peer == NULL ? 0 : ctl_count_of(peer, "dead_in_ms");
	taking->staleness_ms = json_is_integer(staleness) ? json_integer_value(staleness) : -1;
	if (peer == NULL) {
		free(taking->from);
		taking->from = NULL;
	}
	json_decref(status);
	return code;
}

static int find_home(struct taking *taking)
{
	struct buffer path = { 0 };
	int code;

	buffer_add_text(&path, "/v1/homes/");
	ctl_add_escaped(&path, taking->call->words[0]);
	json_t *home = ctl_ask(taking->call->options, &path, NULL, &code);

	if (home == NULL)
		return code;
	taking->from = strdup(ctl_text_of(home, "home"));
	json_decref(home);
	return code;
}

/* The recovery point: what was written behind it is what the take-over passes by. */
static void state_loss(const struct taking *taking)
{
	const char *from = taking->from;
	struct buffer age = { 0 };
	char time_text[32];

	if (taking->staleness_ms < 0) {
		fprintf(stderr, "Nobody knows up to when what %s wrote is known here. ", from);
	} else {
		time_t at = (time_t)((ctl_now_ms() - taking->staleness_ms) / 1000);
		struct tm parts;

		strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
		ctl_add_ms(&age, taking->staleness_ms);
		fprintf(stderr, "All that %s wrote until %s is known here. What %s wrote in the last %.*s is not known here. ", from, time_text, from, (int)age.len, age.ptr);
	}
	fprintf(stderr, "When %s is back, homeportctl conflicts list --kind stranded lists it.\n", from);
	buffer_free(&age);
}

static void show_wait(const struct taking *taking, bool is_first)
{
	struct buffer rest = { 0 };
	bool is_terminal = isatty(STDERR_FILENO);

	ctl_add_ms(&rest, taking->dead_in_ms);
	if (is_terminal || is_first)
		fprintf(stderr, "%s%s was heard lately; it is taken to be dead if it is silent for %.*s more (Ctrl-C: nothing happens)   %s", is_terminal ? "\r" : "",
		        taking->from, (int)rest.len, rest.ptr, is_terminal ? "" : "\n");
	buffer_free(&rest);
}

/* Until the home has been silent for long enough; or it is heard, and so is alive. */
static int await_silence(struct taking *taking)
{
	long long last_ms = taking->dead_in_ms;
	int code = EXIT_SUCCESS;

	for (bool is_first = true; code == EXIT_SUCCESS && taking->from != NULL && taking->dead_in_ms > 0 && !is_interrupted; is_first = false) {
		show_wait(taking, is_first);
		nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
		code = look(taking);
		if (code == EXIT_SUCCESS && taking->dead_in_ms > last_ms)
			code = ctl_complain("%s is the home of %s, and alive: without --force nothing is lost; --now takes the user over all the same", taking->from,
			                    taking->call->words[0]);
		last_ms = taking->dead_in_ms;
	}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (code == EXIT_SUCCESS && is_interrupted)
		code = ctl_complain("cancelled: %s lives where he lived", taking->call->words[0]);
	return code;
}

int ctl_prepare_take_over(const struct ctl_call *call)
{
	struct taking taking = { .call = call };
	int code = find_home(&taking);

	if (code == EXIT_SUCCESS)
		code = look(&taking);
	if (code == EXIT_SUCCESS && taking.from != NULL && taking.dead_in_ms > 0 && !call->options->is_now) {
		signal(SIGINT, interrupt);
		signal(SIGTERM, interrupt);
		code = await_silence(&taking);
	}
	if (code == EXIT_SUCCESS && taking.from != NULL)
		state_loss(&taking);
	free(taking.from);
	return code;
}
