/* Store life: from connecting to failing. The store has three pipelines (RESP2, RESP3, notifications of expired keys), which open, work and fail together.
 * Failing takes two steps: fail() may be called from any callback and only notes why; the loop then calls tear_down(), which
 * frees the pipelines and calls `lost` or `waiting`. Between the two steps nothing is handed out. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "connectors/net/timer.h"
#include "expired_notice.h"
#include "store_state.h"

#define RETRY_MS_FIRST 10
#define FACTS_EVERY_MS 2000

static char *copy_text(const char *text);
static void dial_pipelines(void *context);
static void pipeline_connected(void *context, struct pipeline *pipeline);
static void pipeline_closed(void *context, struct pipeline *pipeline, const char *why);
static void pipeline_replied(void *context, uint64_t tag, struct slice reply);
static void pipeline_pushed(void *context, struct slice push);
static void pipeline_answered(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count,
                          struct slice error);
static void pipeline_fed(void *context);
static void pipeline_forgot(void *context, struct pipeline *pipeline);
static void guards_failed(void *context, const char *why);
static void go_on_opening(struct store *store, enum opening_state state);
static void finish_opening(struct store *store);
static void refresh_facts(void *context);
static void take_facts(struct store *store, struct slice reply);
static void look(void *context);
static void set_gates(struct store *store);
static void fail(struct store *store, const char *why);
static void tear_down(void *context);
static void free_pipelines(struct store *store);

struct store *store_new(const struct store_options *options, const struct store_callbacks *callbacks)
{
	struct store *store = memory_new(sizeof *store);
	store->options = *options;
	store->options.username = copy_text(options->username);
	store->options.password = copy_text(options->password);
	store->options.dc = copy_text(options->dc);
	store->callbacks = *callbacks;
	store->retry = timer_new(options->loop, dial_pipelines, store);
	store->tear_down = timer_new(options->loop, tear_down, store);
	store->refresh = timer_new(options->loop, refresh_facts, store);
	store->look = timer_new(options->loop, look, store);
	store->retry_ms = RETRY_MS_FIRST;
	store->guards = guards_new(&(struct guards_options){ &store->options, store, pipeline_answered, pipeline_fed, guards_failed });
	timer_start(store->retry, 0);
	return store;
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	timer_free(store->retry);
	timer_free(store->tear_down);
	timer_free(store->refresh);
	timer_free(store->look);
	free_pipelines(store);
	guards_free(store->guards);
	memory_free((void *)store->options.username);
	memory_free((void *)store->options.password);
	memory_free((void *)store->options.dc);
	memory_free(store);
}

void store_reopen(struct store *store, const char *why)
{
	if (!store->is_open)
		return;
	fail(store, why);
	timer_stop(store->tear_down);
	tear_down(store);
}

void store_move(struct store *store, const char *why)
{
	store->retry_ms = RETRY_MS_FIRST;
	fail(store, why);
}

static char *copy_text(const char *text)
{
	return text != NULL ? strcpy(memory_new(strlen(text) + 1), text) : NULL;
}

static void dial_pipelines(void *context)
{
	struct store *store = context;
	struct pipeline_options options = {
		.loop = store->options.loop,
		.endpoint = store->options.endpoint,
		.attempt = store->attempt++,
		.reply_bytes_max = store->options.reply_bytes_max,
	};
	struct pipeline_callbacks callbacks = { store, pipeline_connected, pipeline_closed, pipeline_replied, pipeline_pushed, pipeline_answered, pipeline_fed, pipeline_forgot };
	store->connected_count = 0;
	silence_connect(&store->silence);
	timer_start(store->look, store->options.timeout_ms / SILENCE_LOOKS);
	for (unsigned i = 0; i < PIPELINE_COUNT; i++) {
		const char *why;
		store->pipelines[i] = pipeline_new(&options, &callbacks, &why);
		if (store->pipelines[i] == NULL) {
			fail(store, why);
			return;
		}
	}
}

static void pipeline_connected(void *context, struct pipeline *pipeline)
{
	(void)pipeline;
	struct store *store = context;
	if (store->is_failing || ++store->connected_count < PIPELINE_COUNT)
		return;
	go_on_opening(store, opening_begin(&store->opening, store->pipelines, &store->options, store->epoch_left, store->epoch_owed));
	store_flush_all(store);
}

static void pipeline_closed(void *context, struct pipeline *pipeline, const char *why)
{
	(void)pipeline;
	fail(context, why);
}

/* Homes are given on piece by piece, as there may be millions. */
static void take_opening_reply(struct store *store, struct slice reply)
{
	struct memento *memento = &store->opening.memento;
	enum opening_state state = opening_take(&store->opening, reply);
	bool is_fine = state == OPENING_UNDER_WAY || state == OPENING_DONE;
	if (is_fine && memento->has_homes) {
		struct event event = { .type = EVENT_HOMES, .homes = { memento->homes, memento->home_count, store->opening.is_home_first } };
		memento->has_homes = false;
		if (store->callbacks.homes != NULL)
			store->callbacks.homes(store->callbacks.context, &event, store->opening.databases);
	}
	go_on_opening(store, state);
}

