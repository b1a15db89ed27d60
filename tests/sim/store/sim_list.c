/* List commands of the simulated store. An element's name is its place in the list. */
#include "sim_command.h"

#include <stdlib.h>
#include <string.h>

static struct sim_key *list_find(struct sim_call *call, struct slice name, bool *is_wrong)
{
	return store_lookup_typed(call, name, SIM_LIST, is_wrong);
}

static void renumber(struct sim_key *key)
{
	for (unsigned i = 0; i < key->count; i++)
		key->elements[i].name = i;
}

static void list_insert(struct sim_key *key, unsigned at, uint32_t value)
{
	key->elements = array_grow(key->elements, key->count, &key->cap, sizeof(*key->elements));
	memmove(key->elements + at + 1, key->elements + at, (key->count - at) * sizeof(*key->elements));
	key->elements[at] = (struct sim_element){ .value = value };
	key->count++;
	renumber(key);
}

static uint32_t list_take(struct sim_key *key, unsigned at)
{
	uint32_t value = key->elements[at].value;

	memmove(key->elements + at, key->elements + at + 1, (--key->count - at) * sizeof(*key->elements));
	renumber(key);
	return value;
}

/* The place that INDEX means, which may count from the tail. False: there is none. */
static bool list_place(const struct sim_key *key, int64_t index, unsigned *at)
{
	int64_t count = key == NULL ? 0 : key->count;

	index = index < 0 ? count + index : index;
	*at = (unsigned)index;
	return index >= 0 && index < count;
}

static bool read_index(struct sim_call *call, struct slice text, int64_t *index)
{
	if (text_to_int64(text, index))
		return true;
	reply_error(call, "ERR value is not an integer or out of range");
	return false;
}

/* ---- pushes ---- */

static void push(struct sim_call *call, bool is_tail, bool is_only_there)
{
	bool is_wrong;
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);

	if (is_wrong)
		return;
	if (key == NULL && is_only_there) {
		reply_integer(call, 0);
		return;
	}
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_LIST);
	for (unsigned i = 2; i < call->argc; i++)
		list_insert(key, is_tail ? key->count : 0, store_intern(call, call->argv[i]));
	reply_integer(call, key->count);
}

void command_lpush(struct sim_call *call) { push(call, false, false); }
void command_rpush(struct sim_call *call) { push(call, true, false); }
void command_lpushx(struct sim_call *call) { push(call, false, true); }
void command_rpushx(struct sim_call *call) { push(call, true, true); }

void command_linsert(struct sim_call *call)
{
	bool is_wrong, is_behind = argument_is(call->argv[2], "after");
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	uint32_t pivot = store_intern(call, call->argv[3]);
	unsigned at = 0;

	if (is_wrong)
		return;
	if (!is_behind && !argument_is(call->argv[2], "before")) {
		reply_error(call, "ERR syntax error");
		return;
	}
	while (key != NULL && at < key->count && key->elements[at].value != pivot)
		at++;
	if (key == NULL || at == key->count) {
		reply_integer(call, key == NULL ? 0 : -1);
		return;
	}
	list_insert(key, at + is_behind, store_intern(call, call->argv[4]));
	reply_integer(call, key->count);
}

void command_lset(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	int64_t index;
	unsigned at;

	if (is_wrong || !read_index(call, call->argv[2], &index))
		return;
	if (key == NULL) {
		reply_error(call, "ERR no such key");
	} else if (!list_place(key, index, &at)) {
		reply_error(call, "ERR index out of range");
	} else {
		key->elements[at].value = store_intern(call, call->argv[3]);
		reply_ok(call);
	}
}

/* What the core sends to insert at a place: the first key, the place, the value. Below 0 it counts from the tail, and the value comes behind. */
void command_eval(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key;
	int64_t index;
	unsigned at;

	if (entries_eval(call))
		return;
	key = list_find(call, call->argv[3], &is_wrong);
	if (is_wrong || !read_index(call, call->argv[4], &index))
		return;
	if (strstr(call->argv[0].ptr, "LINSERT") == NULL) {
		reply_error(call, "ERR the simulated store does not know that script");
		return;
	}
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, call->argv[3]), SIM_LIST);
	if (!list_place(key, index, &at))
		at = index < 0 ? 0 : key->count;
	else
		at += index < 0;
	list_insert(key, at, store_intern(call, call->argv[5]));
	reply_integer(call, 1);
}

/* ---- removals ---- */

void command_lrem(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	uint32_t value = store_intern(call, call->argv[3]);
	int64_t count, removed = 0;

	if (is_wrong || !read_index(call, call->argv[2], &count))
		return;
	for (unsigned i = 0; key != NULL && i < key->count && (count == 0 || removed < llabs(count));) {
		unsigned at = count < 0 ? key->count - 1 - i : i;

		if (key->elements[at].value == value) {
			list_take(key, at);
			removed++;
		} else {
			i++;
		}
	}
	if (key != NULL)
		store_remove_if_empty(call->store, key);
	reply_integer(call, removed);
}

