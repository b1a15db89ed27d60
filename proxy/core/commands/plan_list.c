/* Plans of lists, before the reply. Writes of lists travel as places in the list as it was: where the reply does not say which, the place is asked for in
 * front of the command. An intent tells only what the reply does not: NUMBER or AMOUNT 1 say that it is about the tail, or counts from there. */
#include "plan_parts.h"

static void read_length(struct plan_build *build, struct slice key)
{
	build_read(build, 2, (const struct slice[]){ SLICE("LLEN"), key });
}

/* ---- pushes ---- */

static const char *build_push(struct plan_build *build, int64_t place)
{
	const struct request *request = build->request;
	for (uint32_t i = 2; i < request->argc; i++) {
		struct change *change = build_intend(build, CHANGE_LIST_INSERT, request->argv[1]);
		change->number = place;
		change->value = request->argv[i];
	}
	build_send(build);
	return NULL;
}

const char *plan_build_list_push_head(struct plan_build *build)
{
	return build_push(build, 0);
}

const char *plan_build_list_push_tail(struct plan_build *build)
{
	return build_push(build, LIST_TAIL);
}

const char *plan_build_list_insert(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	bool is_behind = slice_equal_nocase(argv[2], SLICE("AFTER"));
	if (!is_behind && !slice_equal_nocase(argv[2], SLICE("BEFORE")))
		return build_void(build);
	struct change *change = build_intend(build, CHANGE_LIST_INSERT, argv[1]);
	change->number = is_behind;
	change->value = argv[4];
	read_length(build, argv[1]);
	build_read(build, 3, (const struct slice[]){ SLICE("LPOS"), argv[1], argv[3] });
	build_send(build);
	return NULL;
}

/* ---- pops ---- */

static const char *build_pop(struct plan_build *build)
{
	struct slice key = build->request->argv[1];
	build_intend(build, CHANGE_LIST_REMOVE, key);
	read_length(build, key);
	build_send(build);
	return NULL;
}

const char *plan_build_list_pop_head(struct plan_build *build)
{
	return build_pop(build);
}

const char *plan_build_list_pop_tail(struct plan_build *build)
{
	return build_pop(build);
}

/* "LEFT" or "RIGHT"; false: neither. */
static bool read_end(struct slice word, bool *is_tail)
{
	*is_tail = slice_equal_nocase(word, SLICE("RIGHT"));
	return *is_tail || slice_equal_nocase(word, SLICE("LEFT"));
}

/* LMPOP and BLMPOP: the number of keys is argument AT. */
static const char *build_pop_first(struct plan_build *build, uint32_t at)
{
	const struct request *request = build->request;
	int64_t count;
	bool is_tail;
	if (!slice_to_int64(request->argv[at], &count) || count < 1 || count > (int64_t)request->argc - 2 - at || !read_end(request->argv[at + 1 + count], &is_tail))
		return build_void(build);
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		build_intend(build, CHANGE_LIST_REMOVE, request->argv[at + 1 + i])->number = is_tail;
		read_length(build, request->argv[at + 1 + i]);
	}
	build_send(build);
	return NULL;
}

const char *plan_build_list_pop_first(struct plan_build *build)
{
	return build_pop_first(build, 1);
}

const char *plan_build_list_wait_first(struct plan_build *build)
{
	return build_pop_first(build, 2);
}

/* BLPOP and BRPOP, keys and a time-out: one element of the first key that has any. */
static const char *build_wait(struct plan_build *build, bool is_tail)
{
	const struct request *request = build->request;
	for (uint32_t i = 1; i + 1 < request->argc; i++) {
		build_intend(build, CHANGE_LIST_REMOVE, request->argv[i])->number = is_tail;
		read_length(build, request->argv[i]);
	}
	build_send(build);
	return NULL;
}

const char *plan_build_list_wait_head(struct plan_build *build)
{
	return build_wait(build, false);
}

const char *plan_build_list_wait_tail(struct plan_build *build)
{
	return build_wait(build, true);
}

static const char *build_move(struct plan_build *build, bool is_from_tail, bool is_to_tail)
{
	const struct slice *argv = build->request->argv;
	build_intend(build, CHANGE_LIST_REMOVE, argv[1])->number = is_from_tail;
	build_intend(build, CHANGE_LIST_INSERT, argv[2])->number = is_to_tail ? LIST_TAIL : 0;
	read_length(build, argv[1]);
	build_send(build);
	return NULL;
}

const char *plan_build_list_move(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	bool is_from_tail, is_to_tail;
	if (!read_end(argv[3], &is_from_tail) || !read_end(argv[4], &is_to_tail))
		return build_void(build);
	return build_move(build, is_from_tail, is_to_tail);
}

const char *plan_build_list_rotate(struct plan_build *build)
{
	return build_move(build, true, false);
}

/* ---- elements that are named ---- */

/* As Redis counts: from -1 down, from the tail. Then the intent's NUMBER is how many are behind it, and AMOUNT 1. */
static bool intend_index(struct change *change, struct slice text)
{
	int64_t index;
	if (!slice_to_int64(text, &index))
		return false;
	change->number = index < 0 ? -(index + 1) : index;
	change->amount = index < 0;
	return true;
}

const char *plan_build_list_set(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	struct change change = { 0 };
	if (!intend_index(&change, argv[2]))
		return build_void(build);
	struct change *intended = build_intend(build, CHANGE_LIST_SET, argv[1]);
	intended->number = change.number;
	intended->length = change.amount;
	intended->value = argv[3];
	read_length(build, argv[1]);
	build_send(build);
	return NULL;
}

const char *plan_build_list_remove(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	int64_t count;
	if (!slice_to_int64(argv[2], &count))
		return build_void(build);
	build_intend(build, CHANGE_LIST_REMOVE, argv[1])->amount = count < 0;
	read_length(build, argv[1]);
	build_read(build, 5, (const struct slice[]){ SLICE("LPOS"), argv[1], argv[3], SLICE("COUNT"), SLICE("0") });
	build_send(build);
	return NULL;
}

const char *plan_build_list_trim(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	struct change change = { 0 };
	int64_t stop;
	if (!intend_index(&change, argv[2]) || !slice_to_int64(argv[3], &stop))
		return build_void(build);
	struct change *intended = build_intend(build, CHANGE_LIST_REMOVE, argv[1]);
	intended->number = change.number;
	intended->amount = change.amount;
	read_length(build, argv[1]);
	build_send(build);
	read_length(build, argv[1]);
	return NULL;
}
