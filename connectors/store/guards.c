/* A slot holds a guard for as long as its connection lives; a number names a slot, and how often it was used. */
#include "guards.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/core/resp/resp.h"

#define SPARE_MAX 32

enum guard_tag {
	TAG_IGNORED,                 /* of its own: an error means that it cannot be used */
	TAG_UNWATCHED,               /* likewise, but whatever the reply is */
	TAG_EPOCH,
	TAG_LOOK,
	TAG_ASKED,                   /* the client's */
};

struct store_guard {
	struct guards *guards;
	struct pipeline *pipeline;   /* owned */
	unsigned slot;
	uint64_t number;
	unsigned protocol;
	struct store_guard_callbacks callbacks;
	bool is_owned;               /* by a client; else it is spare, or only its group is awaited */
	bool is_watching;
	bool is_grouped;             /* a group of it is under way */
	bool is_lost;                /* freed at the next flush */
	bool is_listed;              /* among those to be flushed */
	struct store_guard *next_listed;
};

struct guards {
	struct guards_options options;
	uint64_t epoch;
	char name[40];               /* of the connections */
	struct store_guard **slots;  /* owned; NULL: free */
	unsigned slot_count, slot_cap;
	uint32_t generation;
	unsigned spare_count;
	struct store_guard *listed;
};

static void guard_on_connected(void *context, struct pipeline *pipeline);
static void guard_on_closed(void *context, struct pipeline *pipeline, const char *why);
static void guard_on_reply(void *context, uint64_t tag, struct slice reply);
static void guard_on_pushed(void *context, struct slice push);
static void guard_on_answered(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count, struct slice error);
static void guard_on_fed(void *context);
static void guard_on_forgot(void *context, struct pipeline *pipeline);
static void guard_lose(struct store_guard *guard, struct slice error);

struct guards *guards_new(const struct guards_options *options)
{
	struct guards *guards = memory_new(sizeof *guards);
	guards->options = *options;
	return guards;
}

void guards_open(struct guards *guards, uint64_t epoch)
{
	guards->epoch = epoch;
	snprintf(guards->name, sizeof guards->name, "homeport:%" PRIu64, epoch);
}

static void guard_list(struct store_guard *guard)
{
	if (guard->is_listed)
		return;
	guard->is_listed = true;
	guard->next_listed = guard->guards->listed;
	guard->guards->listed = guard;
}

/* ---- coming and going ---- */

static void guard_say(struct store_guard *guard, uint32_t db, unsigned argc, const struct slice *argv, enum guard_tag tag)
{
	struct buffer command = { 0 };
	resp_add_command(&command, argc, argv);
	pipeline_read(guard->pipeline, db, buffer_slice(&command), tag);
	buffer_free(&command);
	guard_list(guard);
}

static void guard_greet(struct store_guard *guard, unsigned protocol)
{
	const struct store_options *options = guard->guards->options.store;
	struct slice username = slice_of(options->username != NULL ? options->username : "default");
	if (options->password != NULL)
		guard_say(guard, 0, 3, (struct slice[]){ SLICE("AUTH"), username, slice_of(options->password) }, TAG_IGNORED);
	guard_say(guard, 0, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), slice_of(guard->guards->name) }, TAG_IGNORED);
	store_guard_speak(guard, protocol);
}

static struct store_guard *guard_new(struct guards *guards, unsigned protocol)
{
	const struct store_options *options = guards->options.store;
	const char *why;
	struct store_guard *guard = memory_new(sizeof *guard);
	struct pipeline_callbacks callbacks = { guard, guard_on_connected, guard_on_closed, guard_on_reply, guard_on_pushed, guard_on_answered, guard_on_fed, guard_on_forgot };
	struct pipeline_options pipeline = {
		.loop = options->loop, .endpoint = options->endpoint, .reply_bytes_max = options->reply_bytes_max,
	};
	*guard = (struct store_guard){ .guards = guards, .protocol = 2 };
	guard->pipeline = pipeline_new(&pipeline, &callbacks, &why);
	while (guard->slot < guards->slot_count && guards->slots[guard->slot] != NULL)
		guard->slot++;
	if (guard->slot == guards->slot_count) {
		guards->slots = array_reserve(guards->slots, guards->slot_count, &guards->slot_cap, sizeof *guards->slots);
		guards->slot_count++;
	}
	guards->slots[guard->slot] = guard;
	if (guard->pipeline == NULL)
		guard_lose(guard, SLICE(""));
	else
		guard_greet(guard, protocol);
	return guard;
}

