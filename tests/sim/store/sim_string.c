/* String commands of the simulated store. */
#include "sim_command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void string_put(struct sim_call *call, struct slice name, struct slice value)
{
	struct sim_key *key = store_lookup(call, name);

	if (key != NULL)
		store_remove(call->store, key);
	key = store_create(call, call->db, store_intern(call, name), SIM_STRING);
	key_element_add(key, 0)->value = store_intern(call, value);
}

/* Keeps the deadline. */
static void string_change(struct sim_call *call, struct slice name, struct slice value)
{
	struct sim_key *key = store_lookup(call, name);

	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, name), SIM_STRING);
	key_element_add(key, 0)->value = store_intern(call, value);
}

static struct slice string_value(struct sim_call *call, const struct sim_key *key)
{
	return key == NULL ? (struct slice){ "", 0 } : store_text(call, key->elements[0].value);
}

static void reply_string(struct sim_call *call, const struct sim_key *key)
{
	if (key == NULL)
		reply_nil(call);
	else
		reply_bulk(call, string_value(call, key));
}

struct set_options {
	bool is_nx, is_xx, is_get, is_keepttl;
	int64_t expire_at_ms;
};

static bool set_options_read(struct sim_call *call, struct set_options *options)
{
	for (unsigned i = 3; i < call->argc; i++) {
		struct slice word = call->argv[i];
		int64_t number = 0;

		if (argument_is(word, "nx"))
			options->is_nx = true;
		else if (argument_is(word, "xx"))
			options->is_xx = true;
		else if (argument_is(word, "get"))
			options->is_get = true;
		else if (argument_is(word, "keepttl"))
			options->is_keepttl = true;
		else if (i + 1 == call->argc || !text_to_int64(call->argv[++i], &number))
			return false;
		else if (argument_is(word, "ex"))
			options->expire_at_ms = (int64_t)call->now_ms + number * 1000;
		else if (argument_is(word, "px"))
			options->expire_at_ms = (int64_t)call->now_ms + number;
		else if (argument_is(word, "exat"))
			options->expire_at_ms = number * 1000;
		else if (argument_is(word, "pxat"))
			options->expire_at_ms = number;
		else
			return false;
	}
	return true;
}

void command_set(struct sim_call *call)
{
	struct set_options options = { .expire_at_ms = 0 };
	struct sim_key *key = store_lookup(call, call->argv[1]);
	int64_t expire_at_ms;

	if (!set_options_read(call, &options)) {
		reply_error(call, "ERR syntax error");
		return;
	}
	if (options.is_get && key != NULL && key->type != SIM_STRING) {
		reply_error(call, "WRONGTYPE Operation against a key holding the wrong kind of value");
		return;
	}
	if (options.is_get)
		reply_string(call, key);
	if ((options.is_nx && key != NULL) || (options.is_xx && key == NULL)) {
		if (!options.is_get)
			reply_nil(call);
		return;
	}
	expire_at_ms = options.is_keepttl && key != NULL ? key->expire_at_ms : options.expire_at_ms;
	string_put(call, call->argv[1], call->argv[2]);
	store_lookup(call, call->argv[1])->expire_at_ms = expire_at_ms;
	if (!options.is_get)
		reply_ok(call);
}

void command_setnx(struct sim_call *call)
{
	bool is_absent = store_lookup(call, call->argv[1]) == NULL;

	if (is_absent)
		string_put(call, call->argv[1], call->argv[2]);
	reply_integer(call, is_absent);
}

static void set_for(struct sim_call *call, int64_t unit_ms)
{
	int64_t number;

	if (!text_to_int64(call->argv[2], &number)) {
		reply_error(call, "ERR value is not an integer or out of range");
		return;
	}
	string_put(call, call->argv[1], call->argv[3]);
	store_lookup(call, call->argv[1])->expire_at_ms = (int64_t)call->now_ms + number * unit_ms;
	reply_ok(call);
}

void command_setex(struct sim_call *call)
{
	set_for(call, 1000);
}

void command_psetex(struct sim_call *call)
{
	set_for(call, 1);
}

void command_get(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);

	if (!is_wrong)
		reply_string(call, key);
}

void command_getset(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);

	if (is_wrong)
		return;
	reply_string(call, key);
	string_put(call, call->argv[1], call->argv[2]);
}

