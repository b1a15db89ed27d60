/* Change: the changes of one write, and what kind of element each is about (see change.h). */
#include "change.h"

const char *kind_text(enum kind kind)
{
	static const char *const texts[KIND_COUNT] = { "string", "hash", "set", "zset", "list", "stream", "ttl", "key" };
	return texts[kind];
}

bool kind_has_number(enum kind kind)
{
	switch (kind) {
	case KIND_STRING: case KIND_HASH: case KIND_ZSET:
		return true;
	case KIND_SET: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT:
		return false;
	}
	return false;
}

bool kind_has_dots(enum kind kind)
{
	switch (kind) {
	case KIND_STRING: case KIND_HASH:
		return true;
	case KIND_SET: case KIND_ZSET: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT:
		return false;
	}
	return false;
}

struct change *changes_add(struct changes *changes, enum change_kind kind, uint32_t db, struct slice key)
{
	changes->items = array_reserve(changes->items, changes->count, &changes->cap, sizeof *changes->items);
	struct change *change = &changes->items[changes->count++];
	*change = (struct change){ .kind = kind, .db = db, .key = key };
	return change;
}

/* "HYLL", sparse, the cached count 0, and a run of 16384 registers that are 0. */
const struct slice union_empty = { "HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18 };

void changes_make_room(struct changes *changes, uint64_t count)
{
	if (count <= changes->cap - changes->count)
		return;
	changes->cap = changes->count + (unsigned)count;
	changes->items = memory_resize(changes->items, changes->cap * sizeof *changes->items);
}

void changes_free(struct changes *changes)
{
	memory_free(changes->items);
	*changes = (struct changes){ 0 };
}

bool change_kind_of(const struct change *change, enum kind *kind)
{
	switch (change->kind) {
	case CHANGE_SET: case CHANGE_INCREMENT: case CHANGE_INCREMENT_FLOAT: case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS:
	case CHANGE_UNION:
		*kind = KIND_STRING;
		return true;
	case CHANGE_FIELD_SET: case CHANGE_FIELD_REMOVE: case CHANGE_FIELD_INCREMENT: case CHANGE_FIELD_INCREMENT_FLOAT:
		*kind = KIND_HASH;
		return true;
	case CHANGE_MEMBER_ADD: case CHANGE_MEMBER_REMOVE:
		*kind = KIND_SET;
		return true;
	case CHANGE_SCORE_SET: case CHANGE_SCORE_REMOVE: case CHANGE_SCORE_INCREMENT:
		*kind = KIND_ZSET;
		return true;
	case CHANGE_LIST_INSERT: case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
		*kind = KIND_LIST;
		return true;
	case CHANGE_STREAM_ADD: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_TRIM: case CHANGE_STREAM_REACH:
		*kind = KIND_STREAM;
		return true;
	case CHANGE_EXPIRE:
		*kind = KIND_TTL;
		return true;
	case CHANGE_SIBLING:
		*kind = change->sibling_bits & SIBLING_FIELD ? KIND_HASH : KIND_STRING;
		return true;
	case CHANGE_CLEAR: case CHANGE_FLUSH:
		return false;
	}
	return false;
}

bool change_is_removal(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_CLEAR: case CHANGE_FLUSH: case CHANGE_FIELD_REMOVE: case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_REMOVE: case CHANGE_LIST_REMOVE:
	case CHANGE_STREAM_REMOVE:
		return true;
	case CHANGE_SIBLING:
		return change->sibling_bits & SIBLING_REMOVAL;
	case CHANGE_SET: case CHANGE_INCREMENT: case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_SET: case CHANGE_FIELD_INCREMENT:
	case CHANGE_FIELD_INCREMENT_FLOAT: case CHANGE_MEMBER_ADD: case CHANGE_SCORE_SET: case CHANGE_SCORE_INCREMENT: case CHANGE_EXPIRE:
	case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION: case CHANGE_LIST_INSERT: case CHANGE_LIST_SET: case CHANGE_STREAM_ADD:
	case CHANGE_STREAM_TRIM: case CHANGE_STREAM_REACH:
		return false;
	}
	return false;
}

bool change_is_of_stream(const struct change *change)
{
	return change->kind == CHANGE_STREAM_TRIM || change->kind == CHANGE_STREAM_REACH;
}

bool change_is_patch(const struct change *change)
{
	return change->kind == CHANGE_APPEND || change->kind == CHANGE_RANGE || change->kind == CHANGE_BITS || change->kind == CHANGE_UNION;
}

bool changes_are_plain(const struct changes *changes)
{
	if (changes->count != 1 || changes->facts.is_explicit || changes->items[0].db == DB_RESERVED)
		return false;
	switch (changes->items[0].kind) {
	case CHANGE_SET:
		return changes->items[0].expire_at_ms == 0;
	case CHANGE_INCREMENT: case CHANGE_FIELD_SET: case CHANGE_FIELD_INCREMENT: case CHANGE_MEMBER_ADD: case CHANGE_SCORE_SET:
		return true;
	case CHANGE_CLEAR: case CHANGE_FLUSH: case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_REMOVE: case CHANGE_FIELD_INCREMENT_FLOAT:
	case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_REMOVE: case CHANGE_SCORE_INCREMENT: case CHANGE_EXPIRE: case CHANGE_SIBLING:
	case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION: case CHANGE_LIST_INSERT: case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
	case CHANGE_STREAM_ADD: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_TRIM: case CHANGE_STREAM_REACH:
		return false;
	}
	return false;
}
