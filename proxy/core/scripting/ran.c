/* Ran (see ran.h). */
#include "ran.h"

#include "msgpack.h"
#include "net.h"
#include "base/number.h"
#include "proxy/core/commands/command.h"

#include <string.h>

#define REPLIES_MAX 16               /* to one command: its own, and what was read beside it */

struct reading {
	struct slice log;
	struct plan_world world;
	struct arena *arena;
	struct buffer text;          /* of one item, before it goes to the arena */
	struct buffer commands;      /* what plans would have sent: nobody does */
	struct changes *intent;
	struct changes found;
	struct net net;
};

struct slice ran_reply(struct slice reply, struct slice *log)
{
	struct slice cursor = reply;
	struct reply head;
	*log = (struct slice){ "", 0 };
	if (!reply_read(&cursor, &head) || head.type != REPLY_ARRAY || head.integer != 2)
		return reply;
	struct slice own = cursor, text;
	if (!reply_skip(&cursor))
		return reply;
	own.len -= cursor.len;
	text = cursor;
	if (reply_read(&text, &head) && head.type == REPLY_STRING)
		*log = head.text;
	return own;
}

/* ---- Lua's values as Redis has them ---- */

static void add_number_text(struct buffer *out, const struct pack *pack)
{
	if (pack->type == PACK_INTEGER)
		buffer_add_int64(out, pack->integer);
	else
		buffer_add_double(out, pack->number);
}

/* An argument, as redis.call hands it to Redis. */
static bool word_read(struct reading *reading, struct slice *word)
{
	struct pack pack;
	if (!pack_read(&reading->log, &pack))
		return false;
	*word = pack.text;
	if (pack.type == PACK_TEXT)
		return true;
	if (pack.type != PACK_INTEGER && pack.type != PACK_DOUBLE)
		return false;
	reading->text.len = 0;
	add_number_text(&reading->text, &pack);
	char *kept = arena_take(reading->arena, reading->text.len);
	memcpy(kept, reading->text.ptr, reading->text.len);
	*word = (struct slice){ kept, reading->text.len };
	return true;
}

static bool reply_add(struct reading *reading, unsigned depth);

/* {ok=…}, {err=…}, {double=…}, and {int=…} of ours; of RESP3's: {map={…}}, {set={…}}, whose keys and values, or keys, become a list. */
static bool table_add(struct reading *reading, int64_t pairs, unsigned depth)
{
	struct pack key, value;
	if (pairs < 1 || !pack_read(&reading->log, &key))
		return false;
	bool is_set = slice_equal(key.text, SLICE("set"));
	if (slice_equal(key.text, SLICE("map")) || is_set) {
		if (!pack_read(&reading->log, &value) || (value.type != PACK_MAP && value.type != PACK_ARRAY))
			return false;
		resp_add_array(&reading->text, (uint64_t)value.integer * (is_set ? 1 : 2));
		for (int64_t i = 0; i < value.integer; i++) {
			if (!reply_add(reading, depth + 1) || (is_set ? !pack_read(&reading->log, &key) : !reply_add(reading, depth + 1)))
				return false;
		}
		return pairs == 1;
	}
	if (!pack_read(&reading->log, &value))
		return false;
	buffer_add_byte(&reading->text, slice_equal(key.text, SLICE("double")) ? ',' : slice_equal(key.text, SLICE("int")) ? ':' : slice_equal(key.text, SLICE("err")) ? '-' : '+');
	if (value.type == PACK_TEXT)
		buffer_add(&reading->text, value.text);
	else
		add_number_text(&reading->text, &value);
	buffer_add_text(&reading->text, "\r\n");
	/* An error tells more of itself. */
	for (int64_t i = 1; i < pairs; i++)
		if (!pack_read(&reading->log, &key) || !pack_read(&reading->log, &value))
			return false;
	return true;
}

static bool reply_add(struct reading *reading, unsigned depth)
{
	struct pack pack;
	if (depth > 8 || !pack_read(&reading->log, &pack))
		return false;
	switch (pack.type) {
	case PACK_NIL: buffer_add_text(&reading->text, "$-1\r\n"); return true;
	case PACK_BOOLEAN: buffer_add_text(&reading->text, pack.integer != 0 ? ":1\r\n" : "$-1\r\n"); return true;
	case PACK_INTEGER: resp_add_integer(&reading->text, pack.integer); return true;
	case PACK_DOUBLE: resp_add_integer(&reading->text, (int64_t)pack.number); return true;
	case PACK_TEXT: resp_add_bulk(&reading->text, pack.text); return true;
	case PACK_ARRAY:
		resp_add_array(&reading->text, (uint64_t)pack.integer);
		for (int64_t i = 0; i < pack.integer; i++)
			if (!reply_add(reading, depth + 1))
				return false;
		return true;
	case PACK_MAP: return table_add(reading, pack.integer, depth);
	}
	return false;
}