static bool is_busy_error(struct slice reply)
{
	static const struct slice start = SLICE("-BUSY ");
	return reply.len > start.len && memcmp(reply.ptr, start.ptr, start.len) == 0;
}

/* A read on one connection may be refused while the other one runs a script. */
static void note_answer(struct store *store, struct slice reply)
{
	if (is_busy_error(reply))
		return;
	store->busy[0] = '\0';
	store->answers++;
}

static void pipeline_replied(void *context, uint64_t tag, struct slice reply)
{
	struct store *store = context;
	if (store->is_failing)
		return;
	note_answer(store, reply);
	if (!store->is_open)
		take_opening_reply(store, reply);
	else if (tag == FACTS_TAG)
		take_facts(store, reply);
	else
		store->callbacks.reply(store->callbacks.context, tag, reply);
}

/* The answer to a probe, on the third connection. */
static void note_probe(struct store *store, struct slice error)
{
	store->is_probed = false;
	if (is_busy_error(error))
		slice_to_text(store->busy, sizeof store->busy, (struct slice){ error.ptr + 1, error.len - strlen("-\r\n") });
}

static void pipeline_pushed(void *context, struct slice push)
{
	struct store *store = context;
	static const struct slice change = SLICE(">2\r\n$10\r\ninvalidate\r\n");
	struct expired_notice notice;
	if (push.len > 0 && (push.ptr[0] == '-' || push.ptr[0] == '+'))
		note_probe(store, push);
	bool is_handed_out = store->is_open && !store->is_failing;
	if (is_handed_out && push.len > change.len && memcmp(push.ptr, change.ptr, change.len) == 0)
		store->callbacks.tracked(store->callbacks.context, 3, push);
	else if (is_handed_out && expired_notice_read(push, &notice) && notice.db != store->options.reserved_db)
		store->callbacks.expired(store->callbacks.context, notice.db, notice.key);
}

static void pipeline_forgot(void *context, struct pipeline *pipeline)
{
	struct store *store = context;
	if (store->is_open && !store->is_failing)
		store->callbacks.tracked(store->callbacks.context, pipeline == store->pipelines[PIPELINE_RESP3] ? 3 : 2, SLICE(""));
}

static void pipeline_answered(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count,
                          struct slice error)
{
	(void)pipeline;
	struct store *store = context;
	if (store->is_failing)
		return;
	note_answer(store, SLICE(""));
	if (group_order_answered(&store->order))
		set_gates(store);
	store->callbacks.answered(store->callbacks.context, id, replies, count, error);
}

static void guards_failed(void *context, const char *why)
{
	fail(context, why);
}

static void pipeline_fed(void *context)
{
	struct store *store = context;
	if (store->is_open && !store->is_failing)
		store->callbacks.fed(store->callbacks.context);
	store_flush_all(store);
}

static void go_on_opening(struct store *store, enum opening_state state)
{
	if (state == OPENING_DONE)
		finish_opening(store);
	store->is_fenced = state == OPENING_FENCED;
	if (state == OPENING_FAILED || state == OPENING_REFUSED || state == OPENING_FENCED)
		fail(store, store->opening.why);
}

static void finish_opening(struct store *store)
{
	const struct memento *memento = &store->opening.memento;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	store->nonce = now_us > store->nonce ? now_us : store->nonce + 1;
	store->is_open = true;
	store->retry_ms = RETRY_MS_FIRST;
	store->why_told[0] = '\0';
	store->epoch_left = store->opening.epoch;
	store->epoch_owed = 0;
	guards_open(store->guards, store->epoch_left);
	store->facts = store->opening.facts;
	timer_start(store->refresh, FACTS_EVERY_MS);
	struct event event = {
		.type = EVENT_OPENED,
		.now_ms = now_us / 1000,
		.opened = {
			.run_id = slice_of(store->facts.run_id),
			.nonce = store->nonce,
			.store_id = slice_of(store->opening.facts.identity),
			.positions = memento->positions,
			.position_count = memento->position_count,
			.outbox = memento->outbox,
			.outbox_count = memento->outbox_count,
			.episodes = memento->episodes,
			.episode_count = memento->episode_count,
			.parts = store->opening.parts,
			.is_data_there = store->opening.is_data_there,
		},
	};
	uint32_t databases = store->opening.databases;
	store->callbacks.opened(store->callbacks.context, &event, databases);
	opening_free(&store->opening);
}

/* What else is gone is looked at by opening it again. */
static void take_facts(struct store *store, struct slice reply)
{
	store_facts_take(&store->facts, reply);
	if (store->facts.is_emptied)
		fail(store, "Redis lost what this sidecar keeps in it while it runs (FLUSHALL? DEL?): connecting again to see what is there");
}

