#include "note.h"

#include "proxy/core/commands/command.h"
#include "proxy/core/commands/stream_group.h"
#include "proxy/core/commands/stream_id.h"
#include "base/number.h"
#include "proxy/core/wire/record.h"

#include <assert.h>
#include <string.h>

static size_t note_size(const struct note *note)
{
	size_t known = (size_t)note->command_len + note->client_len + note->kept_len;
	return sizeof *note + known + (note->has_by ? 1 + (size_t)(unsigned char)note->bytes[known] : 0);
}

static struct note *note_alloc(struct keyspace *keyspace, const struct told *told, size_t kept_len, struct context *context)
{
	size_t command_len = told->command.len < UINT8_MAX ? told->command.len : UINT8_MAX;
	size_t client_len = told->client.len < NOTE_CLIENT_MAX ? told->client.len : NOTE_CLIENT_MAX;
	size_t by_len = told->by.len < UINT8_MAX ? told->by.len : UINT8_MAX;
	struct note *note = memory_resize(NULL, sizeof *note + command_len + client_len + kept_len + (by_len > 0 ? 1 + by_len : 0));
	*note = (struct note){
		.refs = 1, .value_len = told->value_len < UINT32_MAX ? (uint32_t)told->value_len : UINT32_MAX, .kept_len = (uint32_t)kept_len, .command_len = (uint8_t)command_len,
		.client_len = (uint8_t)client_len, .kind = (unsigned)told->kind & 15u, .has_by = by_len > 0, .is_removal = told->is_removal, .is_poor = told->is_poor,
		.choice = (unsigned)told->choice & 3u, .value_hash = told->value_hash, .context = context_hold(context),
	};
	char *at = note->bytes;
	const char by_byte = (char)by_len;
	const struct slice parts[] = {
		{ told->command.ptr, command_len }, { told->client.ptr, client_len }, { told->value.ptr, kept_len }, { &by_byte, by_len > 0 },
		{ told->by.ptr, by_len },
	};
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].len > 0)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	keyspace->bytes += note_size(note);
	return note;
}

struct note *note_hold(struct note *note)
{
	note->refs++;
	return note;
}

void note_drop(struct keyspace *keyspace, struct note *note)
{
	if (note == NULL)
		return;
	assert(note->refs > 0);
	if (--note->refs > 0)
		return;
	keyspace->bytes -= note_size(note);
	context_drop(note->context);
	memory_free(note);
}

bool note_trims(const struct note *note, const struct element *entry)
{
	struct stream_id id, limit;
	if (!note->is_trim || entry->kind != KIND_STREAM || !stream_id_read(entry->name, &id) || !stream_id_read(note_whole_value(note), &limit))
		return false;
	int order = stream_id_compare(id, limit);
	return order < 0 || (order == 0 && note->number == 1);
}

/* ---- from a change ---- */

static struct told told_of(const struct change *change, const struct write_facts *facts)
{
	struct told told = { .kind = KIND_KEY, .command = facts->command, .client = facts->client, .value = change->value, .choice = facts->choice };
	told.is_removal = change_is_removal(change);
	if (change->kind == CHANGE_SIBLING) {
		told.is_poor = true;
		told.command.len = told.client.len = 0;
	}
	if (!told.is_poor)
		told.by = facts->by;
	if (!change_kind_of(change, &told.kind))
		told.kind = KIND_KEY;
	if (told.is_removal)
		told.value.len = 0;
	told.value_len = told.value.len;
	return told;
}

