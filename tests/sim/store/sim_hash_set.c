/* Hash and set commands of the simulated store. */
#include "sim_command.h"

#define SCANNED_MAX 16               /* fields at a time: walks take several steps */

static struct sim_key *lookup_or_create(struct sim_call *call, enum sim_type type, bool *is_wrong)
{
	struct sim_key *key = store_lookup_typed(call, call->argv[1], type, is_wrong);

	if (key == NULL && !*is_wrong)
		key = store_create(call, call->db, store_intern(call, call->argv[1]), type);
	return key;
}

/* How many of the fields were new; -1: answered already. */
static int64_t fields_set(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key;
	int64_t created = 0;

	if (call->argc % 2 != 0) {
		reply_error(call, "ERR wrong number of arguments");
		return -1;
	}
	key = lookup_or_create(call, SIM_HASH, &is_wrong);
	if (is_wrong)
		return -1;
	for (unsigned i = 2; i < call->argc; i += 2) {
		uint32_t name = store_intern(call, call->argv[i]);

		created += key_element(key, name) == NULL;
		key_element_add(key, name)->value = store_intern(call, call->argv[i + 1]);
	}
	return created;
}

void command_hset(struct sim_call *call)
{
	int64_t created = fields_set(call);

	if (created >= 0)
		reply_integer(call, created);
}

void command_hmset(struct sim_call *call)
{
	if (fields_set(call) >= 0)
		reply_ok(call);
}

void command_hsetnx(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (is_wrong)
		return;
	if (key != NULL && key_element(key, store_intern(call, call->argv[2])) != NULL) {
		reply_integer(call, 0);
		return;
	}
	reply_integer(call, fields_set(call));
}

static void reply_field(struct sim_call *call, struct sim_key *key, struct slice name)
{
	const struct sim_element *field = key == NULL ? NULL : key_element(key, store_intern(call, name));

	if (field == NULL)
		reply_nil(call);
	else
		reply_bulk(call, store_text(call, field->value));
}

void command_hget(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (!is_wrong)
		reply_field(call, key, call->argv[2]);
}

void command_hmget(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (is_wrong)
		return;
	reply_array(call, call->argc - 2);
	for (unsigned i = 2; i < call->argc; i++)
		reply_field(call, key, call->argv[i]);
}

void command_hgetall(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (is_wrong)
		return;
	reply_map(call, key == NULL ? 0 : key->count);
	for (unsigned i = 0; key != NULL && i < key->count; i++) {
		reply_bulk(call, store_text(call, key->elements[i].name));
		reply_bulk(call, store_text(call, key->elements[i].value));
	}
}

void command_hlen(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (!is_wrong)
		reply_integer(call, key == NULL ? 0 : key->count);
}

void command_hexists(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);

	if (!is_wrong)
		reply_integer(call, key != NULL && key_element(key, store_intern(call, call->argv[2])) != NULL);
}

/* Walks from the last field to the first; the cursor says how many are left. A removal between two steps only moves a field to a lower place. So a
 * field that exists during the whole walk is returned at least once, as in Redis. COUNT is a hint. */
void command_hscan(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);
	unsigned count = key == NULL ? 0 : key->count;
	struct buffer cursor = { .len = 0 };
	int64_t left;

	if (is_wrong)
		return;
	if (!text_to_int64(call->argv[2], &left)) {
		reply_error(call, "ERR invalid cursor");
		return;
	}
	if (left == 0 || left > count)
		left = count;
	count = left < SCANNED_MAX ? (unsigned)left : SCANNED_MAX;
	buffer_add_int64(&cursor, left - count);
	reply_array(call, 2);
	reply_bulk(call, buffer_slice(&cursor));
	reply_array(call, 2 * (uint64_t)count);
	for (unsigned i = 0; i < count; i++) {
		reply_bulk(call, store_text(call, key->elements[left - 1 - i].name));
		reply_bulk(call, store_text(call, key->elements[left - 1 - i].value));
	}
	buffer_free(&cursor);
}

/* HDEL, SREM. */
static void elements_remove(struct sim_call *call, enum sim_type type)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], type, &is_wrong);
	int64_t removed = 0;

	if (is_wrong)
		return;
	for (unsigned i = 2; key != NULL && i < call->argc; i++) {
		struct sim_element *element = key_element(key, store_intern(call, call->argv[i]));

		if (element == NULL)
			continue;
		key_element_remove(key, element);
		removed++;
	}
	if (key != NULL)
		store_remove_if_empty(call->store, key);
	reply_integer(call, removed);
}

void command_hdel(struct sim_call *call)
{
	elements_remove(call, SIM_HASH);
}

