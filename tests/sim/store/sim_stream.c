/* Stream commands of the simulated store, in the reserved database as far as an outbox needs them; those of clients are in sim_entries.c. */
#include "sim_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool id_is_after(uint64_t ms, uint64_t seq, uint64_t other_ms, uint64_t other_seq)
{
	return ms != other_ms ? ms > other_ms : seq > other_seq;
}

/* "5-3" or "5", whose seq is then DEFAULT_SEQ. */
static bool id_read(struct slice text, uint64_t *ms, uint64_t *seq, uint64_t default_seq)
{
	char room[48], *end;

	if (text.len == 0 || text.len >= sizeof(room))
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	*ms = strtoull(room, &end, 10);
	*seq = default_seq;
	if (*end == '-')
		*seq = strtoull(end + 1, &end, 10);
	return end != room && *end == '\0';
}

static bool id_choose(const struct sim_call *call, struct slice id, const struct sim_key *key, uint64_t *ms, uint64_t *seq)
{
	if (!argument_is(id, "*"))
		return id_read(id, ms, seq, 0) && (key == NULL || id_is_after(*ms, *seq, key->last_ms, key->last_seq));
	*ms = call->now_ms;
	*seq = 0;
	if (key != NULL && key->last_ms >= *ms) {
		*ms = key->last_ms;
		*seq = key->last_seq + 1;
	}
	return true;
}

static void reply_id(struct sim_call *call, uint64_t ms, uint64_t seq)
{
	char room[48];
	int len = snprintf(room, sizeof(room), "%" PRIu64 "-%" PRIu64, ms, seq);

	reply_bulk(call, (struct slice){ room, (size_t)len });
}

static void entries_remove(struct sim_key *key, unsigned first, unsigned count)
{
	memmove(&key->entries[first], &key->entries[first + count], (key->entry_count - first - count) * sizeof(*key->entries));
	key->entry_count -= count;
}

/* How a stream is to be cut: MINID|MAXLEN [=|~] threshold. */
struct trimming {
	bool is_by_id, is_approximate;
	uint64_t ms, seq;            /* MINID: the least id that stays. MAXLEN: MS is how many entries stay */
	unsigned argc;               /* how many arguments the trimming took; 0: there is none */
};

static bool trimming_read(const struct sim_call *call, unsigned at, struct trimming *trimming)
{
	unsigned threshold = at + 1;

	*trimming = (struct trimming){ .argc = 0 };
	if (at + 1 >= call->argc || (!argument_is(call->argv[at], "minid") && !argument_is(call->argv[at], "maxlen")))
		return true;
	trimming->is_by_id = argument_is(call->argv[at], "minid");
	trimming->is_approximate = argument_is(call->argv[threshold], "~");
	threshold += trimming->is_approximate || argument_is(call->argv[threshold], "=");
	trimming->argc = threshold + 1 - at;
	return threshold < call->argc && id_read(call->argv[threshold], &trimming->ms, &trimming->seq, 0);
}

/* Trims, and returns how many entries went. An approximate trim ("~") removes only whole nodes of a hundred entries, Redis's default. */
static unsigned stream_trim(struct sim_key *key, const struct trimming *trimming)
{
	unsigned first = 0;

	if (trimming->is_by_id) {
		while (first < key->entry_count && id_is_after(trimming->ms, trimming->seq, key->entries[first].ms, key->entries[first].seq))
			first++;
	} else if (key->entry_count > trimming->ms) {
		first = key->entry_count - (unsigned)trimming->ms;
	}
	if (trimming->is_approximate)
		first -= first % 100;
	if (first > 0)
		entries_remove(key, 0, first);
	return first;
}

