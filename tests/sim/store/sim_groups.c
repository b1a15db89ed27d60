/* Consumer groups of the simulated store. What a stream has of them are elements beside its entries: "group:NAME", whose value is the last id that was given
 * out, and "pending:ID:NAME", whose value is how often it was given and to whom, and whose score is when. */
#include "sim_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LATE SLICE("homeport:late")

struct told { struct buffer words; unsigned count; };

static void tell_word(struct told *told, struct slice word)
{
	buffer_add_byte(&told->words, '$');
	buffer_add_uint64(&told->words, word.len);
	buffer_add_text(&told->words, "\r\n");
	buffer_add(&told->words, word);
	buffer_add_text(&told->words, "\r\n");
	told->count++;
}

static void tell(struct told *told, struct slice key, struct slice element, struct slice value)
{
	tell_word(told, key);
	tell_word(told, element);
	tell_word(told, value);
}

/* ---- elements ---- */

static struct sim_element *part_find(struct sim_key *key, uint32_t name)
{
	for (unsigned i = 0; key != NULL && i < key->part_count; i++)
		if (key->parts[i].name == name)
			return &key->parts[i];
	return NULL;
}

static struct sim_element *part_set(struct sim_key *key, uint32_t name, uint32_t value, double score)
{
	struct sim_element *part = part_find(key, name);

	if (part == NULL) {
		key->parts = array_grow(key->parts, key->part_count, &key->part_cap, sizeof(*key->parts));
		part = &key->parts[key->part_count++];
	}
	*part = (struct sim_element){ .name = name, .value = value, .score = score };
	return part;
}

static void part_remove(struct sim_key *key, struct sim_element *part)
{
	unsigned at = (unsigned)(part - key->parts);

	memmove(part, part + 1, (key->part_count - at - 1) * sizeof(*part));
	key->part_count--;
}

static uint32_t joined(struct sim_call *call, const char *first, struct slice second, struct slice third)
{
	struct buffer text = { 0 };
	uint32_t id;

	buffer_add_text(&text, first);
	buffer_add(&text, second);
	if (third.len > 0) {
		buffer_add_byte(&text, ':');
		buffer_add(&text, third);
	}
	id = store_intern(call, buffer_slice(&text));
	buffer_free(&text);
	return id;
}

static uint32_t group_name(struct sim_call *call, struct slice group)
{
	return joined(call, "group:", group, SLICE(""));
}

static uint32_t pending_name(struct sim_call *call, struct slice id, struct slice group)
{
	return joined(call, "pending:", id, group);
}

/* Of "pending:ID:NAME"; false: it is none, or of another group. */
static bool pending_of(struct sim_call *call, const struct sim_element *part, struct slice group, struct slice *id)
{
	struct slice text = store_text(call, part->name);
	const char *colon;

	if (text.len < 8 || memcmp(text.ptr, "pending:", 8) != 0)
		return false;
	text.ptr += 8;
	text.len -= 8;
	colon = memchr(text.ptr, ':', text.len);
	*id = (struct slice){ text.ptr, (size_t)(colon - text.ptr) };
	return slice_equal((struct slice){ colon + 1, text.len - id->len - 1 }, group);
}

/* How often, and to whom. */
static int64_t times_of(struct sim_call *call, const struct sim_element *part, struct slice *consumer)
{
	struct slice text = store_text(call, part->value);
	const char *space = memchr(text.ptr, ' ', text.len);
	int64_t times = 0;

	text_to_int64((struct slice){ text.ptr, (size_t)(space - text.ptr) }, &times);
	*consumer = (struct slice){ space + 1, text.len - (size_t)(space + 1 - text.ptr) };
	return times;
}

static void give(struct sim_call *call, struct sim_key *key, uint32_t name, int64_t times, struct slice consumer, double at_ms)
{
	struct buffer text = { 0 };

	buffer_add_int64(&text, times);
	buffer_add_byte(&text, ' ');
	buffer_add(&text, consumer);
	part_set(key, name, store_intern(call, buffer_slice(&text)), at_ms);
	buffer_free(&text);
}

static struct sim_element *entry_of(struct sim_call *call, struct sim_key *key, struct slice id)
{
	return key == NULL ? NULL : key_element(key, store_intern(call, id));
}

/* ---- what is told ---- */