void command_hincrby(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);
	struct sim_element *field = key == NULL ? NULL : key_element(key, store_intern(call, call->argv[2]));
	struct buffer digits = { .len = 0 };
	int64_t increment, number = 0;

	if (is_wrong)
		return;
	if (!text_to_int64(call->argv[3], &increment)) {
		reply_error(call, "ERR value is not an integer or out of range");
		return;
	}
	if (field != NULL && !text_to_int64(store_text(call, field->value), &number)) {
		reply_error(call, "ERR hash value is not an integer");
		return;
	}
	if (__builtin_add_overflow(number, increment, &number)) {
		reply_error(call, "ERR increment or decrement would overflow");
		return;
	}
	buffer_add_int64(&digits, number);
	key = lookup_or_create(call, SIM_HASH, &is_wrong);
	key_element_add(key, store_intern(call, call->argv[2]))->value = store_intern(call, buffer_slice(&digits));
	buffer_free(&digits);
	reply_integer(call, number);
}

void command_hincrbyfloat(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_HASH, &is_wrong);
	struct sim_element *field = key == NULL ? NULL : key_element(key, store_intern(call, call->argv[2]));
	long double increment, number = 0;
	char room[5120];
	struct slice text;

	if (is_wrong)
		return;
	if (!text_to_long_double(call->argv[3], &increment)) {
		reply_error(call, "ERR value is not a valid float");
		return;
	}
	if (field != NULL && !text_to_long_double(store_text(call, field->value), &number)) {
		reply_error(call, "ERR hash value is not a float");
		return;
	}
	text = format_long_double(number + increment, room, sizeof(room));
	key = lookup_or_create(call, SIM_HASH, &is_wrong);
	key_element_add(key, store_intern(call, call->argv[2]))->value = store_intern(call, text);
	reply_bulk(call, text);
}

void command_sadd(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = lookup_or_create(call, SIM_SET, &is_wrong);
	int64_t added = 0;

	if (is_wrong)
		return;
	for (unsigned i = 2; i < call->argc; i++) {
		uint32_t name = store_intern(call, call->argv[i]);

		added += key_element(key, name) == NULL;
		key_element_add(key, name);
	}
	reply_integer(call, added);
}

void command_srem(struct sim_call *call)
{
	elements_remove(call, SIM_SET);
}

void command_smembers(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_SET, &is_wrong);

	if (is_wrong)
		return;
	reply_set(call, key == NULL ? 0 : key->count);
	for (unsigned i = 0; key != NULL && i < key->count; i++)
		reply_bulk(call, store_text(call, key->elements[i].name));
}

void command_sismember(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_SET, &is_wrong);

	if (!is_wrong)
		reply_integer(call, key != NULL && key_element(key, store_intern(call, call->argv[2])) != NULL);
}

static uint32_t member_take(struct sim_call *call, struct sim_key *key, uint64_t turn)
{
	uint64_t mixed = (call->luck + turn) * UINT64_C(0xff51afd7ed558ccd);
	struct sim_element *member = &key->elements[(mixed >> 33) % key->count];
	uint32_t name = member->name;

	key_element_remove(key, member);
	return name;
}

void command_spop(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_SET, &is_wrong);
	int64_t count = 1;

	if (is_wrong)
		return;
	if (call->argc > 2 && (!text_to_int64(call->argv[2], &count) || count < 0)) {
		reply_error(call, "ERR value is out of range, must be positive");
		return;
	}
	if (key == NULL && call->argc == 2) {
		reply_nil(call);
		return;
	}
	if (key == NULL || (uint64_t)count > key->count)
		count = key == NULL ? 0 : key->count;
	if (call->argc > 2)
		reply_set(call, (uint64_t)count);
	for (int64_t i = 0; i < count; i++)
		reply_bulk(call, store_text(call, member_take(call, key, (uint64_t)i)));
	if (key != NULL)
		store_remove_if_empty(call->store, key);
}

void command_smove(struct sim_call *call)
{
	bool is_wrong;
	uint32_t name = store_intern(call, call->argv[3]);
	struct sim_key *from = store_lookup_typed(call, call->argv[1], SIM_SET, &is_wrong);
	struct sim_key *to = is_wrong || from == NULL ? NULL : store_lookup_typed(call, call->argv[2], SIM_SET, &is_wrong);

	if (is_wrong)
		return;
	if (from == NULL || key_element(from, name) == NULL) {
		reply_integer(call, 0);
		return;
	}
	reply_integer(call, 1);
	if (from == to)
		return;
	key_element_remove(from, key_element(from, name));
	store_remove_if_empty(call->store, from);
	if (to == NULL)
		to = store_create(call, call->db, store_intern(call, call->argv[2]), SIM_SET);
	key_element_add(to, name);
}

void command_sunionstore(struct sim_call *call)
{
	struct sim_key *result, *source;
	struct sim_key joined = { .count = 0 };
	bool is_wrong = false;

	for (unsigned i = 2; i < call->argc && !is_wrong; i++) {
		source = store_lookup_typed(call, call->argv[i], SIM_SET, &is_wrong);
		if (source != NULL)
			key_copy_content(&joined, source);
	}
	if (!is_wrong) {
		result = store_lookup(call, call->argv[1]);
		if (result != NULL)
			store_remove(call->store, result);
		if (joined.count > 0) {
			joined.expire_at_ms = 0;
			result = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_SET);
			key_copy_content(result, &joined);
		}
		reply_integer(call, joined.count);
	}
	key_release_content(&joined);
}
