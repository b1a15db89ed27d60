/* Block form (see block_form.h). */
#include "block_form.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOR_EVER_MS 9e15

/* ---- reading ---- */

static bool read_seconds(struct slice text, uint64_t *wait_ms)
{
	char number[64], *end;
	if (text.len == 0 || text.len >= sizeof(number))
		return false;
	slice_to_text(number, sizeof(number), text);
	double seconds = strtod(number, &end);
	if (*end != '\0' || !isfinite(seconds) || seconds < 0)
		return false;
	double ms = ceil(seconds * 1000);
	*wait_ms = ms < FOR_EVER_MS ? (uint64_t)ms : 0;
	return true;
}

static bool read_pop(const struct command *row, const struct request *request, struct block_form *form)
{
	int64_t count = 1;
	uint32_t wait_at = request->argc - 1;
	form->keys_at = form->key_count = 1;
	form->wanted = row->name[1] == 'z' ? WAITED_ZSET : WAITED_LIST;
	form->kind = row->last_key == 2 ? BLOCK_MOVE : BLOCK_POP;
	if (row->numkeys_at != 0) {
		wait_at = 1;
		form->count_at = 2;
		form->keys_at = 3;
		if (!slice_to_int64(request->argv[2], &count) || count < 1 || count > (int64_t)request->argc - 4)
			return false;
		form->key_count = (uint32_t)count;
	} else if (form->kind == BLOCK_POP) {
		form->key_count = request->argc - 2;
	}
	return read_seconds(request->argv[wait_at], &form->wait_ms);
}

/* Options, STREAMS, keys, and as many ids. The last BLOCK counts. */
static bool read_read(const struct request *request, enum block_kind kind, struct block_form *form)
{
	uint32_t i = kind == BLOCK_GROUP ? 4 : 1;
	int64_t ms = 0;
	form->wanted = WAITED_STREAM;
	form->kind = kind;
	if (kind == BLOCK_GROUP && !slice_equal_nocase(request->argv[1], SLICE("GROUP")))
		return false;
	for (; i + 1 < request->argc && !slice_equal_nocase(request->argv[i], SLICE("STREAMS")); i += 2) {
		if (kind == BLOCK_GROUP && slice_equal_nocase(request->argv[i], SLICE("NOACK")))
			i--;
		else if (slice_equal_nocase(request->argv[i], SLICE("BLOCK")))
			form->wait_at = form->wait_at == 0 ? i : UINT32_MAX;
		else if (!slice_equal_nocase(request->argv[i], SLICE("COUNT")))
			return false;
	}
	if (form->wait_at == 0 || form->wait_at == UINT32_MAX || !slice_to_int64(request->argv[form->wait_at + 1], &ms) || ms < 0 || ms > INT64_MAX / 2)
		return false;
	form->wait_ms = (double)ms < FOR_EVER_MS ? (uint64_t)ms : 0;
	form->keys_at = i + 1;
	form->key_count = (request->argc - form->keys_at) / 2;
	return form->key_count > 0 && (request->argc - form->keys_at) % 2 == 0;
}

bool block_form_read(const struct command *row, const struct request *request, struct block_form *form)
{
	*form = (struct block_form){ 0 };
	if (row->plan == PLAN_GROUP_READ)
		return read_read(request, BLOCK_GROUP, form);
	return row->class == COMMAND_WRITE ? read_pop(row, request, form) : read_read(request, BLOCK_READ, form);
}

bool block_is_asked(const struct request *request)
{
	for (uint32_t i = 1; i < request->argc && !slice_equal_nocase(request->argv[i], SLICE("STREAMS")); i++)
		if (slice_equal_nocase(request->argv[i], SLICE("BLOCK")))
			return true;
	return false;
}

struct slice block_id(const struct block_form *form, const struct request *request, uint32_t i)
{
	return request->argv[form->keys_at + form->key_count + i];
}

bool block_id_is_last(struct slice id)
{
	return slice_equal(id, SLICE("$")) || slice_equal(id, SLICE("+"));
}

/* ---- asking again ---- */

static bool is_of_streams(const struct block_form *form)
{
	return form->kind == BLOCK_READ || form->kind == BLOCK_GROUP;
}

static uint32_t add_options(const struct block_form *form, const struct request *request, struct slice *argv)
{
	uint32_t argc = 0;
	for (uint32_t i = 0; i < form->keys_at; i++)
		if (form->wait_at == 0 || (i != form->wait_at && i != form->wait_at + 1))
			argv[argc++] = form->count_at != 0 && i == form->count_at ? SLICE("1") : request->argv[i];
	return argc;
}

struct request block_form_whole(const struct block_form *form, const struct request *request, struct slice *argv)
{
	if (!is_of_streams(form))
		return *request;
	uint32_t argc = add_options(form, request, argv);
	for (uint32_t i = form->keys_at; i < request->argc; i++)
		argv[argc++] = request->argv[i];
	return (struct request){ .argv = argv, .argc = argc };
}

struct request block_form_one(const struct block_form *form, const struct request *request, uint32_t i, struct slice id, struct slice *argv)
{
	if (!is_of_streams(form) && form->key_count == 1)
		return *request;
	uint32_t argc = add_options(form, request, argv);
	argv[argc++] = request->argv[form->keys_at + i];
	if (is_of_streams(form))
		argv[argc++] = id;
	for (uint32_t at = form->keys_at + form->key_count; !is_of_streams(form) && at < request->argc; at++)
		argv[argc++] = request->argv[at];
	return (struct request){ .argv = argv, .argc = argc };
}
