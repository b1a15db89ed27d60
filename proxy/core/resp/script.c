#include "script.h"

#include "resp.h"

void script_end_run(struct script *script)
{
	if (script->run_count == 0)
		return;
	resp_add_array(script->out, 1 + 2 * (size_t)script->run_count);
	resp_add_bulk(script->out, script->run_count == 1 ? SLICE("SET") : SLICE("MSET"));
	buffer_add(script->out, (struct slice){ script->pairs->ptr + script->run_at, script->pairs->len - script->run_at });
	script->run_at = script->pairs->len;
	script->run_count = 0;
}

void script_add(struct script *script, unsigned argc, const struct slice *argv)
{
	script_end_run(script);
	resp_add_command(script->out, argc, argv);
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
