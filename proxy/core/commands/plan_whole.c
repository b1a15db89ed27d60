/* Plan whole: plans that tell a whole key, from replies that say all it holds. It may be large, so its changes can be had some at a time (plan.h). */
#include "plan_reply.h"

#include <limits.h>

/* What the store says of the key. Empty: nobody asked for that. */
struct whole {
	const struct change *like;
	struct slice deadline, string, fields, members, scores, elements, stream, entries, groups;
};

typedef bool whole_function(const struct changes *intent, const struct slice *replies, struct whole *whole);

/* PEXPIRETIME, GET, HGETALL, SMEMBERS, ZRANGE WITHSCORES, LRANGE, XINFO STREAM, XRANGE, a script. Those of other types than the key's are errors or empty. */
static struct whole whole_key(const struct change *like, const struct slice *replies)
{
	return (struct whole){ like, replies[0], replies[1], replies[2], replies[3], replies[4], replies[5], replies[6], replies[7], replies[8] };
}

/* The command, then the whole destination, which is the last key of the intent. */
static bool whole_moved(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = whole_key(&intent->items[intent->count - 1], replies + 1);
	return reply_is_done(replies[0]);
}

/* The command, SELECT, then the whole destination, and SELECT. */
static bool whole_moved_to(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = whole_key(&intent->items[intent->count - 1], replies + 2);
	return reply_is_done(replies[0]);
}

static bool whole_readback(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = whole_key(&intent->items[0], replies);
	return true;
}

/* The command, SMEMBERS. */
static bool whole_members(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = (struct whole){ .like = &intent->items[0], .members = replies[1] };
	return true;
}

/* The command, ZRANGE WITHSCORES. */
static bool whole_scores(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = (struct whole){ .like = &intent->items[0], .scores = replies[1] };
	return true;
}

/* The command, LRANGE. */
static bool whole_list(const struct changes *intent, const struct slice *replies, struct whole *whole)
{
	*whole = (struct whole){ .like = &intent->items[0], .elements = replies[1] };
	return true;
}

/* ---- some at a time ---- */

enum stage { STAGE_INTENT, STAGE_FIELDS, STAGE_MEMBERS, STAGE_SCORES, STAGE_ELEMENTS, STAGE_DEADLINE, STAGE_END };

static struct slice list_of(const struct whole *whole, enum stage stage)
{
	switch (stage) {
	case STAGE_FIELDS: return whole->fields;
	case STAGE_MEMBERS: return whole->members;
	case STAGE_SCORES: return whole->scores;
	case STAGE_ELEMENTS: return whole->elements;
	case STAGE_INTENT: case STAGE_DEADLINE: case STAGE_END: break;
	}
	return (struct slice){ "", 0 };
}

/* Takes the next element off the list. False: there is no more, or what stands there makes no sense. */
static bool element_next(struct plan_walk *walk, struct change *change)
{
	if (walk->left <= 0)
		return false;
	switch ((enum stage)walk->stage) {
	case STAGE_FIELDS:
		change->kind = CHANGE_FIELD_SET;
		walk->left -= 2;
		return walk->left >= 0 && reply_text_next(&walk->cursor, &change->element) && reply_text_next(&walk->cursor, &change->value);
	case STAGE_MEMBERS:
		change->kind = CHANGE_MEMBER_ADD;
		walk->left--;
		return reply_text_next(&walk->cursor, &change->element);
	case STAGE_SCORES:
		change->kind = CHANGE_SCORE_SET;
		return reply_scored_next(&walk->cursor, &walk->left, &change->element, &change->score);
	case STAGE_ELEMENTS:
		change->kind = CHANGE_LIST_INSERT;
		change->number = LIST_TAIL;
		walk->left--;
		return reply_text_next(&walk->cursor, &change->value);
	case STAGE_INTENT: case STAGE_DEADLINE: case STAGE_END: break;
	}
	return false;
}