static void guard_free(struct store_guard *guard)
{
	guard->guards->slots[guard->slot] = NULL;
	pipeline_free(guard->pipeline);
	memory_free(guard);
}

static bool is_spare(const struct store_guard *guard)
{
	return guard != NULL && !guard->is_owned && !guard->is_grouped && !guard->is_lost;
}

struct store_guard *guards_add(struct guards *guards, unsigned protocol, const struct store_guard_callbacks *callbacks)
{
	struct store_guard *guard = NULL;
	for (unsigned i = 0; guards->spare_count > 0 && i < guards->slot_count && guard == NULL; i++)
		guard = is_spare(guards->slots[i]) ? guards->slots[i] : NULL;
	if (guard != NULL)
		guards->spare_count--;
	else
		guard = guard_new(guards, protocol);
	guard->number = (uint64_t)++guards->generation << 32 | guard->slot;
	guard->callbacks = *callbacks;
	guard->is_owned = true;
	if (!guard->is_lost)
		store_guard_speak(guard, protocol);
	return guard;
}

/* Nobody owns it, and no group of it is under way. */
static void guard_retire(struct store_guard *guard)
{
	struct guards *guards = guard->guards;
	if (guard->is_watching)
		guard_say(guard, 0, 1, (struct slice[]){ SLICE("UNWATCH") }, TAG_UNWATCHED);
	guard->is_watching = false;
	if (guards->spare_count < SPARE_MAX) {
		guards->spare_count++;
		return;
	}
	guard->is_lost = true;
	guard_list(guard);
}

/* It may be one of its own callbacks that has found that out. */
static void guard_lose(struct store_guard *guard, struct slice error)
{
	struct guards *guards = guard->guards;
	if (guard->is_lost)
		return;
	if (is_spare(guard))
		guards->spare_count--;
	guard->is_lost = true;
	guard_list(guard);
	if (guard->is_grouped)
		guards->options.failed(guards->options.context, "the connection of a transaction that watched keys was lost");
	bool was_owned = guard->is_owned && guard->callbacks.lost != NULL;
	guard->is_owned = false;
	if (was_owned)
		guard->callbacks.lost(guard->callbacks.context, error);
}

void guards_close(struct guards *guards)
{
	guards->listed = NULL;
	guards->spare_count = 0;
	for (unsigned i = 0; i < guards->slot_count; i++) {
		struct store_guard *guard = guards->slots[i];
		if (guard == NULL)
			continue;
		bool was_owned = guard->is_owned && !guard->is_lost;
		struct store_guard_callbacks callbacks = guard->callbacks;
		guard_free(guard);
		if (was_owned)
			callbacks.lost(callbacks.context, SLICE(""));
	}
}

void guards_free(struct guards *guards)
{
	guards_close(guards);
	memory_free(guards->slots);
	memory_free(guards);
}

void guards_flush(struct guards *guards)
{
	while (guards->listed != NULL) {
		struct store_guard *guard = guards->listed;
		guards->listed = guard->next_listed;
		guard->is_listed = false;
		if (guard->is_lost)
			guard_free(guard);
		else
			pipeline_flush(guard->pipeline);
	}
}

/* ---- for a client ---- */

void store_guard_speak(struct store_guard *guard, unsigned protocol)
{
	if (guard->protocol == protocol || guard->is_lost)
		return;
	guard->protocol = protocol;
	guard_say(guard, 0, 2, (struct slice[]){ SLICE("HELLO"), protocol == 3 ? SLICE("3") : SLICE("2") }, TAG_IGNORED);
}

void store_guard_watch(struct store_guard *guard, uint32_t db, struct slice command)
{
	if (guard->is_lost)
		return;
	uint32_t reserved_db = guard->guards->options.store->reserved_db;
	if (!guard->is_watching) {
		guard_say(guard, reserved_db, 2, (struct slice[]){ SLICE("WATCH"), SLICE("homeport:epoch") }, TAG_IGNORED);
		guard_say(guard, reserved_db, 2, (struct slice[]){ SLICE("GET"), SLICE("homeport:epoch") }, TAG_EPOCH);
	}
	guard->is_watching = true;
	pipeline_read(guard->pipeline, db, command, TAG_ASKED);
	guard_list(guard);
}