static void note_fill_number(struct note *note, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_INCREMENT: case CHANGE_FIELD_INCREMENT:
		note->is_number = note->is_sum = true;
		note->number = change->number;
		break;
	case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_INCREMENT_FLOAT:
		note->is_sum = true;
		break;
	case CHANGE_SCORE_SET: case CHANGE_SCORE_INCREMENT:
		note->is_number = note->is_score = true;
		note->is_sum = change->kind == CHANGE_SCORE_INCREMENT;
		memcpy(&note->number, &change->score, sizeof note->number);
		break;
	case CHANGE_SET: case CHANGE_EXPIRE:
		note->has_deadline = change->expire_at_ms != EXPIRE_KEEP;
		note->expire_at_ms = change->expire_at_ms;
		break;
	case CHANGE_STREAM_TRIM:
		note->is_trim = true;
		note->number = change->number;
		break;
	case CHANGE_APPEND:
		note->patch = PATCH_APPEND;
		break;
	case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION:
		note->patch = change->kind == CHANGE_RANGE ? PATCH_RANGE : change->kind == CHANGE_BITS ? PATCH_BITS : PATCH_UNION;
		note->number = change->number;
		break;
	case CHANGE_CLEAR: case CHANGE_FLUSH: case CHANGE_FIELD_SET: case CHANGE_FIELD_REMOVE: case CHANGE_MEMBER_ADD: case CHANGE_MEMBER_REMOVE:
	case CHANGE_SCORE_REMOVE: case CHANGE_SIBLING: case CHANGE_LIST_INSERT: case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
	case CHANGE_STREAM_ADD: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_REACH:
		break;
	}
}

struct note *note_new(struct keyspace *keyspace, const struct change *change, const struct write_facts *facts, struct context *context)
{
	struct told told = told_of(change, facts);
	size_t told_len = told.value.len;
	if (told_len > keyspace->note_value_bytes_max) {
		told_len = keyspace->note_value_bytes_max;
		told.value_hash = record_hash(RECORD_HASH_START, told.value);
	}
	/* A patch may have to be applied again, and an element of a list written anew, whatever a record tells of it. */
	bool is_kept = change_is_patch(change) || change_is_of_stream(change) || change->kind == CHANGE_LIST_INSERT || change->kind == CHANGE_LIST_SET;
	struct note *note = note_alloc(keyspace, &told, is_kept ? told.value.len : told_len, context);
	note->told_len = (uint32_t)told_len;
	note_fill_number(note, change);
	struct slice id, group;
	note->is_given = change->kind == CHANGE_STREAM_ADD && stream_pending_read(change->element, &id, &group);
	return note;
}

struct note *note_restore(struct keyspace *keyspace, const struct told *told, struct context *context)
{
	size_t kept_len = told->value.len < keyspace->note_value_bytes_max ? told->value.len : keyspace->note_value_bytes_max;
	struct note *note = note_alloc(keyspace, told, kept_len, context);
	note->told_len = note->kept_len;
	note->is_take_over = told->is_take_over;
	note->has_deadline = told->kind == KIND_TTL && !told->is_removal;
	/* A deadline is a number, or "none": which is none. */
	if (note->has_deadline && !slice_to_int64(told->value, &note->expire_at_ms))
		note->expire_at_ms = 0;
	return note;
}

/* ---- to a record ---- */

struct slice note_command(const struct note *note)
{
	return (struct slice){ note->bytes, note->command_len };
}

struct slice note_client(const struct note *note)
{
	return (struct slice){ note->bytes + note->command_len, note->client_len };
}

struct slice note_whole_value(const struct note *note)
{
	bool is_whole = note->kept_len == note->value_len;
	return (struct slice){ note->bytes + note->command_len + note->client_len, is_whole ? note->kept_len : 0 };
}

struct slice note_by(const struct note *note)
{
	const char *at = note->bytes + note->command_len + note->client_len + note->kept_len;
	return note->has_by ? (struct slice){ at + 1, (unsigned char)*at } : (struct slice){ "", 0 };
}

bool note_is_removal(const struct note *note, enum kind kind)
{
	if (kind == KIND_TTL)
		return !note->has_deadline;
	/* A write to another element that this one's record tells of can only have removed it. */
	return note->is_removal || (kind != KIND_KEY && kind != note->kind);
}

static void add_number(const struct note *note, struct buffer *out)
{
	double score;
	memcpy(&score, &note->number, sizeof score);
	if (note->is_sum && (note->is_score ? score >= 0 : note->number >= 0))
		buffer_add_byte(out, '+');
	if (note->is_score)
		buffer_add_double(out, score);
	else
		buffer_add_int64(out, note->number);
}