static void refresh_facts(void *context)
{
	const struct slice questions[] = {
		SLICE("*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n"), SLICE("*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n"), SLICE("*2\r\n$4\r\nINFO\r\n$11\r\npersistence\r\n"),
		SLICE("*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$22\r\nnotify-keyspace-events\r\n"),
		SLICE("*3\r\n$6\r\nEXISTS\r\n$14\r\nhomeport:epoch\r\n$17\r\nhomeport:identity\r\n"),
	};
	struct store *store = context;
	struct pipeline *pipeline = store->pipelines[PIPELINE_RESP2];
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		pipeline_read(pipeline, store->options.reserved_db, questions[i], FACTS_TAG);
	pipeline_flush(pipeline);
	timer_start(store->refresh, FACTS_EVERY_MS);
}

/* A Redis that is busy with a script still answers on the third connection (-BUSY), so such a script may run for as long as it likes. One
 * that is busy with a single command does not: redis.timeout has to be longer than the longest command. */
static void look(void *context)
{
	struct store *store = context;
	if (store->is_failing)
		return;
	for (unsigned i = 0; i < PIPELINE_COUNT; i++)
		if (store->pipelines[i] != NULL)
			pipeline_look(store->pipelines[i]);
	switch (silence_look(&store->silence, timer_now_ms(), store_bytes_moved(store), store->options.timeout_ms)) {
	case SILENCE_NONE:
		break;
	case SILENCE_PROBE:
		if (store->is_open)          /* while it opens, the store owes answers anyway */
			pipeline_probe(store->pipelines[PIPELINE_NOTICES]);
		break;
	case SILENCE_TOO_LONG: {
		char why[128];
		snprintf(why, sizeof why, "Redis has not answered for %.3g s: it hangs, is stopped, or runs one very long command",
		         store->options.timeout_ms / 1000.0);
		store->is_silent = true;
		fail(store, why);
		return;
	}
	}
	timer_start(store->look, store->options.timeout_ms / SILENCE_LOOKS);
}

uint64_t store_bytes_moved(const struct store *store)
{
	uint64_t moved = 0;
	for (unsigned i = 0; i < PIPELINE_COUNT; i++)
		moved += store->pipelines[i] != NULL ? pipeline_bytes_moved(store->pipelines[i]) : 0;
	return moved;
}

static void set_gates(struct store *store)
{
	unsigned first = store->order.runs[0].pipeline;
	for (unsigned i = PIPELINE_RESP2; i <= PIPELINE_RESP3; i++)
		pipeline_set_gate(store->pipelines[i], group_order_gate(&store->order, i));
	if (first >= PIPELINE_COUNT)
		guards_set_gate(store->guards, first - PIPELINE_COUNT, group_order_gate(&store->order, first));
}

void store_flush_all(struct store *store)
{
	if (store->is_failing)
		return;
	for (unsigned i = 0; i < PIPELINE_COUNT; i++)
		pipeline_flush(store->pipelines[i]);
	guards_flush(store->guards);
}

static void fail(struct store *store, const char *why)
{
	if (store->is_failing)
		return;
	store->is_failing = true;
	snprintf(store->why, sizeof store->why, "%s", why);
	timer_start(store->tear_down, 0);
}

static void tear_down(void *context)
{
	struct store *store = context;
	bool was_open = store->is_open, is_fenced = store->is_fenced;
	store->busy[0] = '\0';
	store->is_probed = false;
	timer_stop(store->refresh);
	timer_stop(store->look);
	if (store->is_silent)
		silence_connect(&store->silence);
	else
		silence_forget(&store->silence);
	free_pipelines(store);
	store->is_open = store->is_failing = store->is_fenced = store->is_silent = false;
	if (!is_fenced) {
		timer_start(store->retry, store->retry_ms);
		store->retry_ms = store->retry_ms * 2 < store->options.retry_ms_max ? store->retry_ms * 2 : store->options.retry_ms_max;
	}
	if (was_open) {
		store->callbacks.lost(store->callbacks.context, store->why);
	} else if (is_fenced) {
		store->callbacks.fenced(store->callbacks.context, store->why);
	} else if (store->callbacks.waiting != NULL && strcmp(store->why, store->why_told) != 0) {
		memcpy(store->why_told, store->why, sizeof store->why);
		store->callbacks.waiting(store->callbacks.context, store->why);
	}
}

static void free_pipelines(struct store *store)
{
	for (unsigned i = 0; i < PIPELINE_COUNT; i++) {
		pipeline_free(store->pipelines[i]);
		store->pipelines[i] = NULL;
	}
	group_order_free(&store->order);
	guards_close(store->guards);
	/* An opening that did not end: the store may have taken its claim, or still take it. */
	store->epoch_owed += store->opening.epoch_step;
	opening_free(&store->opening);
}
