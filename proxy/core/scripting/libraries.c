/* Libraries (see libraries.h). There are few. */
#include "libraries.h"

#include "library_dump.h"
#include "library_list.h"
#include "wrapper.h"
#include "proxy/core/commands/dump.h"
#include "proxy/core/commands/stream_id.h"

#include <string.h>

#define ARGUMENTS_ADDED 3            /* behind those of a function: see wrapper_library_register */

bool libraries_are_meant(const struct command *row)
{
	const char *name = row->name;
	if (name[0] != 'f')
		return false;
	return name[1] == 'c' || strcmp(name, "function|load") == 0 || strcmp(name, "function|delete") == 0 || strcmp(name, "function|flush") == 0 ||
	       strcmp(name, "function|list") == 0 || strcmp(name, "function|dump") == 0 || strcmp(name, "function|restore") == 0;
}

static void add_request(struct buffer *out, const struct request *request)
{
	if (request->raw.len > 0)
		buffer_add(out, request->raw);
	else
		resp_add_command(out, request->argc, request->argv);
}

static void add_call(struct libraries *libraries, const struct command *row, const struct request *request, const struct scripts_place *place,
                     struct buffer *out, struct scripted *scripted)
{
	struct buffer text = { 0 };
	int64_t keys;
	scripted->is_write = row->class == COMMAND_WRITE;
	/* Redis refuses it, in its own words. */
	if (!slice_to_int64(request->argv[2], &keys) || keys < 0 || keys > (int64_t)request->argc - 3) {
		add_request(out, request);
		return;
	}
	resp_add_array(out, request->argc + WRAPPER_HIDDEN);
	for (uint32_t i = 0; i < request->argc; i++)
		resp_add_bulk(out, request->argv[i]);
	stream_ids_reserve(place->ids, SCRIPTS_IDS, &text);
	resp_add_bulk(out, buffer_slice(&text));
	text.len = 0;
	if (!place->is_outbox_whole)
		buffer_add_byte(&text, '+');
	buffer_add_uint64(&text, place->reserved_db);
	resp_add_bulk(out, buffer_slice(&text));
	text.len = 0;
	/* A token of its own kind: those of scripts count, too. */
	buffer_add_byte(&text, 'f');
	buffer_add_uint64(&text, ++libraries->next_token);
	resp_add_bulk(out, scripted->is_write ? buffer_slice(&text) : SLICE("r"));
	buffer_add_text(&text, " - ");
	buffer_add_uint64(&text, place->db);
	slice_to_text(scripted->by_text, sizeof scripted->by_text, buffer_slice(&text));
	buffer_free(&text);
}

static void note_order(struct libraries *libraries, unsigned kind, struct slice text, struct scripted *scripted)
{
	library_order_note(libraries, kind, text, scripted->by_text);
	scripted->is_ordering = true;
}

static const char no_room[] = "OOM Homeport: no room for another library of functions (limits.scripts): FUNCTION DELETE what is not needed";

static const char *add_load(struct libraries *libraries, const struct request *request, struct buffer *out, struct scripted *scripted)
{
	struct slice code = request->argv[request->argc - 1];
	struct buffer form = { 0 };
	if (libraries->bytes + code.len > libraries->bytes_max)
		return no_room;
	wrapper_add_library(&form, code);
	resp_add_array(out, request->argc);
	for (uint32_t i = 0; i + 1 < request->argc; i++)
		resp_add_bulk(out, request->argv[i]);
	resp_add_bulk(out, buffer_slice(&form));
	buffer_free(&form);
	note_order(libraries, ORDER_LOAD, code, scripted);
	return NULL;
}

/* The libraries of a dump: CODES gets their texts, FORMS a dump of their forms. False: Redis takes no such dump, and says so. */
static bool dump_read(const struct libraries *libraries, struct slice dump, struct buffer *codes, struct buffer *forms)
{
	struct slice rest, version;
	struct buffer code = { 0 }, form = { 0 };
	bool is_read = library_dump_open(dump, &rest, &version);
	while (is_read && rest.len > 0) {
		code.len = form.len = 0;
		is_read = library_dump_next(&rest, libraries->bytes_max, &code);
		wrapper_add_library(&form, buffer_slice(&code));
		library_dump_add(forms, buffer_slice(&form));
		library_names_add(codes, buffer_slice(&code));
	}
	if (is_read)
		dump_end(forms, 0, version);
	buffer_free(&code);
	buffer_free(&form);
	return is_read;
}

static const char *add_restore(struct libraries *libraries, const struct request *request, struct buffer *out, struct scripted *scripted)
{
	struct buffer codes = { 0 }, forms = { 0 };
	bool is_alone = request->argc == 4 && slice_equal_nocase(request->argv[3], SLICE("FLUSH")), has_room = request->argv[2].len <= libraries->bytes_max;
	bool is_read = has_room && dump_read(libraries, request->argv[2], &codes, &forms);
	has_room &= (is_alone ? 0 : libraries->bytes) + codes.len <= libraries->bytes_max;
	if (has_room && !is_read)
		add_request(out, request);
	if (has_room && is_read) {
		resp_add_array(out, request->argc);
		for (uint32_t i = 0; i < request->argc; i++)
			resp_add_bulk(out, i == 2 ? buffer_slice(&forms) : request->argv[i]);
		note_order(libraries, is_alone ? ORDER_RESTORE_ALONE : ORDER_RESTORE, buffer_slice(&codes), scripted);
	}
	buffer_free(&codes);
	buffer_free(&forms);
	return has_room ? NULL : no_room;
}

