/* Drill cut (see drill_cut.h). */
#include "drill_cut.h"

#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_order.h"
#include "ctl_print.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define KEEP_MS 5000                 /* so long it stays cut off without another word */
#define KEEPS_A_TIME 5               /* words within that time */
#define POLL_MS 100
#define HEAL_TRIES 20                /* then it has healed by itself */
#define ARRIVAL_MS 60000             /* so long what was stranded is waited for */
#define ID_SHIFT 12                  /* JSON keeps numbers of 52 bits */

struct cut {
	const struct ctl_options *options;
	uint64_t id, began_ms;
	double stranded_before;          /* -1: unknown */
	pthread_t keeper;
	atomic_bool is_over, has_ended;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

/* ---- orders ---- */

static int order(const struct ctl_options *options, const char *word, uint64_t id)
{
	json_t *body = json_pack("{s:s, s:s, s:I, s:i, s:s}", "dc", options->from, "order", word, "id", (json_int_t)id, "keep_ms", KEEP_MS, "by", "homeportctl drill");
	char *text = json_dumps(body, JSON_COMPACT);
	struct buffer path = { 0 };
	int code;

	buffer_add_text(&path, "/v1/homes/isolation");
	json_decref(ctl_ask(options, &path, text, &code));
	free(text);
	json_decref(body);
	return code;
}

static void *keep(void *context)
{
	struct cut *cut = context;

	for (uint64_t next_ms = now_ms(); !atomic_load(&cut->is_over);) {
		if (now_ms() < next_ms) {
			pause_ms(POLL_MS);
			continue;
		}
		next_ms = now_ms() + KEEP_MS / KEEPS_A_TIME;
		if (order(cut->options, "keep", cut->id) != EXIT_WRONG)
			continue;
		atomic_store(&cut->has_ended, true);
		return NULL;
	}
	return NULL;
}

/* ---- what the new home knows of the source ---- */

struct look { long long dead_in_ms, staleness_ms; };     /* staleness -1: unknown */

static int look_at(const struct ctl_options *options, struct look *look)
{
	int code;
	json_t *status = ctl_ask_status(options, &code);
	const json_t *peer = json_object_get(json_object_get(status, "peers"), options->from), *staleness = json_object_get(peer, "staleness_ms");

	*look = (struct look){ .staleness_ms = json_is_integer(staleness) ? json_integer_value(staleness) : -1, .dead_in_ms = ctl_count_of(peer, "dead_in_ms") };
	if (status != NULL && strcmp(ctl_text_of(status, "dc"), options->to) != 0)
		code = ctl_complain("--isolate: only %s itself knows what it lacks: give this order at its sidecar, with --admin", options->to);
	else if (status != NULL && peer == NULL)
		code = ctl_complain("--isolate: %s knows no datacenter %s: name one of its peers in --from", options->to, options->from);
	json_decref(status);
	return code;
}

static double count_stranded(const struct ctl_options *options)
{
	static const char name[] = "homeport_stranded_writes_total ";
	struct buffer text = { 0 };
	double count = -1;
	int code;

	if (ctl_ask_text(options, "/metrics", &text, &code)) {
		buffer_add_byte(&text, '\0');
		for (char *rest = text.ptr, *line; (line = strsep(&rest, "\n")) != NULL;)
			if (strncmp(line, name, strlen(name)) == 0)
				count = atof(line + strlen(name));
	}
	buffer_free(&text);
	return count;
}

int cut_check(const struct ctl_options *options)
{
	struct look look;

	return look_at(options, &look);
}

/* ---- cutting ---- */

static int await_death(struct cut *cut, struct drill_cut *facts, const volatile sig_atomic_t *is_stopped)
{
	struct look look = { .dead_in_ms = 1 };
	int code = EXIT_SUCCESS;

	while (code == EXIT_SUCCESS && look.dead_in_ms > 0 && !*is_stopped && !cut_has_ended(cut)) {
		pause_ms(POLL_MS);
		code = look_at(cut->options, &look);
	}
	facts->dead_after_ms = cut_age_ms(cut);
	facts->unseen_ms = look.staleness_ms < 0 ? -1 : look.staleness_ms > (long long)facts->dead_after_ms ? look.staleness_ms - (long long)facts->dead_after_ms : 0;
	if (code != EXIT_SUCCESS || *is_stopped || cut_has_ended(cut))
		return code;
	struct buffer age = { 0 };

	ctl_add_ms(&age, facts->unseen_ms);
	if (facts->unseen_ms < 0)
		fprintf(stderr, "%s is taken to be dead. Nobody knows up to when what it wrote is known at %s\n", cut->options->from, cut->options->to);
	else
		fprintf(stderr, "%s is taken to be dead. What it wrote in the last %.*s before it was cut off is not known at %s to have arrived\n", cut->options->from, (int)age.len, age.ptr,
		        cut->options->to);
	buffer_free(&age);
	return code;
}

struct cut *cut_begin(const struct ctl_options *options, struct drill_cut *facts, const volatile sig_atomic_t *is_stopped, int *code)
{
	struct cut *cut = memory_new(sizeof(*cut));
	ssize_t got;

