/* Drill canaries (see drill_canaries.h). One thread each: while one waits, as his user is moved, the others go on. */
#include "drill_canaries.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_order.h"
#include "ctl_print.h"
#include "ctl_resp.h"
#include "proxy/core/resp/resp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CANARIES_DEFAULT 4
#define TRIED_MAX 4096               /* ids, until as many were found as live there */
#define PERIOD_MS 20                 /* between two writes of one canary */
#define PAUSE_MS 10                  /* before a write is tried again */
#define WAIT_MS 5000                 /* for an answer: a write may be held for as long as a move may */
#define CONNECT_MS 500
#define START_MS 15000
#define END_MS 20000                 /* for comparing in the end */

struct place { const char *dc; char *host; unsigned port; };     /* dc borrowed, host owned */

struct flier {                           /* a canary and what it flies with */
	struct canaries *canaries;
	struct canary canary;
	pthread_t thread;
	bool is_running;
	struct ctl_resp connections[2];
	unsigned place;                  /* where it writes */
	unsigned written_at;             /* where it has written last */
	uint64_t next;                   /* number of the next write */
	atomic_uint written;             /* how often, for whoever waits */
};

struct canaries {
	struct place places[2];          /* where they live, and where they are moved to */
	char *login;                     /* owned; NULL: none is needed */
	struct flier *fliers;            /* owned */
	unsigned count;
	atomic_bool is_over;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 1000000 }, NULL);
}

/* ---- one canary ---- */

static struct slice ask(struct flier *flier, unsigned argc, const struct slice *argv)
{
	struct ctl_resp *connection = &flier->connections[flier->place];
	const struct place *place = &flier->canaries->places[flier->place];

	if (connection->fd < 0 && !ctl_resp_open(connection, place->host, place->port, flier->canaries->login, CONNECT_MS))
		return (struct slice){ NULL, 0 };
	return ctl_resp_ask(connection, argc, argv, WAIT_MS);
}

/* Asks where he lives, and goes there. False: nobody says; the other place is tried next. */
static bool go_home(struct flier *flier)
{
	const struct slice argv[] = { SLICE("HOMEPORT"), SLICE("HOME"), slice_of(flier->canary.user) };
	struct slice reply = ask(flier, 3, argv);
	struct reply part;

	if (reply.len == 0 || reply_is_error(reply) || !reply_read(&reply, &part)) {
		flier->place = 1 - flier->place;
		return false;
	}
	bool is_home = false;

	while (reply_read(&reply, &part)) {
		for (unsigned i = 0; is_home && i < 2; i++)
			if (slice_equal(part.text, slice_of(flier->canaries->places[i].dc)))
				flier->place = i;
		is_home = part.type == REPLY_STRING && slice_equal(part.text, SLICE("home"));
	}
	return true;
}

/* Which of his writes are where he is; NULL: it does not answer. */
static bool *list_writes(struct flier *flier)
{
	const struct slice argv[] = { SLICE("HKEYS"), slice_of(flier->canary.key) };
	struct slice reply = ask(flier, 2, argv);
	struct reply part;

	if (reply.len == 0 || reply_is_error(reply) || !reply_read(&reply, &part))
		return NULL;
	bool *is_there = memory_new(flier->next + 1);

	while (reply_read(&reply, &part)) {
		int64_t number;

		if (slice_to_int64(part.text, &number) && number >= 0 && (uint64_t)number < flier->next)
			is_there[number] = true;
	}
	return is_there;
}

/* At a new home: what is there of all that was acknowledged elsewhere? */
static bool compare_at_switch(struct flier *flier)
{
	bool *is_there = list_writes(flier);

	if (is_there == NULL)
		return false;
	canary_note_switch(&flier->canary, is_there, flier->next);
	memory_free(is_there);
	flier->written_at = flier->place;
	return true;
}

static void read_last(struct flier *flier)
{
	char field[24];

	if (flier->canary.count == 0)
		return;
	snprintf(field, sizeof(field), "%llu", (unsigned long long)flier->canary.writes[flier->canary.count - 1].number);
	const struct slice argv[] = { SLICE("HGET"), slice_of(flier->canary.key), slice_of(field) };
	struct slice reply = ask(flier, 3, argv);
	struct reply value;

	if (reply.len > 0 && reply_read(&reply, &value) && (value.type == REPLY_STRING || value.type == REPLY_NIL))
		canary_note_read(&flier->canary, value.type == REPLY_STRING);
}