/* True: there are more than MOST. */
static bool add_elements(const struct whole *whole, struct plan_walk *walk, unsigned most, struct changes *result)
{
	struct change change;
	changes_make_room(result, (uint64_t)(walk->left < most ? walk->left : most) + 1);
	for (; most > 0; most--) {
		change = (struct change){ .db = whole->like->db, .key = whole->like->key };
		if (!element_next(walk, &change))
			return false;
		*result_add(result, change.kind, whole->like) = change;
	}
	return walk->left > 0;
}

/* What was intended, and all of a string. False: that is all. */
static bool add_intent(const struct changes *intent, const struct whole *whole, struct changes *result)
{
	plan_finish_intended(intent, NULL, result);
	if (whole->deadline.len == 0)
		return true;
	int64_t deadline = reply_deadline(whole->deadline);
	struct reply string = reply_of(whole->string);
	if (deadline == -2)
		return false;
	if (string.type != REPLY_STRING)
		return true;
	struct change *change = result_add(result, CHANGE_SET, whole->like);
	change->value = string.text;
	change->expire_at_ms = deadline > 0 ? deadline : 0;
	return false;
}

static void add_deadline(const struct whole *whole, struct changes *result)
{
	int64_t deadline = whole->deadline.len == 0 ? -1 : reply_deadline(whole->deadline);
	if (deadline > 0)
		result_add(result, CHANGE_EXPIRE, whole->like)->expire_at_ms = deadline;
}

static void next_stage(const struct whole *whole, struct plan_walk *walk)
{
	walk->stage++;
	if (!reply_list(list_of(whole, (enum stage)walk->stage), &walk->cursor, &walk->left))
		walk->left = 0;
}

static bool walk_some(const struct changes *intent, const struct whole *whole, struct plan_walk *walk, struct changes *result)
{
	if (walk->stage == STAGE_INTENT) {
		if (!add_intent(intent, whole, result))
			return false;
		next_stage(whole, walk);
	}
	while (walk->stage < STAGE_DEADLINE) {
		if (add_elements(whole, walk, walk->most > result->count ? walk->most - result->count : 1, result))
			return true;
		next_stage(whole, walk);
	}
	/* A stream is told at once. */
	if (whole->entries.len > 0)
		plan_add_stream(whole->like, whole->entries, whole->stream, result);
	if (whole->groups.len > 0)
		plan_add_told(whole->like, whole->groups, result);
	add_deadline(whole, result);
	return false;
}

/* ---- as rows of plan.def name them ---- */

static void finish_at_once(whole_function *read, const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct plan_walk walk = { .most = UINT_MAX };
	struct whole whole;
	if (read(intent, replies, &whole))
		(void)walk_some(intent, &whole, &walk, result);
}

void plan_finish_moved(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_moved, intent, replies, result);
}

void plan_finish_moved_to(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_moved_to, intent, replies, result);
}

void plan_finish_readback(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_readback, intent, replies, result);
}

void plan_finish_members_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_members, intent, replies, result);
}

void plan_finish_scores_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_scores, intent, replies, result);
}

void plan_finish_list_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	finish_at_once(whole_list, intent, replies, result);
}

static whole_function *whole_of(plan_finish_function *finish)
{
	static const struct { plan_finish_function *finish; whole_function *read; } rows[] = {
		{ plan_finish_moved, whole_moved },
		{ plan_finish_moved_to, whole_moved_to },
		{ plan_finish_readback, whole_readback },
		{ plan_finish_members_store, whole_members },
		{ plan_finish_scores_store, whole_scores },
		{ plan_finish_list_store, whole_list },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].finish == finish)
			return rows[i].read;
	return NULL;
}

bool plan_whole_is(plan_finish_function *finish)
{
	return whole_of(finish) != NULL;
}

bool plan_whole_some(plan_finish_function *finish, const struct changes *intent, const struct slice *replies, struct plan_walk *walk, struct changes *result)
{
	struct whole whole;
	return whole_of(finish)(intent, replies, &whole) && walk_some(intent, &whole, walk, result);
}

uint64_t plan_whole_elements(const struct slice *replies, unsigned count)
{
	uint64_t elements = 0;
	for (unsigned i = 0; i < count; i++) {
		struct slice cursor;
		int64_t found;
		elements += reply_list(replies[i], &cursor, &found) && found > 0 ? (uint64_t)found : 0;
	}
	return elements;
}