static void tell_part(struct sim_call *call, struct told *told, struct slice key, const struct sim_element *part)
{
	struct buffer value = { 0 };

	if (memcmp(store_text(call, part->name).ptr, "pending:", 8) == 0) {
		buffer_add_int64(&value, (int64_t)part->score);
		buffer_add_byte(&value, ' ');
	}
	buffer_add(&value, store_text(call, part->value));
	tell(told, key, store_text(call, part->name), buffer_slice(&value));
	buffer_free(&value);
}

static void answer_told(struct sim_call *call, struct told *told)
{
	reply_array(call, told->count);
	buffer_add(call->out, buffer_slice(&told->words));
	buffer_free(&told->words);
}

static void tell_all(struct sim_call *call)
{
	struct sim_key *key = store_lookup(call, call->argv[3]);
	struct told told = { .count = 0 };

	for (unsigned i = 0; key != NULL && key->type == SIM_STREAM && i < key->part_count; i++)
		tell_part(call, &told, call->argv[3], &key->parts[i]);
	answer_told(call, &told);
}

/* ---- commands ---- */

static void refuse_group(struct sim_call *call)
{
	reply_error(call, "NOGROUP No such key or consumer group");
}

static void run_xgroup(struct sim_call *call, const struct slice *words, struct sim_key *key, struct told *told)
{
	bool is_destroying = argument_is(words[1], "destroy"), is_dropping = argument_is(words[1], "delconsumer");
	uint32_t name = group_name(call, words[3]);
	struct slice id, consumer;

	if (is_destroying || is_dropping) {
		int64_t dropped = 0;

		for (unsigned i = key->part_count; i-- > 0;) {
			if (!pending_of(call, &key->parts[i], words[3], &id))
				continue;
			times_of(call, &key->parts[i], &consumer);
			if (is_dropping && !slice_equal(consumer, words[4]))
				continue;
			tell(told, words[2], store_text(call, key->parts[i].name), SLICE("-"));
			part_remove(key, &key->parts[i]);
			dropped++;
		}
		if (is_destroying && part_find(key, name) != NULL) {
			tell(told, words[2], store_text(call, name), SLICE("-"));
			part_remove(key, part_find(key, name));
			dropped = 1;
		}
		reply_integer(call, dropped);
		return;
	}
	char room[48];
	int len = snprintf(room, sizeof(room), "%" PRIu64 "-%" PRIu64, key->last_ms, key->last_seq);
	struct slice cursor = argument_is(words[4], "$") ? (struct slice){ room, (size_t)len } : argument_is(words[4], "0") ? SLICE("0-0") : words[4];
	tell_part(call, told, words[2], part_set(key, name, store_intern(call, cursor), 0));
	reply_ok(call);
}

static void run_xack(struct sim_call *call, const struct slice *words, unsigned count, struct sim_key *key, struct told *told)
{
	int64_t acknowledged = 0;

	for (unsigned i = 3; i < count; i++) {
		uint32_t name = pending_name(call, words[i], words[2]);

		if (part_find(key, group_name(call, words[2])) == NULL)
			break;
		if (part_find(key, name) != NULL) {
			part_remove(key, part_find(key, name));
			acknowledged++;
		}
		tell(told, words[1], store_text(call, name), SLICE(""));
	}
	reply_integer(call, acknowledged);
}

static void tell_cursor(struct sim_call *call, struct slice name, struct slice group, struct sim_key *key, struct told *told)
{
	tell_part(call, told, name, part_find(key, group_name(call, group)));
}

/* Gives what is pending to CONSUMER; what was removed is not pending any more. */
static bool claim(struct sim_call *call, struct sim_key *key, struct slice id, struct slice group, struct slice consumer)
{
	uint32_t name = pending_name(call, id, group);
	struct sim_element *part = part_find(key, name);
	struct slice before;

	if (part == NULL)
		return false;
	if (entry_of(call, key, id) == NULL) {
		part_remove(key, part);
		return false;
	}
	give(call, key, name, times_of(call, part, &before) + 1, consumer, (double)call->now_ms);
	return true;
}

/* XCLAIM key group consumer 0 id */
static void run_xclaim(struct sim_call *call, const struct slice *words, struct sim_key *key, struct told *told)
{
	uint32_t name = pending_name(call, words[5], words[2]);
	bool had = part_find(key, name) != NULL, is_claimed = claim(call, key, words[5], words[2], words[3]);

	reply_array(call, is_claimed);
	if (is_claimed) {
		tell_cursor(call, words[1], words[2], key, told);
		entry_reply(call, entry_of(call, key, words[5]));
		tell_part(call, told, words[1], part_find(key, name));
	} else if (had) {
		tell(told, words[1], store_text(call, name), SLICE(""));
	}
}