/* One try, under a number of its own: whatever becomes of one that fails, it was not acknowledged. */
static bool write_once(struct flier *flier, uint64_t began_ms)
{
	char field[24];
	struct reply answer;

	snprintf(field, sizeof(field), "%llu", (unsigned long long)flier->next);
	const struct slice argv[] = { SLICE("HSET"), slice_of(flier->canary.key), slice_of(field), SLICE("1") };
	uint64_t number = flier->next++;
	struct slice reply = ask(flier, 4, argv);

	if (reply.len == 0)
		flier->place = 1 - flier->place;
	if (reply.len == 0 || !reply_read(&reply, &answer) || answer.type != REPLY_INTEGER)
		return false;
	canary_note_write(&flier->canary, number, began_ms, now_ms());
	atomic_fetch_add(&flier->written, 1);
	return true;
}

static void *fly(void *context)
{
	struct flier *flier = context;
	uint64_t began_ms = now_ms();

	while (!atomic_load(&flier->canaries->is_over)) {
		if (!go_home(flier) || (flier->place != flier->written_at && !compare_at_switch(flier))) {
			pause_ms(PAUSE_MS);
			continue;
		}
		read_last(flier);
		if (!write_once(flier, began_ms)) {
			pause_ms(PAUSE_MS);
			continue;
		}
		pause_ms(PERIOD_MS);
		began_ms = now_ms();
	}
	return NULL;
}

/* ---- all ---- */

static int find_places(struct canaries *canaries, const struct ctl_options *options)
{
	int code;
	json_t *status = ctl_ask_status(options, &code);
	const json_t *addresses = json_object_get(json_object_get(status, "homes"), "addresses");

	for (unsigned i = 0; status != NULL && i < 2; i++) {
		struct settings_address address = { 0 };
		struct place *place = &canaries->places[i];
		bool is_own = strcmp(place->dc, ctl_text_of(status, "dc")) == 0;

		if (!value_read_address(ctl_text_of(addresses, place->dc), &address) || address.port == 0 || address.is_tls)
			code = ctl_complain("--canary: there is no address HOST:PORT of datacenter %s in /v1/status; canaries do not speak TLS", place->dc);
		else
			/* It may listen on all addresses that it has. */
			*place = (struct place){ place->dc, text_copy(is_own && (strcmp(address.host, "0.0.0.0") == 0 || strcmp(address.host, "::") == 0) ? options->admin.host : address.host), address.port };
		memory_free(address.host);
	}
	json_decref(status);
	return code;
}

/* KEY is --canary with a number in place of {n}. Adds him if he lives where the drill begins. */
static int try_canary(struct canaries *canaries, const struct ctl_options *options, unsigned number)
{
	const char *hole = strstr(options->canary, "{n}");
	struct buffer key = { 0 }, path = { 0 };
	int code;

	buffer_add_format(&key, "%.*s%u%s", (int)(hole - options->canary), options->canary, number, hole + strlen("{n}"));
	buffer_add_byte(&key, '\0');
	buffer_add_text(&path, "/v1/homes");
	ctl_add_argument(&path, "key", key.ptr);
	json_t *answer = ctl_ask(options, &path, NULL, &code);
	const json_t *home = json_array_get(json_object_get(answer, "homes"), 0);

	if (answer != NULL && strcmp(ctl_text_of(home, "home"), canaries->places[0].dc) == 0) {
		struct flier *flier = &canaries->fliers[canaries->count++];

		*flier = (struct flier){ .canaries = canaries, .connections = { CTL_RESP_CLOSED, CTL_RESP_CLOSED } };
		flier->canary.user = text_copy(ctl_text_of(home, "user"));
		flier->canary.key = text_copy(key.ptr);
	}
	json_decref(answer);
	buffer_free(&key);
	return code;
}

static int find_canaries(struct canaries *canaries, const struct ctl_options *options)
{
	int64_t wanted = CANARIES_DEFAULT;
	int code = EXIT_SUCCESS;

	if (strstr(options->canary, "{n}") == NULL)
		return ctl_complain("--canary: '%s' has no {n}, where the number of a canary goes: write a key of a pattern of `homes`, as user:canary-{n}:drill", options->canary);
	if (options->canaries != NULL && (!slice_to_int64(slice_of(options->canaries), &wanted) || wanted < 1 || wanted > CANARIES_MAX))
		return ctl_complain("--canaries: '%s' is no number from 1 to %u", options->canaries, CANARIES_MAX);
	canaries->fliers = memory_new((size_t)wanted * sizeof(*canaries->fliers));
	for (unsigned number = 0; code == EXIT_SUCCESS && canaries->count < (unsigned)wanted && number < TRIED_MAX; number++)
		code = try_canary(canaries, options, number);
	if (code == EXIT_SUCCESS && canaries->count == 0)
		code = ctl_complain("--canary: nobody of that name lives in %s, up to %u: choose another one", canaries->places[0].dc, TRIED_MAX);
	return code;
}

