#include "script.h"

#include "resp.h"

#include <string.h>

/* A run about elements ends when it has reached one of these. */
#define RUN_ARGUMENTS_MAX 1024U
#define RUN_BYTES_MAX (64U << 10)
#define SPLICE_MIN 4096              /* fewer bytes are copied: that is quicker than one more piece to send */

static void add_bytes(struct script *script, const struct buffer *from, size_t start, size_t len)
{
	struct splices *splices = script->splices;
	if (len < SPLICE_MIN) {
		buffer_add(script->out, (struct slice){ from->ptr + start, len });
		return;
	}
	splices->items = array_reserve(splices->items, splices->count, &splices->cap, sizeof *splices->items);
	splices->items[splices->count++] = (struct splice){ script->out->len, from, start, len };
}

void script_end_run(struct script *script)
{
	if (script->run_count == 0)
		return;
	struct slice sets = script->run_count == 2 ? SLICE("SET") : SLICE("MSET");
	resp_add_array(script->out, 1 + (size_t)script->run_count);
	resp_add_bulk(script->out, script->run_command.len == 0 ? sets : script->run_command);
	add_bytes(script, script->pairs, script->run_at, script->pairs->len - script->run_at);
	script->run_at = script->pairs->len;
	script->run_count = 0;
}

void script_add(struct script *script, unsigned argc, const struct slice *argv)
{
	script_end_run(script);
	resp_add_command(script->out, argc, argv);
	script->count++;
}

void script_add_from(struct script *script, unsigned argc, const struct slice *argv, const struct buffer *from, size_t start)
{
	script_end_run(script);
	resp_add_array(script->out, argc + 1);
	for (unsigned i = 0; i < argc; i++)
		resp_add_bulk(script->out, argv[i]);
	resp_add_bulk_len(script->out, from->len - start);
	add_bytes(script, from, start, from->len - start);
	buffer_add(script->out, SLICE("\r\n"));
	script->count++;
}

void script_add_words(struct script *script, const struct slice *argv, unsigned argc, struct slice words, unsigned count)
{
	script_end_run(script);
	resp_add_array(script->out, (uint64_t)argc + count);
	for (unsigned i = 0; i < argc; i++)
		resp_add_bulk(script->out, argv[i]);
	buffer_add(script->out, words);
	script->count++;
}

/* ---- runs ---- */

/* Does the run, if one is under way, go on with this? KEY: of one element; the keys of SETs are among the arguments. */
static bool run_goes_on(const struct script *script, struct slice command, struct slice key)
{
	if (!slice_equal(script->run_command, command))
		return false;
	if (command.len == 0)
		return true;
	return script->run_count < RUN_ARGUMENTS_MAX && script->pairs->len - script->run_at < RUN_BYTES_MAX &&
	       slice_equal((struct slice){ script->pairs->ptr + script->run_key_at, script->run_key_len }, key);
}

/* Makes room for one more, in the run or in a new one. */
static void run_extend(struct script *script, struct slice command, struct slice key)
{
	if (script->run_count > 0 && !run_goes_on(script, command, key))
		script_end_run(script);
	if (script->run_count > 0)
		return;
	script->count++;
	script->run_command = command;
	if (command.len == 0)
		return;
	resp_add_bulk(script->pairs, key);
	script->run_key_len = key.len;
	script->run_key_at = script->pairs->len - strlen("\r\n") - key.len;
	script->run_count = 1;
}

unsigned script_set(struct script *script, struct slice pair)
{
	run_extend(script, SLICE(""), SLICE(""));
	buffer_add(script->pairs, pair);
	script->run_count += 2;
	return script->count - 1;
}

unsigned script_set_value(struct script *script, struct slice key, struct slice value)
{
	run_extend(script, SLICE(""), SLICE(""));
	resp_add_bulk(script->pairs, key);
	resp_add_bulk(script->pairs, value);
	script->run_count += 2;
	return script->count - 1;
}

void script_add_element(struct script *script, struct slice command, struct slice key, unsigned argc, const struct slice *argv)
{
	run_extend(script, command, key);
	for (unsigned i = 0; i < argc; i++)
		resp_add_bulk(script->pairs, argv[i]);
	script->run_count += argc;
}

/* ---- databases ---- */

void script_select(struct script *script, uint32_t db)
{
	if (db == SCRIPT_DB_RESERVED)
		db = script->reserved_db;
	if (script->is_selected && script->db == db)
		return;
	struct buffer number = { 0 };
	buffer_add_uint64(&number, db);
	script_add(script, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
	buffer_free(&number);
	script->db = db;
	script->is_selected = true;
}
