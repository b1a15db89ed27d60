/* Streams of clients in the simulated store: an element's name is the entry's id, its value the fields as RESP, and elements stand in the order of their ids. */
#include "sim_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct id { uint64_t ms, seq; };

static int id_order(struct id a, struct id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

/* "5-3", or "5", whose seq is then SEQ. */
static bool id_read(struct slice text, uint64_t seq, struct id *id)
{
	char room[48], *end;

	if (text.len == 0 || text.len >= sizeof(room) || text.ptr[0] < '0' || text.ptr[0] > '9')
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	id->ms = strtoull(room, &end, 10);
	id->seq = seq;
	if (*end == '-')
		id->seq = strtoull(end + 1, &end, 10);
	return *end == '\0';
}

static struct id id_at(struct sim_call *call, const struct sim_key *key, unsigned at)
{
	struct id id = { 0, 0 };

	id_read(store_text(call, key->elements[at].name), 0, &id);
	return id;
}

static struct slice id_text(struct id id, char *room, size_t size)
{
	int len = snprintf(room, size, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);

	return (struct slice){ room, (size_t)len };
}

/* The first entry at ID or behind it. */
static unsigned place_of(struct sim_call *call, const struct sim_key *key, struct id id)
{
	unsigned at = key == NULL ? 0 : key->count;

	while (at > 0 && id_order(id_at(call, key, at - 1), id) >= 0)
		at--;
	return at;
}

static bool is_there(struct sim_call *call, const struct sim_key *key, unsigned at, struct id id)
{
	return key != NULL && at < key->count && id_order(id_at(call, key, at), id) == 0;
}

static void take_out(struct sim_key *key, unsigned at, unsigned count)
{
	if (count == 0)
		return;
	memmove(key->elements + at, key->elements + at + count, (key->count - at - count) * sizeof(*key->elements));
	key->count -= count;
}

static void put_in(struct sim_call *call, struct sim_key *key, struct id id, uint32_t fields)
{
	char room[48];
	unsigned at = place_of(call, key, id);

	if (is_there(call, key, at, id))
		take_out(key, at, 1);
	key->elements = array_grow(key->elements, key->count, &key->cap, sizeof(*key->elements));
	memmove(key->elements + at + 1, key->elements + at, (key->count - at) * sizeof(*key->elements));
	key->elements[at] = (struct sim_element){ .name = store_intern(call, id_text(id, room, sizeof(room))), .value = fields };
	key->count++;
}

static struct id last_of(const struct sim_key *key)
{
	return key == NULL ? (struct id){ 0, 0 } : (struct id){ key->last_ms, key->last_seq };
}

static void reach(struct sim_key *key, struct id id)
{
	if (id_order(id, last_of(key)) <= 0)
		return;
	key->last_ms = id.ms;
	key->last_seq = id.seq;
}

static uint32_t fields_of(struct sim_call *call, unsigned from, unsigned to)
{
	struct buffer fields = { 0 };
	uint32_t id;

	for (unsigned i = from; i < to; i++) {
		buffer_add_byte(&fields, '$');
		buffer_add_uint64(&fields, call->argv[i].len);
		buffer_add_text(&fields, "\r\n");
		buffer_add(&fields, call->argv[i]);
		buffer_add_text(&fields, "\r\n");
	}
	id = store_intern(call, buffer_slice(&fields));
	buffer_free(&fields);
	return id;
}

/* ---- trims ---- */

struct cut {
	unsigned argc;               /* arguments that it takes; 0: there is none */
	bool is_by_id, is_rough;
	struct id limit;             /* MAXLEN: its MS is how many stay */
};

static bool cut_read(const struct sim_call *call, unsigned at, struct cut *cut)
{
	unsigned from = at;

	*cut = (struct cut){ .argc = 0 };
	if (at >= call->argc || (!argument_is(call->argv[at], "maxlen") && !argument_is(call->argv[at], "minid")))
		return true;
	cut->is_by_id = argument_is(call->argv[at++], "minid");
	if (at < call->argc && (argument_is(call->argv[at], "~") || argument_is(call->argv[at], "=")))
		cut->is_rough = argument_is(call->argv[at++], "~");
	if (at >= call->argc || !id_read(call->argv[at++], 0, &cut->limit))
		return false;
	cut->argc = at - from;
	return true;
}

/* A rough one goes in steps of three, so that short streams show it. */
static int64_t cut_make(struct sim_call *call, struct sim_key *key, const struct cut *cut)
{
	unsigned count = 0;

	if (key == NULL)
		return 0;
	if (cut->is_by_id)
		count = place_of(call, key, cut->limit);
	else if (key->count > cut->limit.ms)
		count = key->count - (unsigned)cut->limit.ms;
	if (cut->is_rough)
		count -= count % 3;
	take_out(key, 0, count);
	return count;
}

void entries_xtrim(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	struct cut cut;

	if (is_wrong)
		return;
	if (!cut_read(call, 2, &cut) || cut.argc + 2 != call->argc)
		reply_error(call, "ERR syntax error");
	else
		reply_integer(call, cut_make(call, key, &cut));
}

/* ---- XADD, XDEL ---- */

static bool choose(struct sim_call *call, struct slice text, const struct sim_key *key, struct id *id)
{
	struct id last = last_of(key);
	struct slice ms = { text.ptr, text.len < 2 ? 0 : text.len - 2 };
	bool is_part = text.len > 2 && memcmp(text.ptr + text.len - 2, "-*", 2) == 0;

	if (argument_is(text, "*"))
		*id = call->now_ms > last.ms ? (struct id){ call->now_ms, 0 } : (struct id){ last.ms, last.seq + 1 };
	else if (!id_read(is_part ? ms : text, 0, id))
		return false;
	else if (is_part && id->ms == last.ms)
		id->seq = last.seq + 1;
	return true;
}

static void add(struct sim_call *call, struct slice name, struct id id, uint32_t fields, const struct cut *cut)
{
	struct sim_key *key = store_lookup(call, name);
	char room[48];

	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, name), SIM_STREAM);
	put_in(call, key, id, fields);
	reach(key, id);
	if (cut->argc > 0)
		cut_make(call, key, cut);
	reply_bulk(call, id_text(id, room, sizeof(room)));
}