static void hand_out(struct sim_call *call, struct slice name, struct slice group, struct slice id, bool is_quiet, struct sim_key *key, struct told *told)
{
	uint32_t pending = pending_name(call, id, group);

	if (!is_quiet) {
		tell_part(call, told, name, part_find(key, pending));
		return;
	}
	part_remove(key, part_find(key, pending));
	tell(told, name, store_text(call, pending), SLICE(""));
}

/* XREADGROUP GROUP group consumer [NOACK] COUNT n STREAMS key > */
static void run_xreadgroup(struct sim_call *call, const struct slice *words, unsigned count, struct sim_key *key, struct told *told)
{
	bool is_quiet = argument_is(words[4], "noack");
	struct slice group = words[2], name = words[count - 2], ids[64], consumer;
	int64_t most = 0;
	unsigned given = 0;
	uint32_t cursor = group_name(call, group);

	text_to_int64(words[5 + is_quiet], &most);
	/* What is late comes first, alone. */
	for (unsigned i = 0; i < key->part_count && given < most && given < 64; i++) {
		if (!pending_of(call, &key->parts[i], group, &ids[given]))
			continue;
		times_of(call, &key->parts[i], &consumer);
		given += slice_equal(consumer, LATE);
	}
	for (unsigned i = given; i-- > 0;) {
		if (claim(call, key, ids[i], group, words[3]))
			continue;
		ids[i] = ids[--given];
	}
	if (given == 0) {
		for (unsigned i = 0; i < key->count && given < most && given < 64; i++) {
			struct slice id = store_text(call, key->elements[i].name);

			if (entry_order(id, store_text(call, part_find(key, cursor)->value)) <= 0)
				continue;
			ids[given++] = id;
			give(call, key, pending_name(call, id, group), 1, words[3], (double)call->now_ms);
			part_set(key, cursor, key->elements[i].name, 0);
		}
	}
	if (given == 0) {
		reply_nil(call);
		return;
	}
	tell_cursor(call, name, group, key, told);
	reply_array(call, 1);
	reply_array(call, 2);
	reply_bulk(call, name);
	reply_array(call, given);
	for (unsigned i = 0; i < given; i++) {
		entry_reply(call, entry_of(call, key, ids[i]));
		hand_out(call, name, group, ids[i], is_quiet, key, told);
	}
}

/* EVAL … 1 key, and the command. */
static void run_command(struct sim_call *call)
{
	const struct slice *words = call->argv + 4;
	unsigned count = call->argc - 4;
	bool is_wrong, is_making = argument_is(words[0], "xgroup") && argument_is(words[1], "create"), is_reading = argument_is(words[0], "xreadgroup");
	struct sim_key *key = store_lookup_typed(call, call->argv[3], SIM_STREAM, &is_wrong);
	struct told told = { .count = 0 };
	struct slice group = words[argument_is(words[0], "xgroup") ? 3 : 2];
	bool has_group = part_find(key, group_name(call, group)) != NULL;

	if (is_wrong)
		return;
	if (is_making && has_group) {
		reply_error(call, "BUSYGROUP Consumer Group name already exists");
		return;
	}
	if (is_making && key == NULL && count == 6)
		key = store_create(call, call->db, store_intern(call, call->argv[3]), SIM_STREAM);
	if (key == NULL && argument_is(words[0], "xack")) {
		reply_array(call, 2);
		reply_integer(call, 0);
		answer_told(call, &told);
		return;
	}
	if (key == NULL || (!has_group && !is_making && !argument_is(words[0], "xack") && !argument_is(words[1], "destroy"))) {
		refuse_group(call);
		return;
	}
	reply_array(call, 2);
	if (argument_is(words[0], "xgroup"))
		run_xgroup(call, words, key, &told);
	else if (argument_is(words[0], "xack"))
		run_xack(call, words, count, key, &told);
	else if (is_reading)
		run_xreadgroup(call, words, count, key, &told);
	else
		run_xclaim(call, words, key, &told);
	answer_told(call, &told);
}

/* XACK, XCLAIM and XREADGROUP come in a script. */
void command_of_group(struct sim_call *call)
{
	reply_error(call, "ERR the simulated store runs that in a script only");
}

bool groups_eval(struct sim_call *call)
{
	struct slice text = call->argv[1];

	if (memmem(text.ptr, text.len, "NOACK", 5) != NULL)
		run_command(call);
	else if (memmem(text.ptr, text.len, "pairs(groups(k))", 16) != NULL)
		tell_all(call);
	else
		return false;
	return true;
}

