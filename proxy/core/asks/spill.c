/* Spill: stores the dot of a stable value, for keys whose rule keeps several versions. While an element has metadata, its live versions are in
 * memory. When the metadata is forgotten, the dot of the remaining version is written to a hash in Redis, beside the data. So we can still tell a
 * client with an arbitrarily old context whether it has seen the value. The dot is written with the next group, so it is there before the
 * positions, or together with the positions, that let the log forget the write.
 *
 * CORE_VERSIONS_KEY, a hash: "<db>:<kind>:<length of key>:<key><element>" → "<dc> <incarnation> <seq> <hlc>". */
#include "asked.h"

/* ---- written with a group, and read ---- */

static void add_field(struct buffer *out, uint32_t db, enum kind kind, struct slice key, struct slice element)
{
	buffer_add_uint64(out, db);
	buffer_add_byte(out, ':');
	buffer_add_text(out, kind_text(kind));
	buffer_add_byte(out, ':');
	buffer_add_uint64(out, key.len);
	buffer_add_byte(out, ':');
	buffer_add(out, key);
	buffer_add(out, element);
}

static void add_dot(const struct asks *asks, struct buffer *out, const struct spill *spill)
{
	const struct origin *origin = &asks->causes->origins.items[spill->origin];
	const uint64_t numbers[] = { origin->incarnation, spill->seq, spill->hlc };
	buffer_add_text(out, asks->causes->origins.dcs[origin->dc]);
	for (unsigned i = 0; i < 3; i++) {
		buffer_add_byte(out, ' ');
		buffer_add_uint64(out, numbers[i]);
	}
}

/* Consecutive spills that are all present, or all removed, become one HSET or HDEL. */
static void write_run(const struct asks *asks, struct script *script, const struct spill *run, unsigned count)
{
	struct buffer text = { 0 };
	bool is_present = run[0].is_present;
	script_end_run(script);
	resp_add_array(script->out, 2 + (is_present ? 2 : 1) * (uint64_t)count);
	resp_add_bulk(script->out, is_present ? SLICE("HSET") : SLICE("HDEL"));
	resp_add_bulk(script->out, SLICE(CORE_VERSIONS_KEY));
	for (unsigned i = 0; i < count; i++) {
		text.len = 0;
		add_field(&text, run[i].db, run[i].kind, run[i].key, run[i].element);
		resp_add_bulk(script->out, buffer_slice(&text));
		if (!is_present)
			continue;
		text.len = 0;
		add_dot(asks, &text, &run[i]);
		resp_add_bulk(script->out, buffer_slice(&text));
	}
	script->count++;
	buffer_free(&text);
}

void spill_write(struct asks *asks, struct group *group)
{
	struct spills *waiting = &asks->keyspace->spills;
	if (waiting->count == 0 || group->riders.spills.count > 0)
		return;
	script_select(&group->script, asks->options->reserved_db);
	for (unsigned i = 0, next; i < waiting->count; i = next) {
		next = i + 1;
		while (next < waiting->count && waiting->items[next].is_present == waiting->items[i].is_present)
			next++;
		write_run(asks, &group->script, &waiting->items[i], next - i);
	}
	for (unsigned i = 0; i < waiting->count; i++)
		onlookers_touch(asks->onlookers, waiting->items[i].db, waiting->items[i].key);
	group->riders.spills = *waiting;
	*waiting = (struct spills){ 0 };
}

/* The store refused the group, so the next one writes its spills again. Those that were added since are newer and come after them. */
void spill_retry(struct asks *asks, struct group *group)
{
	struct spills *waiting = &asks->keyspace->spills, newer = *waiting;
	*waiting = group->riders.spills;
	group->riders.spills = (struct spills){ 0 };
	for (unsigned i = 0; i < newer.count; i++)
		spills_add(waiting, &newer.items[i]);
	memory_free(newer.items);
}

bool spill_is_waiting(const struct asks *asks, uint32_t db, struct slice key)
{
	const struct spills *waiting = &asks->keyspace->spills;
	for (unsigned i = 0; i < waiting->count; i++)
		if (waiting->items[i].db == db && slice_equal(waiting->items[i].key, key))
			return true;
	return false;
}

void spill_read(struct asks *asks, struct script *script, uint32_t db, enum kind kind, struct slice key, struct slice element)
{
	struct buffer field = { 0 };
	add_field(&field, db, kind, key, element);
	script_select(script, asks->options->reserved_db);
	script_add(script, 3, (struct slice[]){ SLICE("HGET"), SLICE(CORE_VERSIONS_KEY), buffer_slice(&field) });
	buffer_free(&field);
}

static bool take_number(struct slice *text, uint64_t *number)
{
	int64_t taken;
	if (!slice_to_int64(slice_take_until(text, ':'), &taken) || taken < 0)
		return false;
	*number = (uint64_t)taken;
	return true;
}

bool spill_parse_field(const struct asks *asks, struct slice field, struct spill *removal)
{
	uint64_t db, key_len;
	if (!take_number(&field, &db) || db >= asks->options->databases || db == asks->options->reserved_db)
		return false;
	struct slice kind = slice_take_until(&field, ':');
	bool is_string = slice_equal(kind, slice_of(kind_text(KIND_STRING)));
	bool is_field = slice_equal(kind, slice_of(kind_text(KIND_HASH)));
	if (is_string == is_field || !take_number(&field, &key_len) || key_len > field.len || (is_string && key_len < field.len))
		return false;
	*removal = (struct spill){
		.db = (uint32_t)db, .kind = is_string ? KIND_STRING : KIND_HASH, .key = buffer_copy((struct slice){ field.ptr, key_len }),
		.element = buffer_copy((struct slice){ field.ptr + key_len, field.len - key_len }),
	};
	return true;
}

bool spill_parse(struct asks *asks, struct slice raw, unsigned *origin, uint64_t *seq, uint64_t *hlc)
{
	struct reply reply;
	if (!reply_read(&raw, &reply) || reply.type != REPLY_STRING)
		return false;
	struct slice text = reply.text;
	struct slice dc = slice_take_until(&text, ' ');
	int64_t numbers[3];
	for (unsigned i = 0; i < 3; i++)
		if (!slice_to_int64(slice_take_until(&text, ' '), &numbers[i]))
			return false;
	int index = origins_get(&asks->causes->origins, dc, (uint64_t)numbers[0]);
	if (index < 0)
		return false;
	*origin = (unsigned)index;
	*seq = (uint64_t)numbers[1];
	*hlc = (uint64_t)numbers[2];
	return true;
}
