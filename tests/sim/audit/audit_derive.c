/* Derives what a command did from its arguments, its reply and what the store holds right after it. */
#include "audit_deed.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is left behind ---- */

/* Adds what a push does, at the head or the tail. */
static struct fact *add_insert(const struct deed *deed, unsigned argument, int64_t place, uint32_t value)
{
	struct fact *fact = deed_add(deed, FACT_DELTA, argument);

	fact->type = SIM_LIST;
	fact->part = PART_INSERT;
	fact->place = place;
	fact->value = value;
	return fact;
}

static void add_reach(const struct deed *deed, unsigned argument, const struct sim_key *key)
{
	struct buffer text = { .len = 0 };
	struct fact *fact = deed_add(deed, FACT_REACH, argument);

	fact->type = SIM_STREAM;
	buffer_add_uint64(&text, key->last_ms);
	buffer_add_text(&text, "-");
	buffer_add_uint64(&text, key->last_seq);
	fact->value = pool_intern(deed->auditor->options.pool, buffer_slice(&text));
	buffer_free(&text);
}

/* Adds the whole key as it is now. */
static void add_content(const struct deed *deed, unsigned argument)
{
	const struct sim_key *key = deed_key(deed, argument);

	if (key == NULL)
		return;
	if (key->type == SIM_STREAM)
		add_reach(deed, argument, key);
	for (unsigned i = 0; i < key->part_count; i++) {
		struct fact *fact = deed_add(deed, FACT_SET, argument);

		fact->type = SIM_STREAM;
		fact->element = key->parts[i].name;
		fact->value = key->parts[i].value;
	}
	for (unsigned i = 0; i < key->count; i++) {
		bool is_list = key->type == SIM_LIST;
		struct fact *fact = is_list ? add_insert(deed, argument, PLACE_TAIL, key->elements[i].value) : deed_add(deed, FACT_SET, argument);

		if (is_list)
			continue;
		fact->type = key->type;
		fact->element = key->elements[i].name;
		fact->value = key->elements[i].value;
		fact->score = key->elements[i].score;
	}
	if (key->type == SIM_STRING || key->expire_at_ms != 0)
		deed_add(deed, FACT_DEADLINE, argument)->deadline_ms = key->expire_at_ms;
}

static void add_string(const struct deed *deed, unsigned argument, bool has_deadline)
{
	const struct sim_key *key = deed_key(deed, argument);
	struct fact *fact = deed_add(deed, FACT_SET, argument);

	fact->value = key->elements[0].value;
	if (has_deadline)
		deed_add(deed, FACT_DEADLINE, argument)->deadline_ms = key->expire_at_ms;
}

static void add_deadline(const struct deed *deed)
{
	const struct sim_key *key = deed_key(deed, 1);

	if (key == NULL)
		deed_add(deed, FACT_CLEAR, 1);
	else
		deed_add(deed, FACT_DEADLINE, 1)->deadline_ms = key->expire_at_ms;
}

/* Removing the last element of a collection removes its deadline, too, and that is shipped. */
static void add_emptied(const struct deed *deed)
{
	bool is_removed = deed->executed->reply.ptr[0] != ':' || deed_reply_number(deed) > 0;

	if (is_removed && deed->facts->count > 0 && deed_key(deed, 1) == NULL)
		deed_add(deed, FACT_DEADLINE, 1);
}

/* ---- by command ---- */

static bool derive_set(const struct deed *deed)
{
	bool is_conditional = deed_has_option(deed, 3, "nx") || deed_has_option(deed, 3, "xx");

	if (!is_conditional || !deed_reply_is_nil(deed))
		add_string(deed, 1, !deed_has_option(deed, 3, "keepttl"));
	return true;
}

static bool derive_set_if(const struct deed *deed)
{
	if (deed_reply_number(deed) == 1)
		add_string(deed, 1, true);
	return true;
}

static bool derive_set_always(const struct deed *deed)
{
	add_string(deed, 1, true);
	return true;
}

static bool derive_mset(const struct deed *deed)
{
	bool is_conditional = deed_argument_is(deed, 0, "msetnx");

	if (is_conditional && deed_reply_number(deed) == 0)
		return true;
	for (unsigned i = 1; i + 1 < deed->executed->argc; i += 2)
		add_string(deed, i, true);
	return true;
}

static bool derive_value(const struct deed *deed)
{
	add_string(deed, 1, false);
	return true;
}