/* XGROUP CREATE key name id MKSTREAM. Nobody reads in groups, so the stream is all there is to it. */
void command_xgroup(struct sim_call *call)
{
	bool is_making = call->argc == 6 && argument_is(call->argv[5], "mkstream");

	if ((call->argc != 5 && !is_making) || !argument_is(call->argv[1], "create")) {
		reply_error(call, "ERR syntax error");
		return;
	}
	if (store_lookup(call, call->argv[2]) == NULL && !is_making) {
		reply_error(call, "ERR The XGROUP subcommand requires the key to exist.");
		return;
	}
	if (store_lookup(call, call->argv[2]) == NULL)
		store_create(call, call->db, store_intern(call, call->argv[2]), SIM_STREAM);
	reply_ok(call);
}

/* XADD key [NOMKSTREAM] [trimming] id field value */
static void outbox_xadd(struct sim_call *call)
{
	bool is_wrong, must_exist = argument_is(call->argv[2], "nomkstream");
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	struct trimming trimming;
	const struct slice *id;
	uint64_t ms, seq;

	if (is_wrong)
		return;
	if (!trimming_read(call, 2 + must_exist, &trimming)) {
		reply_error(call, "ERR syntax error");
		return;
	}
	id = &call->argv[2 + must_exist + trimming.argc];
	if (call->argc != 5 + must_exist + trimming.argc) {
		reply_error(call, "ERR the simulated stream takes one field");
		return;
	}
	if (key == NULL && must_exist) {
		reply_nil(call);
		return;
	}
	if (!id_choose(call, id[0], key, &ms, &seq)) {
		reply_error(call, "ERR The ID specified in XADD is equal or smaller than the target stream top item");
		return;
	}
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_STREAM);
	key->entries = array_grow(key->entries, key->entry_count, &key->entry_cap, sizeof(*key->entries));
	key->entries[key->entry_count++] = (struct sim_entry){
		.ms = ms, .seq = seq, .field = store_intern(call, id[1]), .value = store_intern(call, id[2])
	};
	key->last_ms = ms;
	key->last_seq = seq;
	if (trimming.argc > 0)
		stream_trim(key, &trimming);
	reply_id(call, ms, seq);
}

static void outbox_xdel(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	int64_t removed = 0;
	uint64_t ms, seq;

	if (is_wrong)
		return;
	for (unsigned i = 2; key != NULL && i < call->argc; i++) {
		if (!id_read(call->argv[i], &ms, &seq, 0)) {
			reply_error(call, "ERR Invalid stream ID specified as stream command argument");
			return;
		}
		for (unsigned at = key->entry_count; at-- > 0;) {
			if (key->entries[at].ms != ms || key->entries[at].seq != seq)
				continue;
			entries_remove(key, at, 1);
			removed++;
		}
	}
	reply_integer(call, removed);
}

/* XTRIM key trimming */
static void outbox_xtrim(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);
	struct trimming trimming;

	if (is_wrong)
		return;
	if (!trimming_read(call, 2, &trimming) || trimming.argc + 2 != call->argc)
		reply_error(call, "ERR syntax error");
	else
		reply_integer(call, key == NULL ? 0 : stream_trim(key, &trimming));
}

/* MEMORY USAGE key. For a stream it answers the bytes of its entries. */
void command_memory(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[2], SIM_STREAM, &is_wrong);
	size_t bytes = 0;

	if (is_wrong)
		return;
	for (unsigned i = 0; key != NULL && i < key->entry_count; i++)
		bytes += store_text(call, key->entries[i].value).len;
	if (key == NULL)
		reply_nil(call);
	else
		reply_integer(call, (int64_t)bytes);
}

static void outbox_xlen(struct sim_call *call)
{
	bool is_wrong;
	const struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STREAM, &is_wrong);

	if (!is_wrong)
		reply_integer(call, key == NULL ? 0 : key->entry_count);
}

/* ---- whose stream is it? ---- */

#define ON_EITHER(name) \
	void command_##name(struct sim_call *call) \
	{ \
		(call->db == SIM_RESERVED_DB ? outbox_##name : entries_##name)(call); \
	}

ON_EITHER(xadd)
ON_EITHER(xdel)
ON_EITHER(xtrim)
ON_EITHER(xlen)