/* XADD key [NOMKSTREAM] [trim] id field value …, whose words stand from argument FIRST on. PLACE: what "above" means for another id; 0: as Redis */
static void add_words(struct sim_call *call, unsigned key_at, unsigned first, uint64_t bits, uint64_t place, bool is_part, bool is_above)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[key_at], SIM_STREAM, &is_wrong);
	struct cut cut;
	struct id id, last = last_of(key);
	bool must_exist = false;

	if (is_wrong)
		return;
	if (first < call->argc && argument_is(call->argv[first], "nomkstream")) {
		must_exist = true;
		first++;
	}
	if (!cut_read(call, first, &cut) || first + cut.argc + 3 > call->argc) {
		reply_error(call, "ERR syntax error");
		return;
	}
	first += cut.argc;
	if (!choose(call, call->argv[first], key, &id)) {
		reply_error(call, "ERR Invalid stream ID specified as stream command argument");
		return;
	}
	if (key == NULL && must_exist) {
		reply_nil(call);
		return;
	}
	if (is_above && id_order(id, last) <= 0 && !(is_part && id.ms < last.ms))
		id = is_part ? (struct id){ id.ms, (((last.seq >> bits) + 1) << bits) + place } : (struct id){ last.ms + 1, place };
	if (id_order(id, last) <= 0) {
		reply_error(call, "ERR The ID specified in XADD is equal or smaller than the target stream top item");
		return;
	}
	add(call, call->argv[key_at], id, fields_of(call, first + 1, call->argc), &cut);
}

void entries_xadd(struct sim_call *call)
{
	add_words(call, 1, 2, 0, 0, false, false);
}

void entries_xdel(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	int64_t removed = 0;

	if (is_wrong)
		return;
	for (unsigned i = 2; key != NULL && i < call->argc; i++) {
		struct id id = { 0, 0 };

		if (!id_read(call->argv[i], 0, &id)) {
			reply_error(call, "ERR Invalid stream ID specified as stream command argument");
			return;
		}
		unsigned at = place_of(call, key, id);
		if (!is_there(call, key, at, id))
			continue;
		take_out(key, at, 1);
		removed++;
	}
	reply_integer(call, removed);
}

/* ---- reads ---- */

/* XRANGE key from to [COUNT n] */
void command_xrange(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	struct id from = { 0, 0 }, to = { UINT64_MAX, UINT64_MAX };
	int64_t most = INT64_MAX;
	unsigned first, end;

	if (is_wrong)
		return;
	if ((!argument_is(call->argv[2], "-") && !id_read(call->argv[2], 0, &from)) ||
	    (!argument_is(call->argv[3], "+") && !id_read(call->argv[3], UINT64_MAX, &to)) ||
	    (call->argc > 5 && !text_to_int64(call->argv[5], &most))) {
		reply_error(call, "ERR Invalid stream ID specified as stream command argument");
		return;
	}
	first = end = place_of(call, key, from);
	while (key != NULL && end < key->count && (int64_t)(end - first) < most && id_order(id_at(call, key, end), to) <= 0)
		end++;
	reply_array(call, end - first);
	for (unsigned i = first; i < end; i++)
		entry_reply(call, &key->elements[i]);
}