/* The rules that keep every value are given the whole of it. False: whoever executed it may have had either rule. */
static bool is_shipped_whole(const struct deed *deed, bool *is_whole)
{
	struct slice key = deed->executed->argv[1];
	enum audit_rule rule = deed->auditor->options.rule_of(key);

	bool is_of_bits = deed_argument_is(deed, 0, "setbit") || deed_argument_is(deed, 0, "bitfield"), is_merged = key.len > 2 && key.ptr[2] == 'b';

	*is_whole = (rule == AUDIT_RECORD || rule == AUDIT_CUSTOM) && !(is_of_bits && is_merged);
	return deed->auditor->is_changed == NULL || !deed->auditor->is_changed(key);
}

/* A part is what the arguments say. A field of bits is what the store holds there now, whatever was added to it. */
static bool derive_part(const struct deed *deed)
{
	bool is_whole;
	struct fact *fact;

	if (!is_shipped_whole(deed, &is_whole))
		return false;
	if (is_whole)
		return derive_value(deed);
	fact = deed_add(deed, FACT_DELTA, 1);
	if (deed_argument_is(deed, 0, "append")) {
		fact->part = PART_END;
		fact->value = deed_name(deed, 2);
		return true;
	}
	fact->part = deed_argument_is(deed, 0, "setrange") ? PART_BYTES : PART_BITS;
	fact->place = (int64_t)deed_number(deed, 2) * (fact->part == PART_BITS ? 64 : 1);
	fact->value = deed_name(deed, 3);
	return true;
}

/* PFADD: its words, if the reply says that something changed. One without words makes an empty one. */
static bool derive_pfadd(const struct deed *deed)
{
	struct buffer words = { .len = 0 };
	struct fact *fact;
	bool is_whole;

	if (!is_shipped_whole(deed, &is_whole))
		return false;
	if (deed_reply_number(deed) == 0)
		return true;
	if (is_whole)
		return derive_value(deed);
	fact = deed_add(deed, FACT_DELTA, 1);
	fact->part = PART_UNION;
	fact->place = deed->executed->argc == 2;
	for (unsigned i = 2; i < deed->executed->argc; i++) {
		buffer_add_byte(&words, '$');
		buffer_add_uint64(&words, deed->executed->argv[i].len);
		buffer_add_text(&words, "\r\n");
		buffer_add(&words, deed->executed->argv[i]);
		buffer_add_text(&words, "\r\n");
	}
	fact->value = pool_intern(deed->auditor->options.pool, fact->place == 1 ? AUDIT_UNION_NONE : buffer_slice(&words));
	buffer_free(&words);
	return true;
}

static bool derive_pfmerge(const struct deed *deed)
{
	const struct sim_key *key = deed_key(deed, 1);
	bool is_whole;
	struct fact *fact;

	if (!is_shipped_whole(deed, &is_whole))
		return false;
	if (is_whole)
		return derive_value(deed);
	fact = deed_add(deed, FACT_DELTA, 1);
	fact->part = PART_UNION;
	fact->place = 1;
	fact->value = key->elements[0].value;
	return true;
}

static bool derive_fields_of_bits(const struct deed *deed)
{
	const struct sim_key *key = deed_key(deed, 1);
	struct slice bytes = key == NULL ? (struct slice){ "", 0 } : pool_text(deed->auditor->options.pool, key->elements[0].value);
	bool is_whole;

	if (!is_shipped_whole(deed, &is_whole))
		return false;
	if (is_whole)
		return derive_value(deed);
	for (unsigned i = 2; i + 3 < deed->executed->argc; i += deed_argument_is(deed, i, "get") ? 3 : 4) {
		struct slice type = deed->executed->argv[i + 1];
		struct buffer text = { .len = 0 };
		int64_t width = strtol(type.ptr + 1, NULL, 10), at = (int64_t)deed_number(deed, i + 2);
		uint64_t number = deed_bits(bytes, at, width);
		struct fact *fact;

		if (deed_argument_is(deed, i, "get"))
			continue;
		if (type.ptr[0] == 'i' && width < 64 && number >> (width - 1) & 1)
			number |= ~UINT64_C(0) << width;
		buffer_add_int64(&text, (int64_t)number);
		fact = deed_add(deed, FACT_DELTA, 1);
		fact->part = PART_BITS;
		fact->place = at * 64 + width - 1;
		fact->value = pool_intern(deed->auditor->options.pool, buffer_slice(&text));
		buffer_free(&text);
	}
	return true;
}