static int launch(struct canaries *canaries)
{
	for (unsigned i = 0; i < canaries->count; i++) {
		struct flier *flier = &canaries->fliers[i];

		flier->is_running = pthread_create(&flier->thread, NULL, fly, flier) == 0;
		if (!flier->is_running)
			return ctl_complain("--canary: no thread can be started, see what limits this machine");
	}
	canaries_await(canaries, START_MS);
	for (unsigned i = 0; i < canaries->count; i++)
		if (atomic_load(&canaries->fliers[i].written) == 0)
			return ctl_complain("--canary: %s cannot be written at %s:%u, see that clients can connect there without TLS, and --canary-login", canaries->fliers[i].canary.key,
			                    canaries->places[0].host, canaries->places[0].port);
	return EXIT_SUCCESS;
}

struct canaries *canaries_start(const struct ctl_options *options, const char *from, const char *to, int *code)
{
	struct canaries *canaries = memory_new(sizeof(*canaries));
	struct buffer error = { 0 };

	*canaries = (struct canaries){ .places = { { .dc = from }, { .dc = to } } };
	*code = EXIT_SUCCESS;
	if (options->canary_login != NULL) {
		canaries->login = value_read_file(options->canary_login, ".", &error);
		if (canaries->login == NULL)
			*code = ctl_complain("--canary-login: %.*s", (int)error.len, error.ptr);
	}
	buffer_free(&error);
	if (*code == EXIT_SUCCESS)
		*code = find_places(canaries, options);
	if (*code == EXIT_SUCCESS)
		*code = find_canaries(canaries, options);
	if (*code == EXIT_SUCCESS)
		*code = launch(canaries);
	if (*code == EXIT_SUCCESS)
		return canaries;
	canaries_free(canaries);
	return NULL;
}

unsigned canaries_count(const struct canaries *canaries)
{
	return canaries != NULL ? canaries->count : 0;
}

const char *canaries_user(const struct canaries *canaries, unsigned index)
{
	return canaries->fliers[index].canary.user;
}

void canaries_await(struct canaries *canaries, unsigned wait_ms)
{
	uint64_t until_ms = now_ms() + wait_ms;

	for (unsigned i = 0; canaries != NULL && i < canaries->count; i++) {
		unsigned before = atomic_load(&canaries->fliers[i].written);

		while (atomic_load(&canaries->fliers[i].written) == before && now_ms() < until_ms)
			pause_ms(PAUSE_MS);
	}
}

static void land(struct flier *flier)
{
	uint64_t until_ms = now_ms() + END_MS;
	const struct slice argv[] = { SLICE("DEL"), slice_of(flier->canary.key) };
	bool *is_there = NULL;

	if (flier->canary.count == 0)
		return;
	while (is_there == NULL && now_ms() < until_ms) {
		if (go_home(flier))
			is_there = list_writes(flier);
		if (is_there == NULL)
			pause_ms(PAUSE_MS);
	}
	if (is_there != NULL) {
		canary_note_end(&flier->canary, is_there, flier->next);
		ask(flier, 2, argv);
	}
	memory_free(is_there);
}

static void stop(struct canaries *canaries)
{
	atomic_store(&canaries->is_over, true);
	for (unsigned i = 0; i < canaries->count; i++) {
		if (canaries->fliers[i].is_running)
			pthread_join(canaries->fliers[i].thread, NULL);
		canaries->fliers[i].is_running = false;
	}
}

struct canary *canaries_stop(struct canaries *canaries, unsigned *count)
{
	struct canary *noted = memory_new(canaries->count * sizeof(*noted));

	stop(canaries);
	*count = canaries->count;
	for (unsigned i = 0; i < canaries->count; i++) {
		land(&canaries->fliers[i]);
		noted[i] = canaries->fliers[i].canary;
		canaries->fliers[i].canary = (struct canary){ 0 };
	}
	return noted;
}

void canaries_free(struct canaries *canaries)
{
	if (canaries == NULL)
		return;
	stop(canaries);
	for (unsigned i = 0; i < canaries->count; i++) {
		canary_free(&canaries->fliers[i].canary);
		ctl_resp_close(&canaries->fliers[i].connections[0]);
		ctl_resp_close(&canaries->fliers[i].connections[1]);
	}
	for (unsigned i = 0; i < 2; i++)
		memory_free(canaries->places[i].host);
	memory_free(canaries->login);
	memory_free(canaries->fliers);
	memory_free(canaries);
}
