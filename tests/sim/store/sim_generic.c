/* Commands of the simulated store for keys of any type, deadlines and databases. */
#include "sim_command.h"

#include <stdio.h>

void command_del(struct sim_call *call)
{
	int64_t removed = 0;

	for (unsigned i = 1; i < call->argc; i++) {
		struct sim_key *key = store_lookup(call, call->argv[i]);

		if (key == NULL)
			continue;
		store_remove(call->store, key);
		removed++;
	}
	reply_integer(call, removed);
}

void command_exists(struct sim_call *call)
{
	int64_t found = 0;

	for (unsigned i = 1; i < call->argc; i++)
		found += store_lookup(call, call->argv[i]) != NULL;
	reply_integer(call, found);
}

void command_type(struct sim_call *call)
{
	static const char *const names[] = { "string", "hash", "set", "zset", "list", "stream" };
	const struct sim_key *key = store_lookup(call, call->argv[1]);

	buffer_add_byte(call->out, '+');
	buffer_add_text(call->out, key == NULL ? "none" : names[key->type]);
	buffer_add_text(call->out, "\r\n");
}

/* Gives the key called argv[2] the content and deadline of FROM. */
static void key_replace(struct sim_call *call, const struct sim_key *from)
{
	struct sim_key *old = store_lookup(call, call->argv[2]);
	struct sim_key *to;

	if (old != NULL)
		store_remove(call->store, old);
	to = store_create(call, call->db, store_intern(call, call->argv[2]), from->type);
	key_copy_content(to, from);
}

void command_rename(struct sim_call *call)
{
	struct sim_key *from = store_lookup(call, call->argv[1]);

	if (from == NULL) {
		reply_error(call, "ERR no such key");
		return;
	}
	if (store_intern(call, call->argv[1]) != store_intern(call, call->argv[2])) {
		key_replace(call, from);
		store_remove(call->store, from);
	}
	reply_ok(call);
}

void command_renamenx(struct sim_call *call)
{
	struct sim_key *from = store_lookup(call, call->argv[1]);

	if (from == NULL) {
		reply_error(call, "ERR no such key");
		return;
	}
	if (store_lookup(call, call->argv[2]) != NULL) {
		reply_integer(call, 0);
		return;
	}
	key_replace(call, from);
	store_remove(call->store, from);
	reply_integer(call, 1);
}

void command_copy(struct sim_call *call)
{
	struct sim_key *from = store_lookup(call, call->argv[1]);
	bool is_replace = call->argc > 3 && argument_is(call->argv[3], "replace");

	if (store_intern(call, call->argv[1]) == store_intern(call, call->argv[2])) {
		reply_error(call, "ERR source and destination objects are the same");
		return;
	}
	if (from == NULL || (!is_replace && store_lookup(call, call->argv[2]) != NULL)) {
		reply_integer(call, 0);
		return;
	}
	key_replace(call, from);
	reply_integer(call, 1);
}

/* EXPIRE and its kin: the deadline is argv[2] times UNIT_MS, counted from FROM_MS. */
static void key_expire_at(struct sim_call *call, int64_t unit_ms, uint64_t from_ms)
{
	struct sim_key *key = store_lookup(call, call->argv[1]);
	int64_t number, deadline;

	if (!text_to_int64(call->argv[2], &number)) {
		reply_error(call, "ERR value is not an integer or out of range");
		return;
	}
	deadline = (int64_t)from_ms + number * unit_ms;
	if (key == NULL || (call->argc > 3 && argument_is(call->argv[3], "nx") && key->expire_at_ms != 0)) {
		reply_integer(call, 0);
		return;
	}
	/* A deadline in the past deletes the key at once. Redis sends no notification of expiry for that. */
	if (deadline <= (int64_t)call->now_ms)
		store_remove(call->store, key);
	else
		key->expire_at_ms = deadline;
	reply_integer(call, 1);
}

void command_expire(struct sim_call *call)
{
	key_expire_at(call, 1000, call->now_ms);
}

void command_pexpire(struct sim_call *call)
{
	key_expire_at(call, 1, call->now_ms);
}

void command_expireat(struct sim_call *call)
{
	key_expire_at(call, 1000, 0);
}

void command_pexpireat(struct sim_call *call)
{
	key_expire_at(call, 1, 0);
}

void command_persist(struct sim_call *call)
{
	struct sim_key *key = store_lookup(call, call->argv[1]);
	bool had_deadline = key != NULL && key->expire_at_ms != 0;

	if (had_deadline)
		key->expire_at_ms = 0;
	reply_integer(call, had_deadline);
}

void command_pexpiretime(struct sim_call *call)
{
	const struct sim_key *key = store_lookup(call, call->argv[1]);

	reply_integer(call, key == NULL ? -2 : key->expire_at_ms == 0 ? -1 : key->expire_at_ms);
}

void command_pttl(struct sim_call *call)
{
	const struct sim_key *key = store_lookup(call, call->argv[1]);

	reply_integer(call, key == NULL ? -2 : key->expire_at_ms == 0 ? -1 : key->expire_at_ms - (int64_t)call->now_ms);
}

void command_flushdb(struct sim_call *call)
{
	store_flush(call->store, call->db);
	reply_ok(call);
}

void command_dbsize(struct sim_call *call)
{
	int64_t keys = 0;

	for (unsigned i = 0; i < sim_store_key_count(call->store); i++)
		keys += sim_store_key_at(call->store, i)->db == call->db;
	reply_integer(call, keys);
}

void command_select(struct sim_call *call)
{
	int64_t db;

	if (!text_to_int64(call->argv[1], &db) || db < 0 || db >= SIM_DATABASES) {
		reply_error(call, "ERR DB index is out of range");
		return;
	}
	call->db = (uint32_t)db;
	reply_ok(call);
}