static bool derive_clear(const struct deed *deed)
{
	for (unsigned i = 1; i < deed->executed->argc; i++)
		deed_add(deed, FACT_CLEAR, i);
	return true;
}

static bool derive_flush(const struct deed *deed)
{
	facts_add(deed->facts, FACT_FLUSH, deed->executed->db, 0);
	return true;
}

/* INCR and its kin. AMOUNT is the argument with the number; 0: the number is one. */
static bool add_delta(const struct deed *deed, enum sim_type type, unsigned amount, int sign)
{
	struct fact *fact = deed_add(deed, FACT_DELTA, 1);

	fact->type = type;
	fact->amount = (amount == 0 ? 1 : deed_number(deed, amount)) * sign;
	if (type == SIM_ZSET)
		fact->amount = (double)fact->amount;
	return true;
}

static bool derive_increment(const struct deed *deed)
{
	return add_delta(deed, SIM_STRING, deed->executed->argc > 2 ? 2 : 0, 1);
}

static bool derive_decrement(const struct deed *deed)
{
	return add_delta(deed, SIM_STRING, deed->executed->argc > 2 ? 2 : 0, -1);
}

static bool derive_field_increment(const struct deed *deed)
{
	add_delta(deed, SIM_HASH, 3, 1);
	deed->facts->items[deed->facts->count - 1].element = deed_name(deed, 2);
	return true;
}

static bool derive_score_increment(const struct deed *deed)
{
	add_delta(deed, SIM_ZSET, 2, 1);
	deed->facts->items[deed->facts->count - 1].element = deed_name(deed, 3);
	return true;
}

static bool derive_fields(const struct deed *deed)
{
	bool is_conditional = deed_argument_is(deed, 0, "hsetnx");

	if (is_conditional && deed_reply_number(deed) == 0)
		return true;
	for (unsigned i = 2; i + 1 < deed->executed->argc; i += 2) {
		struct fact *fact = deed_add(deed, FACT_SET, 1);

		fact->type = SIM_HASH;
		fact->element = deed_name(deed, i);
		fact->value = deed_name(deed, i + 1);
	}
	return true;
}

/* HDEL, SADD, SREM, ZREM: the elements are the arguments. */
static bool add_elements(const struct deed *deed, enum fact_kind kind, enum sim_type type)
{
	for (unsigned i = 2; i < deed->executed->argc; i++) {
		struct fact *fact = deed_add(deed, kind, 1);

		fact->type = type;
		fact->element = deed_name(deed, i);
	}
	return true;
}

static bool derive_fields_remove(const struct deed *deed)
{
	return add_elements(deed, FACT_REMOVE, SIM_HASH);
}

static bool derive_members(const struct deed *deed)
{
	return add_elements(deed, FACT_SET, SIM_SET);
}

static bool derive_members_remove(const struct deed *deed)
{
	return add_elements(deed, FACT_REMOVE, SIM_SET);
}

static bool derive_scores_remove(const struct deed *deed)
{
	return add_elements(deed, FACT_REMOVE, SIM_ZSET);
}

static bool derive_scores(const struct deed *deed)
{
	/* With an option the reply does not say which members changed. Then only the outcome is judged. */
	if (deed_has_option(deed, 2, "nx") || deed_has_option(deed, 2, "xx") || deed_has_option(deed, 2, "gt") || deed_has_option(deed, 2, "lt"))
		return false;
	if (deed_argument_is(deed, 2, "incr")) {
		add_delta(deed, SIM_ZSET, 3, 1);
		deed->facts->items[deed->facts->count - 1].element = deed_name(deed, 4);
		return true;
	}
	for (unsigned i = 2; i + 1 < deed->executed->argc; i += 2) {
		struct fact *fact = deed_add(deed, FACT_SET, 1);

		fact->type = SIM_ZSET;
		fact->score = (double)deed_number(deed, i);
		fact->element = deed_name(deed, i + 1);
	}
	return true;
}

static bool derive_members_pop(const struct deed *deed)
{
	struct slice reply = deed->executed->reply, text;

	while (deed_next_text(&reply, &text)) {
		struct fact *fact = deed_add(deed, FACT_REMOVE, 1);

		fact->type = SIM_SET;
		fact->element = pool_intern(deed->auditor->options.pool, text);
	}
	return true;
}