/* Is the value told by the bytes that the note keeps of it, not by its number or deadline? */
static bool is_text(const struct note *note, enum kind kind)
{
	return kind != KIND_TTL && !note->is_number;
}

void note_add_text(const struct note *note, enum kind kind, struct buffer *out)
{
	if (note_is_removal(note, kind))
		return;
	if (is_text(note, kind))
		buffer_add(out, (struct slice){ note->bytes + note->command_len + note->client_len, note->told_len });
	else if (kind != KIND_TTL)
		add_number(note, out);
	else if (note->expire_at_ms > 0)
		buffer_add_int64(out, note->expire_at_ms);
	else
		buffer_add_text(out, "none");
}

/* Of one that is told by its bytes. Most are never asked for. */
static uint64_t hash_of(struct note *note)
{
	if (note->value_hash == 0)
		note->value_hash = record_hash(RECORD_HASH_START, (struct slice){ note->bytes + note->command_len + note->client_len, note->kept_len });
	return note->value_hash;
}

void note_add_value(struct note *note, enum kind kind, struct buffer *out, uint64_t *len, uint64_t *hash)
{
	size_t start = out->len;
	*len = *hash = 0;
	if (note_is_removal(note, kind))
		return;
	note_add_text(note, kind, out);
	*len = is_text(note, kind) ? note->value_len : out->len - start;
	*hash = is_text(note, kind) ? hash_of(note) : record_hash(RECORD_HASH_START, (struct slice){ out->ptr + start, out->len - start });
}

bool note_is_same(struct note *a, struct note *b, enum kind kind)
{
	bool is_removal = note_is_removal(a, kind);
	if (a == b || is_removal || note_is_removal(b, kind))
		return a == b || is_removal == note_is_removal(b, kind);
	if (is_text(a, kind) && is_text(b, kind))
		return a->value_len == b->value_len && hash_of(a) == hash_of(b);
	struct buffer text = { 0 };
	uint64_t lens[2], hashes[2];
	note_add_value(a, kind, &text, &lens[0], &hashes[0]);
	note_add_value(b, kind, &text, &lens[1], &hashes[1]);
	buffer_free(&text);
	return lens[0] == lens[1] && hashes[0] == hashes[1];
}

/* Most are never asked for: the command is looked up when one is. */
bool note_is_pop(struct note *note)
{
	if (note->is_pop_known || (!note->is_removal && !note->is_given))
		return note->is_pop;
	const struct slice name = note_command(note);
	const struct command *command = command_find(1, &name);
	note->is_pop = command != NULL && command->class == COMMAND_WRITE && plan_is_pop(command->plan);
	note->is_pop_known = true;
	return note->is_pop;
}

/* Of a write that made several elements present, the smallest value stands for all: whichever of them is met first. */
static bool is_smaller(struct note *newer, struct note *older)
{
	struct buffer values[2] = { { 0 } };
	uint64_t lens[2], hashes[2];
	note_add_value(newer, KIND_KEY, &values[0], &lens[0], &hashes[0]);
	note_add_value(older, KIND_KEY, &values[1], &lens[1], &hashes[1]);
	int order = slice_compare(buffer_slice(&values[0]), buffer_slice(&values[1]));
	bool is_smaller = order != 0 ? order < 0 : lens[0] != lens[1] ? lens[0] < lens[1] : hashes[0] < hashes[1];
	buffer_free(&values[0]);
	buffer_free(&values[1]);
	return is_smaller;
}

bool note_is_better(struct note *newer, struct note *older, enum kind kind)
{
	if (newer == older)
		return false;
	if (newer->is_poor != older->is_poor)
		return older->is_poor;
	bool is_removal = note_is_removal(newer, kind), was_removal = note_is_removal(older, kind);
	if (is_removal || was_removal)
		return !is_removal;
	return kind == KIND_KEY ? is_smaller(newer, older) : true;
}
