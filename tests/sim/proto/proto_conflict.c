#include "proto_conflict.h"

#include <stdlib.h>

#include "tests/sim/store/pool.h"

const char *proto_status_text(enum proto_status status)
{
	static const char *const texts[PROTO_STATUSES] = { "?", "auto", "open", "resolved", "superseded", "ignored" };

	return texts[status < PROTO_STATUSES ? status : 0];
}

static bool take_side_dot(void *message, struct slice bytes)
{
	return proto_position_read(bytes, &((struct proto_side *)message)->dot);
}

static bool take_side(void *message, struct slice bytes)
{
	static const struct proto_row rows[] = {
		{ 1, PROTO_MESSAGE, 0, take_side_dot },
		PROTO_ROW(2, PROTO_UINT64, struct proto_side, hlc),
		PROTO_ROW(6, PROTO_TEXT, struct proto_side, value),
		PROTO_ROW(7, PROTO_UINT64, struct proto_side, value_len),
		PROTO_ROW(8, PROTO_FIXED64, struct proto_side, value_hash),
		PROTO_ROW(9, PROTO_BOOL, struct proto_side, is_removal),
		PROTO_ROW(10, PROTO_BOOL, struct proto_side, is_live),
	};
	struct proto_conflict *conflict = message;
	struct proto_side side = { .value = { bytes.ptr, 0 } };

	conflict->sides = array_grow(conflict->sides, conflict->side_count, &conflict->side_cap, sizeof(*conflict->sides));
	if (!proto_read(bytes, rows, PROTO_COUNT(rows), &side))
		return false;
	conflict->sides[conflict->side_count++] = side;
	return side.dot.seq > 0;
}

static bool take_winner(void *message, struct slice bytes)
{
	return proto_position_read(bytes, &((struct proto_conflict *)message)->winner);
}

static bool take_resolution(void *message, struct slice bytes)
{
	return proto_position_read(bytes, &((struct proto_conflict *)message)->resolution);
}

bool proto_conflict_read(struct slice bytes, struct proto_conflict *conflict)
{
	static const struct proto_row rows[] = {
		PROTO_ROW(1, PROTO_UINT32, struct proto_conflict, format),
		PROTO_ROW(2, PROTO_TEXT, struct proto_conflict, id),
		PROTO_ROW(3, PROTO_UINT32, struct proto_conflict, kind),
		PROTO_ROW(4, PROTO_UINT32, struct proto_conflict, status),
		PROTO_ROW(5, PROTO_UINT32, struct proto_conflict, db),
		PROTO_ROW(6, PROTO_TEXT, struct proto_conflict, key),
		PROTO_ROW(7, PROTO_TEXT, struct proto_conflict, element),
		PROTO_ROW(8, PROTO_TEXT, struct proto_conflict, type),
		{ 11, PROTO_MESSAGE, 0, take_side },
		PROTO_ROW(12, PROTO_UINT64, struct proto_conflict, pairs),
		{ 13, PROTO_MESSAGE, 0, take_winner },
		PROTO_ROW(14, PROTO_TEXT, struct proto_conflict, value),
		{ 15, PROTO_MESSAGE, 0, take_resolution },
		PROTO_ROW(16, PROTO_TEXT, struct proto_conflict, resolved_by),
		PROTO_ROW(17, PROTO_UINT64, struct proto_conflict, opened_hlc),
		PROTO_ROW(18, PROTO_UINT64, struct proto_conflict, ended_hlc),
		PROTO_ROW(23, PROTO_TEXT, struct proto_conflict, merged_into),
	};
	struct slice none = { bytes.ptr, 0 };

	*conflict = (struct proto_conflict){ .id = none, .key = none, .element = none, .type = none, .value = none, .resolved_by = none, .merged_into = none };
	return proto_read(bytes, rows, PROTO_COUNT(rows), conflict) && conflict->format == 1 && conflict->id.len > 0 && conflict->kind > 0 &&
	       conflict->status >= PROTO_AUTO && conflict->status < PROTO_STATUSES;
}

void proto_conflict_free(struct proto_conflict *conflict)
{
	free(conflict->sides);
	conflict->sides = NULL;
}

bool proto_conflict_equal(struct slice a, struct slice b)
{
	static const unsigned left_out[] = { 10, 19, 20 };   /* rules_digest, attempts, last_error */

	return proto_equal_but(a, b, left_out, PROTO_COUNT(left_out));
}

struct conflicts {
	bool (*visit)(void *context, struct slice conflict);
	void *context;
	unsigned count;
};

static bool take_conflict(void *message, struct slice bytes)
{
	struct conflicts *conflicts = message;

	conflicts->count++;
	return conflicts->visit(conflicts->context, bytes);
}

bool proto_conflicts_each(struct slice value, bool (*visit)(void *context, struct slice conflict), void *context)
{
	static const struct proto_row rows[] = { { 1, PROTO_MESSAGE, 0, take_conflict } };
	struct conflicts conflicts = { visit, context, 0 };

	return proto_read(value, rows, PROTO_COUNT(rows), &conflicts) && conflicts.count > 0;
}