/* In RESP2 the scores are bulk texts, too, and are skipped. */
static bool derive_scores_pop(const struct deed *deed)
{
	struct slice reply = deed->executed->reply, text;
	bool has_text_scores = memchr(reply.ptr, ',', reply.len) == NULL;

	while (deed_next_text(&reply, &text)) {
		struct fact *fact = deed_add(deed, FACT_REMOVE, 1);

		fact->type = SIM_ZSET;
		fact->element = pool_intern(deed->auditor->options.pool, text);
		if (has_text_scores && !deed_next_text(&reply, &text))
			break;
	}
	return true;
}

static bool derive_move(const struct deed *deed)
{
	if (deed_reply_number(deed) == 0)
		return true;
	for (unsigned i = 1; i <= 2; i++) {
		struct fact *fact = deed_add(deed, i == 1 ? FACT_REMOVE : FACT_SET, i);

		fact->type = SIM_SET;
		fact->element = deed_name(deed, 3);
	}
	return true;
}

static bool derive_store(const struct deed *deed)
{
	deed_add(deed, FACT_CLEAR, 1);
	add_content(deed, 1);
	return true;
}

static bool derive_rename(const struct deed *deed)
{
	/* A key that is renamed to itself does not change. */
	if ((deed->executed->reply.ptr[0] == ':' && deed_reply_number(deed) == 0) || deed_name(deed, 1) == deed_name(deed, 2))
		return true;
	if (!deed_argument_is(deed, 0, "copy"))
		deed_add(deed, FACT_CLEAR, 1);
	deed_add(deed, FACT_CLEAR, 2);
	add_content(deed, 2);
	return true;
}

static bool derive_expire(const struct deed *deed)
{
	bool is_done = deed->executed->reply.ptr[0] == ':' ? deed_reply_number(deed) == 1 : !deed_reply_is_nil(deed);

	if (is_done)
		add_deadline(deed);
	return true;
}

static bool derive_push(const struct deed *deed)
{
	bool is_tail = deed_argument_is(deed, 0, "rpush") || deed_argument_is(deed, 0, "rpushx");

	for (unsigned i = 2; deed_reply_number(deed) > 0 && i < deed->executed->argc; i++)
		add_insert(deed, 1, is_tail ? PLACE_TAIL : 0, deed_name(deed, i));
	return true;
}

static uint64_t length_of(const struct deed *deed, unsigned argument)
{
	const struct sim_key *key = deed_key(deed, argument);

	return key == NULL ? 0 : key->count;
}

/* LEFT: what the pop left behind. */
static void add_take(const struct deed *deed, bool is_tail, uint64_t count, uint64_t left)
{
	struct fact *fact;

	if (count == 0)
		return;
	fact = deed_add(deed, FACT_PLACE, 1);
	fact->type = SIM_LIST;
	fact->part = PART_TAKE;
	fact->length = left + count;
	fact->place = is_tail ? (int64_t)left : 0;
	fact->amount = (long double)count;
}

static bool derive_list_pop(const struct deed *deed)
{
	struct slice reply = deed->executed->reply, text;
	uint64_t count = 0;

	while (deed_next_text(&reply, &text))
		count++;
	add_take(deed, deed_argument_is(deed, 0, "rpop"), count, length_of(deed, 1));
	return true;
}

static bool derive_list_move(const struct deed *deed)
{
	bool is_same = deed_name(deed, 1) == deed_name(deed, 2), is_rotation = deed->executed->argc == 3;
	bool is_from_tail = is_rotation || deed_argument_is(deed, 3, "right"), is_to_tail = !is_rotation && deed_argument_is(deed, 4, "right");
	struct slice reply = deed->executed->reply, text;

	if (!deed_next_text(&reply, &text))
		return true;
	add_take(deed, is_from_tail, 1, length_of(deed, 1) - is_same);
	add_insert(deed, 2, is_to_tail ? PLACE_TAIL : 0, pool_intern(deed->auditor->options.pool, text));
	return true;
}

static bool derive_list_set(const struct deed *deed)
{
	long long index = (long long)deed_number(deed, 2);
	struct fact *fact = deed_add(deed, FACT_PLACE, 1);

	fact->type = SIM_LIST;
	fact->part = PART_PUT;
	fact->length = length_of(deed, 1);
	fact->place = index < 0 ? (int64_t)fact->length + index : index;
	fact->value = deed_name(deed, 3);
	return true;
}