/* ---- what other datacenters did ---- */

/* How many arguments the word takes that stands at AT. */
static unsigned word_length(const struct sim_call *call, unsigned at)
{
	int64_t count = 0;

	if (argument_is(call->argv[at], "a") && text_to_int64(call->argv[at + 2], &count))
		return 3 + (unsigned)count;
	return argument_is(call->argv[at], "p") ? 4 : argument_is(call->argv[at], "d") || argument_is(call->argv[at], "r") || argument_is(call->argv[at], "x") ? 2 : 3;
}

static void edit_pending(struct sim_call *call, struct sim_key *key, const struct slice *words)
{
	uint32_t name = pending_name(call, words[1], words[2]);
	struct sim_element *part = part_find(key, name);
	bool is_given = argument_is(words[0], "p"), is_there = part_find(key, group_name(call, words[2])) != NULL && entry_of(call, key, words[1]) != NULL;
	int64_t ms = 0, times = 0;

	if (part != NULL && (!is_given || !is_there))
		part_remove(key, part);
	if (!is_given || !is_there)
		return;
	const char *first = memchr(words[3].ptr, ' ', words[3].len), *second = memchr(first + 1, ' ', words[3].len - (size_t)(first + 1 - words[3].ptr));

	text_to_int64((struct slice){ words[3].ptr, (size_t)(first - words[3].ptr) }, &ms);
	text_to_int64((struct slice){ first + 1, (size_t)(second - first - 1) }, &times);
	give(call, key, name, times, (struct slice){ second + 1, words[3].len - (size_t)(second + 1 - words[3].ptr) }, (double)ms);
}

static bool is_named(struct sim_call *call, struct slice id, struct slice group)
{
	for (unsigned i = 4; i < call->argc; i += word_length(call, i))
		if ((argument_is(call->argv[i], "p") || argument_is(call->argv[i], "k")) && slice_equal(call->argv[i + 1], id) && slice_equal(call->argv[i + 2], group))
			return true;
	return false;
}

/* WAS: the group's last id before. */
static void find_late(struct sim_call *call, struct sim_key *key, struct slice group, struct slice was, const struct sim_fresh *fresh)
{
	struct slice is = store_text(call, part_find(key, group_name(call, group))->value);

	for (unsigned i = 0; i < key->count; i++) {
		struct slice id = store_text(call, key->elements[i].name);
		uint32_t name = pending_name(call, id, group);
		bool is_fresh = false;

		for (unsigned j = 0; j < fresh->count; j++)
			is_fresh |= fresh->names[j] == key->elements[i].name;
		if (entry_order(id, is) <= 0 && (is_fresh || entry_order(id, was) > 0) && !is_named(call, id, group) && part_find(key, name) == NULL)
			give(call, key, name, 0, LATE, 0);
	}
}

void groups_edit(struct sim_call *call, const struct sim_fresh *fresh)
{
	struct sim_key *key = store_lookup(call, call->argv[3]);
	struct sim_element *before = NULL;
	unsigned count = 0;

	for (unsigned i = 4; key != NULL && i < call->argc; i += word_length(call, i))
		if (argument_is(call->argv[i], "x") && part_find(key, group_name(call, call->argv[i + 1])) != NULL)
			part_remove(key, part_find(key, group_name(call, call->argv[i + 1])));
	if (key != NULL && key->part_count > 0) {
		before = memory_new(key->part_count * sizeof(*before));
		for (unsigned i = 0; i < key->part_count; i++)
			if (memcmp(store_text(call, key->parts[i].name).ptr, "group:", 6) == 0)
				before[count++] = key->parts[i];
	}
	for (unsigned i = 4; i < call->argc; i += word_length(call, i)) {
		if (!argument_is(call->argv[i], "g"))
			continue;
		if (key == NULL)
			key = store_create(call, call->db, store_intern(call, call->argv[3]), SIM_STREAM);
		part_set(key, group_name(call, call->argv[i + 1]), store_intern(call, call->argv[i + 2]), 0);
	}
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 4; key != NULL && i < call->argc; i += word_length(call, i))
			if (argument_is(call->argv[i], pass == 0 ? "p" : "k"))
				edit_pending(call, key, call->argv + i);
	for (unsigned i = 0; i < count; i++) {
		struct slice name = store_text(call, before[i].name);

		find_late(call, key, (struct slice){ name.ptr + 6, name.len - 6 }, store_text(call, before[i].value), fresh);
	}
	memory_free(before);
}