	*cut = (struct cut){ .options = options, .stranded_before = count_stranded(options) };
	got = getrandom(&cut->id, sizeof(cut->id), 0);
	cut->id = (got == sizeof(cut->id) ? cut->id : now_ms()) >> ID_SHIFT | 1;
	*code = order(options, "begin", cut->id);
	cut->began_ms = now_ms();
	if (*code != EXIT_SUCCESS || pthread_create(&cut->keeper, NULL, keep, cut) != 0) {
		/* The answer may be lost: nobody keeps it, so it heals. */
		memory_free(cut);
		if (*code == EXIT_SUCCESS)
			*code = ctl_complain("--isolate: no thread can be started, see what limits this machine");
		return NULL;
	}
	facts->is_on = true;
	fprintf(stderr, "%s is cut off, and refuses its clients. It heals by itself within %d s if this program ends\n", options->from, KEEP_MS / 1000);
	*code = await_death(cut, facts, is_stopped);
	return cut;
}

bool cut_has_ended(const struct cut *cut)
{
	return atomic_load(&cut->has_ended);
}

uint64_t cut_age_ms(const struct cut *cut)
{
	return now_ms() - cut->began_ms;
}

/* ---- healing ---- */

/* All that was written there before HEALED_MS is here once what is here is younger than that. */
static void await_arrival(const struct ctl_options *options, struct drill_cut *facts)
{
	uint64_t healed_ms = now_ms();

	for (uint64_t asked_ms = healed_ms; asked_ms - healed_ms < ARRIVAL_MS; asked_ms = now_ms()) {
		struct look look;

		if (look_at(options, &look) == EXIT_SUCCESS && look.staleness_ms >= 0 && (uint64_t)look.staleness_ms < asked_ms - healed_ms) {
			facts->arrived_ms = (long long)(now_ms() - healed_ms);
			return;
		}
		pause_ms(POLL_MS);
	}
}

void cut_heal(struct cut *cut, struct drill_cut *facts)
{
	unsigned tries = 0;

	atomic_store(&cut->is_over, true);
	pthread_join(cut->keeper, NULL);
	facts->has_healed_itself = cut_has_ended(cut);
	while (order(cut->options, "heal", cut->id) == EXIT_UNKNOWN && ++tries < HEAL_TRIES)
		pause_ms(KEEP_MS / KEEPS_A_TIME);
	facts->lasted_ms = cut_age_ms(cut);
	fprintf(stderr, "%s is healed; waiting until what it had written is at %s\n", cut->options->from, cut->options->to);
	facts->arrived_ms = -1;
	await_arrival(cut->options, facts);
	double stranded = count_stranded(cut->options);

	facts->stranded = facts->arrived_ms >= 0 && cut->stranded_before >= 0 && stranded >= cut->stranded_before ? (long long)(stranded - cut->stranded_before) : -1;
	memory_free(cut);
}