static bool replies_read(struct reading *reading, struct slice *replies, unsigned count)
{
	size_t ends[REPLIES_MAX];
	reading->text.len = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!reply_add(reading, 0))
			return false;
		ends[i] = reading->text.len;
	}
	char *kept = arena_take(reading->arena, reading->text.len + 1);
	memcpy(kept, reading->text.ptr, reading->text.len);
	for (unsigned i = 0; i < count; i++) {
		size_t start = i == 0 ? 0 : ends[i - 1];
		replies[i] = (struct slice){ kept + start, ends[i] - start };
	}
	return true;
}

/* ---- one write ---- */

static bool select_read(struct reading *reading, const struct request *request)
{
	int64_t db;
	if (request->argc != 2 || !slice_to_int64(request->argv[1], &db) || db < 0 || db >= (int64_t)reading->world.databases)
		return false;
	reading->world.db = (uint32_t)db;
	return true;
}

static bool has_emptied(const struct changes *changes, const struct slice *replies, unsigned count, unsigned answer)
{
	return changes->count > 0 && slice_equal(replies[count - 1], SLICE(":0\r\n")) && !slice_equal(replies[answer], SLICE(":0\r\n"));
}

/* What a plan would have sent holds some of what it intends: an entry's id and fields. */
static void keep_commands(struct reading *reading)
{
	const char *start = reading->commands.ptr, *end = start + reading->commands.len;
	char *kept = NULL;
	for (unsigned i = 0; i < reading->intent->count; i++) {
		struct slice *texts[] = { &reading->intent->items[i].element, &reading->intent->items[i].value };
		for (unsigned at = 0; at < 2; at++) {
			if (texts[at]->ptr < start || texts[at]->ptr >= end || texts[at]->len == 0)
				continue;
			if (kept == NULL) {
				kept = arena_take(reading->arena, reading->commands.len);
				memcpy(kept, start, reading->commands.len);
			}
			texts[at]->ptr = kept + (texts[at]->ptr - start);
		}
	}
}

static bool write_take(struct reading *reading, const struct request *request, const struct slice *replies, unsigned count)
{
	const struct command *row = command_find(request->argc, request->argv);
	if (row != NULL && strcmp(row->name, "select") == 0)
		return select_read(reading, request);
	if (row == NULL || row->class != COMMAND_WRITE || !command_arity_ok(row, request->argc))
		return false;
	struct planned planned;
	changes_reset(reading->intent);
	reading->commands.len = 0;
	const char *error = plan_command(row, request, &reading->world, &(struct plan_output){ &reading->commands, reading->intent, &planned });
	if (error != NULL)
		return false;
	if (planned.plan == PLAN_VOID)
		return true;
	keep_commands(reading);
	bool can_empty = plan_can_empty(planned.plan);
	if (planned.replies + can_empty != count)
		return false;
	struct changes *changes = reading->intent;
	if (plan_certainty(planned.plan) == CERTAINTY_PENDING) {
		changes = &reading->found;
		plan_finish(planned.plan, reading->intent, replies, changes);
	}
	for (unsigned i = 0; i < changes->count; i++)
		net_add(&reading->net, &changes->items[i], replies[planned.answer]);
	if (can_empty && has_emptied(changes, replies, count, planned.answer)) {
		struct change untimed = { .kind = CHANGE_EXPIRE, .db = reading->world.db, .key = changes->items[0].key };
		net_add(&reading->net, &untimed, (struct slice){ "", 0 });
	}
	return true;
}

/* ---- all of them ---- */

static bool item_take(struct reading *reading)
{
	struct pack pack;
	struct slice replies[REPLIES_MAX];
	uint64_t count = 1;
	if (!pack_read(&reading->log, &pack))
		return false;
	if (pack.type == PACK_INTEGER) {
		count = (uint64_t)pack.integer;
		if (!pack_read(&reading->log, &pack))
			return false;
	}
	if (pack.type != PACK_ARRAY || count == 0 || count > REPLIES_MAX)
		return false;
	struct slice *argv = arena_take(reading->arena, ((size_t)pack.integer + 1) * sizeof *argv);
	for (int64_t i = 0; i < pack.integer; i++)
		if (!word_read(reading, &argv[i]))
			return false;
	if (!replies_read(reading, replies, (unsigned)count))
		return false;
	return write_take(reading, &(struct request){ .argv = argv, .argc = (uint32_t)pack.integer }, replies, (unsigned)count);
}

struct slice ran_token(struct slice log)
{
	struct pack pack;
	bool is_read = pack_read(&log, &pack) && pack_read(&log, &pack) && pack.type == PACK_TEXT;
	return is_read ? pack.text : (struct slice){ "", 0 };
}

bool ran_changes(struct slice log, const struct plan_world *world, struct arena *arena, struct changes *scratch, struct changes *result)
{
	struct reading reading = { .log = log, .world = *world, .arena = arena, .intent = scratch };
	struct pack head, token;
	bool is_read = pack_read(&reading.log, &head) && head.type == PACK_ARRAY && pack_read(&reading.log, &token);
	reading.world.is_whole = reading.world.is_scripted = true;
	net_begin(&reading.net, result, arena);
	while (is_read && reading.log.len > 0)
		is_read = item_take(&reading);
	net_end(&reading.net);
	buffer_free(&reading.text);
	buffer_free(&reading.commands);
	changes_free(&reading.found);
	return is_read;
}
