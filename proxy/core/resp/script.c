#include "script.h"

#include "resp.h"

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
	resp_add_array(script->out, 1 + 2 * (size_t)script->run_count);
	resp_add_bulk(script->out, script->run_count == 1 ? SLICE("SET") : SLICE("MSET"));
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

static unsigned run_extend(struct script *script)
{
	if (script->run_count++ == 0)
		script->count++;
	return script->count - 1;
}

unsigned script_set(struct script *script, struct slice pair)
{
	buffer_add(script->pairs, pair);
	return run_extend(script);
}

unsigned script_set_value(struct script *script, struct slice key, struct slice value)
{
	resp_add_bulk(script->pairs, key);
	resp_add_bulk(script->pairs, value);
	return run_extend(script);
}

void script_select(struct script *script, uint32_t db)
{
	if (script->is_selected && script->db == db)
		return;
	struct buffer number = { 0 };
	buffer_add_uint64(&number, db);
	script_add(script, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
	buffer_free(&number);
	script->db = db;
	script->is_selected = true;
}