/* XINFO STREAM key, as much of it as is asked for. */
void command_xinfo(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[2], SIM_STREAM, &is_wrong);
	char room[48];

	if (is_wrong)
		return;
	if (key == NULL) {
		reply_error(call, "ERR no such key");
		return;
	}
	reply_map(call, 2);
	reply_bulk(call, SLICE("length"));
	reply_integer(call, key->count);
	reply_bulk(call, SLICE("last-generated-id"));
	reply_bulk(call, id_text(last_of(key), room, sizeof(room)));
}

void entries_xlen(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);

	if (!is_wrong)
		reply_integer(call, key == NULL ? 0 : key->count);
}

/* ---- scripts ---- */

static struct sim_key *found(struct sim_call *call)
{
	struct sim_key *key = store_lookup(call, call->argv[3]);

	return key != NULL ? key : store_create(call, call->db, store_intern(call, call->argv[3]), SIM_STREAM);
}

/* EVAL … 1 key words: "A id n field value …" an entry is there, "D id" none is, "R id" the stream reached that id, "T id inclusive" it is trimmed. */
static void edit(struct sim_call *call)
{
	struct sim_key *key = store_lookup(call, call->argv[3]);
	struct sim_fresh fresh = { .names = memory_new(call->argc * sizeof(uint32_t)) };
	unsigned i = 4, before = key == NULL ? 0 : key->count;
	uint32_t *names = memory_new((before + 1) * sizeof(*names));

	for (unsigned at = 0; at < before; at++)
		names[at] = key->elements[at].name;
	while (i + 1 < call->argc && (key == NULL || key->type == SIM_STREAM)) {
		struct slice word = call->argv[i];
		struct id id = { 0, 0 };
		int64_t count = 0;

		id_read(call->argv[i + 1], 0, &id);
		if (argument_is(word, "a")) {
			if (!text_to_int64(call->argv[i + 2], &count))
				break;
			key = found(call);
			put_in(call, key, id, fields_of(call, i + 3, i + 3 + (unsigned)count));
			reach(key, id);
			fresh.names[fresh.count++] = store_intern(call, call->argv[i + 1]);
			for (unsigned at = 0; at < before; at++)
				if (names[at] == fresh.names[fresh.count - 1]) {
					fresh.count--;
					break;
				}
			i += 3 + (unsigned)count;
		} else if (argument_is(word, "d")) {
			unsigned at = place_of(call, key, id);

			if (is_there(call, key, at, id))
				take_out(key, at, 1);
			i += 2;
		} else if (argument_is(word, "t")) {
			if (key != NULL) {
				unsigned at = place_of(call, key, id);

				at += argument_is(call->argv[i + 2], "1") && is_there(call, key, at, id);
				take_out(key, 0, at);
			}
			i += 3;
		} else if (argument_is(word, "g") || argument_is(word, "x") || argument_is(word, "p") || argument_is(word, "k")) {
			i += argument_is(word, "p") ? 4 : argument_is(word, "x") ? 2 : 3;
		} else {
			key = found(call);
			reach(key, id);
			i += 2;
		}
	}
	if (key == NULL || key->type == SIM_STREAM)
		groups_edit(call, &fresh);
	memory_free(fresh.names);
	memory_free(names);
	reply_integer(call, 0);
}

/* EVAL … 1 key id bits place part at words: an XADD whose id may be raised. */
static void add_above(struct sim_call *call)
{
	int64_t bits = 0, place = 0;

	if (!text_to_int64(call->argv[5], &bits) || !text_to_int64(call->argv[6], &place)) {
		reply_error(call, "ERR syntax error");
		return;
	}
	add_words(call, 3, 9, (uint64_t)bits, (uint64_t)place, argument_is(call->argv[7], "1"), true);
}

bool entries_eval(struct sim_call *call)
{
	struct slice text = call->argv[1];

	if (memmem(text.ptr, text.len, "MAXDELETEDID", 12) != NULL)
		edit(call);
	else if (memmem(text.ptr, text.len, "equal or smaller", 16) != NULL)
		add_above(call);
	else
		return groups_eval(call);
	return true;
}