static void add_select(struct buffer *out, uint32_t db)
{
	resp_add_array(out, 2);
	resp_add_bulk(out, SLICE("SELECT"));
	resp_add_bulk_int(out, db);
}

const char *libraries_command(struct libraries *libraries, const struct command *row, const struct request *request, const struct scripts_place *place,
                              struct buffer *out, struct scripted *scripted)
{
	*scripted = (struct scripted){ .replies = 1 };
	if (row->name[1] == 'c') {
		add_call(libraries, row, request, place, out, scripted);
		return NULL;
	}
	if (strcmp(row->name, "function|load") == 0)
		return add_load(libraries, request, out, scripted);
	if (strcmp(row->name, "function|restore") == 0)
		return add_restore(libraries, request, out, scripted);
	struct library *meant = strcmp(row->name, "function|delete") == 0 ? library_find(libraries, request->argv[2]) : NULL;
	/* Redis does not have it: its answer is that of a command that does nothing. */
	if (meant != NULL && meant->is_refused)
		add_select(out, place->db);
	else
		add_request(out, request);
	scripted->is_listing = row->class == COMMAND_READ;
	if (strcmp(row->name, "function|delete") == 0)
		note_order(libraries, ORDER_DELETE, request->argv[2], scripted);
	else if (strcmp(row->name, "function|flush") == 0)
		note_order(libraries, ORDER_FLUSH, (struct slice){ "", 0 }, scripted);
	return NULL;
}

static void libraries_flush(struct libraries *libraries)
{
	while (libraries->count > 0) {
		library_names_add(&libraries->gone, libraries->items[0].name);
		library_remove(libraries, &libraries->items[0]);
	}
}

static void order_run(struct libraries *libraries, const struct library_order *order, struct slice reply)
{
	struct reply name;
	struct slice codes = order->text, code;
	struct library *library;
	switch (order->kind) {
	case ORDER_LOAD:
		if (reply_read(&reply, &name) && name.type == REPLY_STRING)
			library_set(libraries, name.text, order->text, true);
		return;
	case ORDER_DELETE:
		library = library_find(libraries, order->text);
		library_names_add(&libraries->gone, order->text);
		if (library != NULL)
			library_remove(libraries, library);
		return;
	case ORDER_FLUSH:
		libraries_flush(libraries);
		return;
	case ORDER_RESTORE_ALONE:
		libraries_flush(libraries);
		/* fall through */
	case ORDER_RESTORE:
		while (library_names_read(&codes, &code))
			library_set(libraries, library_dump_name(code), code, true);
		return;
	case ORDER_ADOPT: case ORDER_ADOPT_SORTED:
		library_clash_answered(libraries, order, reply);
		return;
	}
}

void libraries_answered(struct libraries *libraries, struct slice by, struct slice reply)
{
	struct slice token = slice_take_until(&by, ' ');
	int64_t number;
	if (token.len == 0 || token.ptr[0] != 'f' || !slice_to_int64((struct slice){ token.ptr + 1, token.len - 1 }, &number))
		return;
	for (unsigned i = 0; i < libraries->order_count; i++) {
		struct library_order *order = &libraries->orders[i];
		if (order->token != (uint64_t)number)
			continue;
		if (!reply_is_error(reply) || library_is_adopted(order))
			order_run(libraries, order, reply);
		bytes_free(order->text);
		*order = libraries->orders[--libraries->order_count];
		return;
	}
}

struct slice libraries_adapt_stats(struct slice reply, struct buffer *out)
{
	static const struct slice word = SLICE("$7\r\ncommand\r\n");
	struct slice rest = reply;
	struct reply name, command;
	while (rest.len > word.len && memcmp(rest.ptr, word.ptr, word.len) != 0)
		rest = (struct slice){ rest.ptr + 1, rest.len - 1 };
	const char *found = rest.ptr;
	if (rest.len <= word.len || !reply_read(&rest, &name) || !reply_read(&rest, &command) || command.type != REPLY_ARRAY || command.integer <= ARGUMENTS_ADDED)
		return reply;
	buffer_add(out, (struct slice){ reply.ptr, (size_t)(found - reply.ptr) + word.len });
	resp_add_array(out, (uint64_t)command.integer - ARGUMENTS_ADDED);
	for (int64_t i = 0; i < command.integer; i++) {
		struct slice from = rest;
		if (!reply_skip(&rest))
			return reply;
		if (i < command.integer - ARGUMENTS_ADDED)
			buffer_add(out, (struct slice){ from.ptr, from.len - rest.len });
	}
	buffer_add(out, rest);
	return buffer_slice(out);
}