void command_getdel(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);

	if (is_wrong)
		return;
	reply_string(call, key);
	if (key != NULL)
		store_remove(call->store, key);
}

void command_getex(struct sim_call *call)
{
	struct set_options options = { .expire_at_ms = 0 };
	bool is_wrong, is_persist = call->argc == 3 && argument_is(call->argv[2], "persist");
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	struct slice shifted[5] = { call->argv[0], call->argv[1], call->argv[1] };
	struct sim_call as_set = *call;

	if (is_wrong)
		return;
	if (!is_persist && call->argc == 4) {
		shifted[3] = call->argv[2];
		shifted[4] = call->argv[3];
		as_set.argv = shifted;
		as_set.argc = 5;
		if (!set_options_read(&as_set, &options)) {
			reply_error(call, "ERR syntax error");
			return;
		}
	}
	reply_string(call, key);
	if (key == NULL || call->argc == 2)
		return;
	key->expire_at_ms = options.expire_at_ms;
	if (key->expire_at_ms != 0 && key->expire_at_ms <= (int64_t)call->now_ms)
		store_remove(call->store, key);
}

void command_mset(struct sim_call *call)
{
	for (unsigned i = 1; i + 1 < call->argc; i += 2)
		string_put(call, call->argv[i], call->argv[i + 1]);
	reply_ok(call);
}

void command_msetnx(struct sim_call *call)
{
	for (unsigned i = 1; i + 1 < call->argc; i += 2) {
		if (store_lookup(call, call->argv[i]) == NULL)
			continue;
		reply_integer(call, 0);
		return;
	}
	for (unsigned i = 1; i + 1 < call->argc; i += 2)
		string_put(call, call->argv[i], call->argv[i + 1]);
	reply_integer(call, 1);
}

void command_append(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	struct buffer joined = { .len = 0 };

	if (is_wrong)
		return;
	buffer_add(&joined, string_value(call, key));
	buffer_add(&joined, call->argv[2]);
	reply_integer(call, (int64_t)joined.len);
	string_change(call, call->argv[1], buffer_slice(&joined));
	buffer_free(&joined);
}

void command_setrange(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	struct buffer joined = { .len = 0 };
	int64_t offset;

	if (is_wrong)
		return;
	if (!text_to_int64(call->argv[2], &offset) || offset < 0) {
		reply_error(call, "ERR offset is out of range");
		return;
	}
	buffer_add(&joined, string_value(call, key));
	while (joined.len < (size_t)offset + call->argv[3].len)
		buffer_add_byte(&joined, '\0');
	memcpy(joined.ptr + offset, call->argv[3].ptr, call->argv[3].len);
	reply_integer(call, (int64_t)joined.len);
	string_change(call, call->argv[1], buffer_slice(&joined));
	buffer_free(&joined);
}

static void string_increment(struct sim_call *call, struct slice amount, int sign)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	struct buffer digits = { .len = 0 };
	int64_t increment, number = 0;

	if (is_wrong)
		return;
	if (!text_to_int64(amount, &increment) || (key != NULL && !text_to_int64(string_value(call, key), &number))) {
		reply_error(call, "ERR value is not an integer or out of range");
		return;
	}
	if (__builtin_add_overflow(number, sign * increment, &number)) {
		reply_error(call, "ERR increment or decrement would overflow");
		return;
	}
	buffer_add_int64(&digits, number);
	string_change(call, call->argv[1], buffer_slice(&digits));
	buffer_free(&digits);
	reply_integer(call, number);
}

void command_incr(struct sim_call *call)
{
	string_increment(call, SLICE("1"), 1);
}

void command_decr(struct sim_call *call)
{
	string_increment(call, SLICE("1"), -1);
}

void command_incrby(struct sim_call *call)
{
	string_increment(call, call->argv[2], 1);
}

void command_decrby(struct sim_call *call)
{
	string_increment(call, call->argv[2], -1);
}

void command_incrbyfloat(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	long double increment, number = 0;
	char room[5120];
	struct slice text;

	if (is_wrong)
		return;
	if (!text_to_long_double(call->argv[2], &increment) || (key != NULL && !text_to_long_double(string_value(call, key), &number))) {
		reply_error(call, "ERR value is not a valid float");
		return;
	}
	text = format_long_double(number + increment, room, sizeof(room));
	string_change(call, call->argv[1], text);
	reply_bulk(call, text);
}