void command_ltrim(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	int64_t start, stop;

	if (is_wrong || !read_index(call, call->argv[2], &start) || !read_index(call, call->argv[3], &stop))
		return;
	if (key != NULL) {
		start = start < 0 ? start + key->count : start;
		start = start < 0 ? 0 : start;
		stop = stop < 0 ? stop + key->count : stop;
		while (key->count > 0 && (stop < start || (int64_t)key->count > stop + 1))
			list_take(key, key->count - 1);
		for (int64_t i = 0; i < start && key->count > 0; i++)
			list_take(key, 0);
		store_remove_if_empty(call->store, key);
	}
	reply_ok(call);
}

static void pop_many(struct sim_call *call, struct sim_key *key, bool is_tail, int64_t count)
{
	count = count < (int64_t)key->count ? count : key->count;
	reply_array(call, (uint64_t)count);
	for (; count > 0; count--)
		reply_bulk(call, store_text(call, list_take(key, is_tail ? key->count - 1 : 0)));
	store_remove_if_empty(call->store, key);
}

static void pop(struct sim_call *call, bool is_tail)
{
	bool is_wrong;
	struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	int64_t count = 1;

	if (is_wrong)
		return;
	if (call->argc > 2 && (!text_to_int64(call->argv[2], &count) || count < 0)) {
		reply_error(call, "ERR value is out of range, must be positive");
		return;
	}
	if (key == NULL) {
		reply_nil(call);
	} else if (call->argc > 2) {
		pop_many(call, key, is_tail, count);
	} else {
		reply_bulk(call, store_text(call, list_take(key, is_tail ? key->count - 1 : 0)));
		store_remove_if_empty(call->store, key);
	}
}

void command_lpop(struct sim_call *call) { pop(call, false); }
void command_rpop(struct sim_call *call) { pop(call, true); }

static void move(struct sim_call *call, bool is_from_tail, bool is_to_tail)
{
	bool is_wrong;
	struct sim_key *from = list_find(call, call->argv[1], &is_wrong);
	struct sim_key *to = is_wrong || from == NULL ? NULL : list_find(call, call->argv[2], &is_wrong);
	uint32_t value;

	if (is_wrong)
		return;
	if (from == NULL) {
		reply_nil(call);
		return;
	}
	value = list_take(from, is_from_tail ? from->count - 1 : 0);
	if (to == NULL)
		to = store_create(call, call->db, store_intern(call, call->argv[2]), SIM_LIST);
	list_insert(to, is_to_tail ? to->count : 0, value);
	store_remove_if_empty(call->store, from);
	reply_bulk(call, store_text(call, value));
}

void command_lmove(struct sim_call *call)
{
	move(call, argument_is(call->argv[3], "right"), argument_is(call->argv[4], "right"));
}

void command_rpoplpush(struct sim_call *call)
{
	move(call, true, false);
}

void command_lmpop(struct sim_call *call)
{
	int64_t keys, count = 1;

	if (!text_to_int64(call->argv[1], &keys) || keys < 1 || keys + 3 > (int64_t)call->argc) {
		reply_error(call, "ERR syntax error");
		return;
	}
	if (keys + 4 < (int64_t)call->argc && !read_index(call, call->argv[keys + 4], &count))
		return;
	for (unsigned i = 2; i < 2 + keys; i++) {
		bool is_wrong;
		struct sim_key *key = list_find(call, call->argv[i], &is_wrong);

		if (is_wrong)
			return;
		if (key == NULL)
			continue;
		reply_array(call, 2);
		reply_bulk(call, call->argv[i]);
		pop_many(call, key, argument_is(call->argv[2 + keys], "right"), count);
		return;
	}
	reply_nil(call);
}

/* ---- reads ---- */

void command_llen(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = list_find(call, call->argv[1], &is_wrong);

	if (!is_wrong)
		reply_integer(call, key == NULL ? 0 : key->count);
}

/* Without options the first, with COUNT 0 all. */
void command_lpos(struct sim_call *call)
{
	bool is_wrong, is_all = call->argc > 3;
	const struct sim_key *key = list_find(call, call->argv[1], &is_wrong);
	uint32_t value = store_intern(call, call->argv[2]);
	unsigned found = 0;

	if (is_wrong)
		return;
	for (unsigned i = 0; key != NULL && i < key->count; i++)
		found += key->elements[i].value == value;
	if (!is_all && found == 0) {
		reply_nil(call);
		return;
	}
	if (is_all)
		reply_array(call, found);
	for (unsigned i = 0; key != NULL && i < key->count; i++) {
		if (key->elements[i].value != value)
			continue;
		reply_integer(call, i);
		if (!is_all)
			return;
	}
}

/* All of it: nobody asks for less. */
void command_lrange(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = list_find(call, call->argv[1], &is_wrong);

	if (is_wrong)
		return;
	reply_array(call, key == NULL ? 0 : key->count);
	for (unsigned i = 0; key != NULL && i < key->count; i++)
		reply_bulk(call, store_text(call, key->elements[i].value));
}