/* XADD: the reply is the id. What a trim removed is not told. */
static bool derive_add(const struct deed *deed)
{
	struct slice reply = deed->executed->reply, id;
	struct buffer fields = { .len = 0 };
	bool must_exist = deed_argument_is(deed, 2, "nomkstream");
	struct fact *fact;

	if (deed_argument_is(deed, 2, "maxlen") || deed_argument_is(deed, 2, "minid"))
		return false;
	if (!deed_next_text(&reply, &id))
		return true;
	for (unsigned i = 3 + must_exist; i < deed->executed->argc; i++) {
		buffer_add_text(&fields, "$");
		buffer_add_uint64(&fields, deed->executed->argv[i].len);
		buffer_add_text(&fields, "\r\n");
		buffer_add(&fields, deed->executed->argv[i]);
		buffer_add_text(&fields, "\r\n");
	}
	fact = deed_add(deed, FACT_SET, 1);
	fact->type = SIM_STREAM;
	fact->element = pool_intern(deed->auditor->options.pool, id);
	fact->value = pool_intern(deed->auditor->options.pool, buffer_slice(&fields));
	buffer_free(&fields);
	return true;
}

static bool derive_entries_remove(const struct deed *deed)
{
	return add_elements(deed, FACT_REMOVE, SIM_STREAM);
}

static bool derive_unknown(const struct deed *deed)
{
	(void)deed;
	return false;
}

static const struct { const char *name; bool (*derive)(const struct deed *deed); } rows[] = {
	{ "set", derive_set }, { "setnx", derive_set_if }, { "setex", derive_set_always }, { "psetex", derive_set_always },
	{ "getset", derive_set_always }, { "getdel", derive_clear }, { "getex", derive_expire }, { "mset", derive_mset },
	{ "msetnx", derive_mset }, { "append", derive_part }, { "pfadd", derive_pfadd }, { "pfmerge", derive_pfmerge }, { "setrange", derive_part }, { "setbit", derive_part }, { "bitfield", derive_fields_of_bits }, { "incr", derive_increment },
	{ "decr", derive_decrement }, { "incrby", derive_increment }, { "decrby", derive_decrement }, { "incrbyfloat", derive_increment },
	{ "hset", derive_fields }, { "hmset", derive_fields }, { "hsetnx", derive_fields }, { "hdel", derive_fields_remove },
	{ "hincrby", derive_field_increment }, { "hincrbyfloat", derive_field_increment }, { "sadd", derive_members },
	{ "srem", derive_members_remove }, { "spop", derive_members_pop }, { "smove", derive_move }, { "sunionstore", derive_store },
	{ "zadd", derive_scores }, { "zrem", derive_scores_remove }, { "zincrby", derive_score_increment }, { "zpopmin", derive_scores_pop },
	{ "zpopmax", derive_scores_pop }, { "zremrangebyrank", derive_unknown }, { "del", derive_clear }, { "unlink", derive_clear },
	{ "rename", derive_rename }, { "renamenx", derive_rename }, { "copy", derive_rename }, { "expire", derive_expire },
	{ "pexpire", derive_expire }, { "expireat", derive_expire }, { "pexpireat", derive_expire }, { "persist", derive_expire },
	{ "flushdb", derive_flush },
	{ "lpush", derive_push }, { "rpush", derive_push }, { "lpushx", derive_push }, { "rpushx", derive_push },
	{ "lpop", derive_list_pop }, { "rpop", derive_list_pop }, { "lmove", derive_list_move }, { "rpoplpush", derive_list_move },
	{ "lset", derive_list_set }, { "linsert", derive_unknown }, { "lrem", derive_unknown }, { "ltrim", derive_unknown }, { "lmpop", derive_unknown },
	{ "xadd", derive_add }, { "xdel", derive_entries_remove }, { "xtrim", derive_unknown },
};

bool audit_derive(struct auditor *auditor, const struct sim_store *store, const struct sim_executed *executed, struct facts *facts)
{
	const struct deed deed = { auditor, store, executed, facts };

	if (executed->reply.ptr[0] == '-')
		return true;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!deed_argument_is(&deed, 0, rows[i].name))
			continue;
		if (!rows[i].derive(&deed))
			return false;
		if (facts->count > 0 && (facts->items[0].kind == FACT_REMOVE || facts->items[0].part == PART_TAKE))
			add_emptied(&deed);
		return true;
	}
	return false;
}

void audit_derive_pair(struct auditor *auditor, const struct sim_executed *executed, unsigned at, struct facts *facts)
{
	const struct deed deed = { auditor, NULL, executed, facts };

	deed_add(&deed, FACT_SET, at)->value = deed_name(&deed, at + 1);
	deed_add(&deed, FACT_DEADLINE, at)->deadline_ms = 0;
}