void store_guard_look(struct store_guard *guard)
{
	guard_say(guard, 0, 2, (struct slice[]){ SLICE("CLIENT"), SLICE("INFO") }, TAG_LOOK);
}

void store_guard_check(struct store_guard *guard)
{
	guard_say(guard, 0, 1, (struct slice[]){ SLICE("MULTI") }, TAG_IGNORED);
	guard_say(guard, 0, 1, (struct slice[]){ SLICE("EXEC") }, TAG_ASKED);
	guard->is_watching = false;
}

uint64_t store_guard_number(const struct store_guard *guard)
{
	return guard->number;
}

void store_guard_free(struct store_guard *guard)
{
	guard->is_owned = false;
	if (!guard->is_grouped && !guard->is_lost)
		guard_retire(guard);
}

/* ---- for the store ---- */

struct pipeline *guards_group(struct guards *guards, uint64_t number, unsigned *ordinal)
{
	unsigned slot = (unsigned)(number & UINT32_MAX);
	struct store_guard *guard = slot < guards->slot_count ? guards->slots[slot] : NULL;
	if (guard == NULL || guard->number != number || guard->is_lost || !guard->is_owned)
		return NULL;
	assert(!guard->is_grouped);
	guard->is_grouped = true;
	guard_list(guard);
	*ordinal = slot;
	return guard->pipeline;
}

void guards_set_gate(struct guards *guards, unsigned ordinal, uint64_t position)
{
	struct store_guard *guard = guards->slots[ordinal];
	assert(guard != NULL);
	pipeline_set_gate(guard->pipeline, position);
	guard_list(guard);
}

/* ---- what its connection says ---- */

static void guard_on_connected(void *context, struct pipeline *pipeline)
{
	(void)context;
	(void)pipeline;
}

static void guard_on_closed(void *context, struct pipeline *pipeline, const char *why)
{
	(void)pipeline;
	(void)why;
	guard_lose(context, SLICE(""));
}

static bool is_epoch(struct slice reply, uint64_t epoch)
{
	struct reply found;
	int64_t number;
	return reply_read(&reply, &found) && found.type == REPLY_STRING && slice_to_int64(found.text, &number) && (uint64_t)number == epoch;
}

/* Among the flags of a connection, d says that EXEC will fail. */
static bool is_touched(struct slice reply)
{
	static const char name[] = " flags=";
	const char *flags = memmem(reply.ptr, reply.len, name, strlen(name)), *end = reply.ptr + reply.len;
	if (flags == NULL)
		return false;
	for (flags += strlen(name); flags < end && *flags != ' '; flags++) {
		if (*flags == 'd')
			return true;
	}
	return false;
}

static void guard_on_reply(void *context, uint64_t tag, struct slice reply)
{
	struct store_guard *guard = context;
	if (guard->is_lost)
		return;
	if (tag == TAG_ASKED) {
		if (guard->is_owned)
			guard->callbacks.replied(guard->callbacks.context, reply);
	} else if (tag == TAG_LOOK && guard->is_owned) {
		guard->callbacks.looked(guard->callbacks.context, is_touched(reply));
	} else if (tag == TAG_EPOCH && !is_epoch(reply, guard->guards->epoch)) {
		guard->guards->options.failed(guard->guards->options.context, "homeport:epoch has changed: connecting again to see who did that");
	} else if (tag == TAG_IGNORED && reply_is_error(reply)) {
		guard_lose(guard, (struct slice){ reply.ptr + 1, reply.len - 3 });
	}
}

static void guard_on_pushed(void *context, struct slice push)
{
	(void)context;
	(void)push;
}

/* Nothing is remembered here. */
static void guard_on_forgot(void *context, struct pipeline *pipeline)
{
	(void)context;
	(void)pipeline;
}

static void guard_on_answered(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count, struct slice error)
{
	struct store_guard *guard = context;
	struct guards *guards = guard->guards;
	guard->is_grouped = guard->is_watching = false;
	if (!guard->is_owned && !guard->is_lost)
		guard_retire(guard);
	guards->options.answered(guards->options.context, pipeline, id, replies, count, error);
}

static void guard_on_fed(void *context)
{
	struct guards *guards = ((struct store_guard *)context)->guards;
	guards->options.fed(guards->options.context);
}
