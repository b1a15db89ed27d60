/* Plans after the reply: from what was intended and what the store answered to what happened. Reads replies of RESP2 and RESP3
 * alike: a pair with a score comes flat or nested, a score as text or as a double.
 * Replies come from the store that homeportd trusts with the data; one that makes no sense yields no change. */
#include "plan_parts.h"

/* ---- replies ---- */

static struct reply reply_of(struct slice bytes)
{
	struct reply reply;
	return reply_read(&bytes, &reply) ? reply : (struct reply){ .type = REPLY_NIL };
}

static bool is_text(const struct reply *reply)
{
	return reply->type == REPLY_STRING || reply->type == REPLY_STATUS || reply->type == REPLY_DOUBLE;
}

/* Not nil, not 0: the command did what it was asked to. */
static bool reply_is_done(struct slice reply)
{
	struct reply answer = reply_of(reply);
	return is_text(&answer) || (answer.type == REPLY_INTEGER && answer.integer != 0);
}

/* Opens a list: CURSOR is at its first element. False: it is none (nil, an error). */
static bool reply_list(struct slice reply, struct slice *cursor, int64_t *count)
{
	struct reply list;
	*cursor = reply;
	if (!reply_read(cursor, &list) || list.type != REPLY_ARRAY)
		return false;
	*count = list.integer;
	return true;
}

static bool reply_text_next(struct slice *cursor, struct slice *text)
{
	struct reply reply;
	if (!reply_read(cursor, &reply) || !is_text(&reply))
		return false;
	*text = reply.text;
	return true;
}

/* Takes a member and its score off the list: nested pairs (RESP3) or flat ones. COUNT is the list's, counted down. */
static bool reply_scored_next(struct slice *cursor, int64_t *count, struct slice *member, double *score)
{
	struct slice after = *cursor, text;
	struct reply first;
	bool is_pair = reply_read(&after, &first) && first.type == REPLY_ARRAY && first.integer == 2;
	if (is_pair)
		*cursor = after;
	*count -= is_pair ? 1 : 2;
	return *count >= 0 && reply_text_next(cursor, member) && reply_text_next(cursor, &text) && slice_to_double(text, score);
}

/* A change to the key of LIKE, with no content yet. */
static struct change *result_add(struct changes *result, enum change_kind kind, const struct change *like)
{
	return changes_add(result, kind, like->db, like->key);
}

/* ---- as intended, or not at all ---- */

void plan_finish_nothing(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	(void)intent;
	(void)replies;
	(void)result;
}

void plan_finish_intended(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	(void)replies;
	for (unsigned i = 0; i < intent->count; i++)
		*result_add(result, intent->items[i].kind, &intent->items[i]) = intent->items[i];
}

void plan_finish_if_done(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	if (reply_is_done(replies[0]))
		plan_finish_intended(intent, replies, result);
}

/* SET NX GET answers with the old value: nil means that there was none, so the new one was set. */
void plan_finish_if_nil(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	if (reply_of(replies[0]).type == REPLY_NIL)
		plan_finish_intended(intent, replies, result);
}

/* An increment by a fraction: the reply is the number after it; nil where a condition forbade it. */
void plan_finish_result(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct reply answer = reply_of(replies[0]);
	if (!is_text(&answer))
		return;
	plan_finish_intended(intent, replies, result);
	result->items[0].result = answer.text;
}

/* ---- strings ---- */

/* Nil (-2: no key, -1: no deadline) and numbers as PEXPIRETIME has them. */
static int64_t reply_deadline(struct slice reply)
{
	struct reply answer = reply_of(reply);
	return answer.type == REPLY_INTEGER ? answer.integer : -2;
}

/* Replies: the command, PEXPIRETIME, GET. */
void plan_finish_set_seen(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct reply value = reply_of(replies[2]);
	if (value.type != REPLY_STRING || !slice_equal(value.text, intent->items[0].value))
		return;
	int64_t deadline = reply_deadline(replies[1]);
	plan_finish_intended(intent, replies, result);
	result->items[0].expire_at_ms = deadline > 0 ? deadline : 0;
}

/* Replies: the command, GET. A value that replaces the key and is absent has removed it. */
void plan_finish_value(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	struct reply value = reply_of(replies[1]);
	if (value.type == REPLY_STRING) {
		struct change *change = result_add(result, CHANGE_SET, intended);
		change->value = value.text;
		change->expire_at_ms = intended->expire_at_ms;
	} else if (intended->expire_at_ms != EXPIRE_KEEP) {
		result_add(result, CHANGE_CLEAR, intended);
	}
}

/* Replies: the command, BITFIELD with a GET of each field. */
void plan_finish_bits(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct slice cursor;
	int64_t count;
	if (!reply_list(replies[1], &cursor, &count) || count != intent->count)
		return;
	for (unsigned i = 0; i < intent->count; i++) {
		struct reply bits;
		if (!reply_read(&cursor, &bits) || bits.type != REPLY_INTEGER)
			return;
		struct change *change = result_add(result, CHANGE_BITS, &intent->items[i]);
		change->number = intent->items[i].number;
		change->value = bits.text;
	}
}

void plan_finish_value_if_done(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	if (reply_is_done(replies[0]))
		plan_finish_value(intent, replies, result);
}

/* ---- members ---- */

static void add_each(enum change_kind kind, const struct change *like, struct slice reply, struct changes *result)
{
	struct slice cursor, element;
	int64_t count;
	if (!reply_list(reply, &cursor, &count))
		return;
	changes_make_room(result, (uint64_t)count + 1);
	for (; count > 0 && reply_text_next(&cursor, &element); count--)
		result_add(result, kind, like)->element = element;
}

/* Without a count the reply is the member itself. */
void plan_finish_members_pop(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct reply answer = reply_of(replies[0]);
	if (is_text(&answer))
		result_add(result, CHANGE_MEMBER_REMOVE, &intent->items[0])->element = answer.text;
	else
		add_each(CHANGE_MEMBER_REMOVE, &intent->items[0], replies[0], result);
}

/* Replies: the command, SMEMBERS. */
void plan_finish_members_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	plan_finish_intended(intent, replies, result);
	add_each(CHANGE_MEMBER_ADD, &intent->items[0], replies[1], result);
}

/* Replies: the command, LRANGE. */
void plan_finish_list_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	plan_finish_intended(intent, replies, result);
	plan_add_list(&intent->items[0], replies[1], result);
}

/* ---- scores ---- */

/* Both lists answer for the members of INTENT, in order; BEFORE is empty where every member counts as written. */
static void add_scores(const struct changes *intent, struct slice before, struct slice after, struct changes *result)
{
	struct slice before_cursor, after_cursor;
	int64_t before_count = 0, after_count;
	bool has_before = reply_list(before, &before_cursor, &before_count);
	if (!reply_list(after, &after_cursor, &after_count))
		return;
	for (unsigned i = 0; i < intent->count; i++) {
		struct reply old = { .type = REPLY_NIL }, new;
		double score;
		if ((has_before && !reply_read(&before_cursor, &old)) || !reply_read(&after_cursor, &new))
			return;
		bool is_changed = old.type == REPLY_NIL || !slice_equal(old.text, new.text);
		if (!is_text(&new) || !is_changed || !slice_to_double(new.text, &score))
			continue;
		struct change *change = result_add(result, CHANGE_SCORE_SET, &intent->items[i]);
		change->element = intent->items[i].element;
		change->score = score;
	}
}

/* Replies: ZMSCORE, the command, ZMSCORE. */
void plan_finish_scores_changed(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_scores(intent, replies[0], replies[2], result);
}

/* Replies: the command, ZMSCORE. */
void plan_finish_scores_seen(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_scores(intent, (struct slice){ "", 0 }, replies[1], result);
}

/* Replies: ZRANGE, the command. */
void plan_finish_scores_remove_range(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_each(CHANGE_SCORE_REMOVE, &intent->items[0], replies[0], result);
}

/* REPLY is a list of members with scores; KIND is CHANGE_SCORE_SET or _SCORE_REMOVE. */
static void add_scored(enum change_kind kind, const struct change *like, struct slice reply, struct changes *result)
{
	struct slice cursor, member;
	int64_t count;
	double score;
	if (!reply_list(reply, &cursor, &count))
		return;
	while (count > 0 && reply_scored_next(&cursor, &count, &member, &score)) {
		struct change *change = result_add(result, kind, like);
		change->element = member;
		change->score = kind == CHANGE_SCORE_SET ? score : 0;
	}
}

void plan_finish_scores_pop(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_scored(CHANGE_SCORE_REMOVE, &intent->items[0], replies[0], result);
}

/* The reply is the key that was popped from, then its members. */
void plan_finish_scores_pop_first(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct slice cursor;
	int64_t count;
	struct change from = { .db = intent->items[0].db };
	if (reply_list(replies[0], &cursor, &count) && count == 2 && reply_text_next(&cursor, &from.key))
		add_scored(CHANGE_SCORE_REMOVE, &from, cursor, result);
}

/* The reply is a key, its member and the score. */
void plan_finish_scores_wait(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct slice cursor;
	int64_t count;
	struct change from = { .db = intent->items[0].db };
	struct slice member;
	if (reply_list(replies[0], &cursor, &count) && count == 3 && reply_text_next(&cursor, &from.key) && reply_text_next(&cursor, &member))
		result_add(result, CHANGE_SCORE_REMOVE, &from)->element = member;
}

/* Replies: the command, ZRANGE WITHSCORES. */
void plan_finish_scores_store(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	plan_finish_intended(intent, replies, result);
	add_scored(CHANGE_SCORE_SET, &intent->items[0], replies[1], result);
}

/* ---- keys ---- */

static void add_fields(const struct change *like, struct slice reply, struct changes *result)
{
	struct slice cursor, field, value;
	int64_t count;
	if (!reply_list(reply, &cursor, &count))
		return;
	changes_make_room(result, (uint64_t)count / 2 + 1);
	for (; count >= 2 && reply_text_next(&cursor, &field) && reply_text_next(&cursor, &value); count -= 2) {
		struct change *change = result_add(result, CHANGE_FIELD_SET, like);
		change->element = field;
		change->value = value;
	}
}

/* Replies: PEXPIRETIME, GET, HGETALL, SMEMBERS, ZRANGE WITHSCORES, LRANGE, XINFO STREAM, XRANGE. Those of other types than the key's are errors or empty. */
static void add_whole_key(const struct slice *replies, uint32_t db, struct slice key, struct changes *result)
{
	struct change like = { .db = db, .key = key };
	int64_t deadline = reply_deadline(replies[0]);
	struct reply string = reply_of(replies[1]);
	if (deadline == -2)
		return;
	if (string.type == REPLY_STRING) {
		struct change *change = result_add(result, CHANGE_SET, &like);
		change->value = string.text;
		change->expire_at_ms = deadline > 0 ? deadline : 0;
		return;
	}
	add_fields(&like, replies[2], result);
	add_each(CHANGE_MEMBER_ADD, &like, replies[3], result);
	add_scored(CHANGE_SCORE_SET, &like, replies[4], result);
	plan_add_list(&like, replies[5], result);
	plan_add_stream(&like, replies[7], replies[6], result);
	if (deadline > 0)
		result_add(result, CHANGE_EXPIRE, &like)->expire_at_ms = deadline;
}

/* WHOLE: the whole destination, which is the last key of the intent. */
static void add_moved(const struct changes *intent, const struct slice *replies, const struct slice *whole, struct changes *result)
{
	if (!reply_is_done(replies[0]))
		return;
	const struct change *destination = &intent->items[intent->count - 1];
	plan_finish_intended(intent, replies, result);
	add_whole_key(whole, destination->db, destination->key, result);
}

/* Replies: the command, then the whole destination. */
void plan_finish_moved(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_moved(intent, replies, replies + 1, result);
}

/* Replies: the command, SELECT, then the whole destination, and SELECT. */
void plan_finish_moved_to(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_moved(intent, replies, replies + 2, result);
}

void plan_finish_readback(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	plan_finish_intended(intent, replies, result);
	add_whole_key(replies, intent->items[0].db, intent->items[0].key, result);
}

/* Replies: the command, PEXPIRETIME. A deadline in the past has removed the key. */
void plan_finish_expire(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	if (!reply_is_done(replies[0]))
		return;
	int64_t deadline = reply_deadline(replies[1]);
	if (deadline == -2)
		result_add(result, CHANGE_CLEAR, &intent->items[0]);
	else
		result_add(result, CHANGE_EXPIRE, &intent->items[0])->expire_at_ms = deadline > 0 ? deadline : 0;
}

/* What is gone meanwhile was removed by a write that says so itself. */
void plan_finish_round(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	struct reply answer = reply_of(replies[0]);
	double score = 0;
	if (!is_text(&answer) || (intended->kind == CHANGE_SCORE_SET && !slice_to_double(answer.text, &score)))
		return;
	struct change *change = result_add(result, intended->kind, intended);
	change->element = intended->element;
	if (intended->kind == CHANGE_SCORE_SET)
		change->score = score;
	else
		change->value = answer.text;
	if (intended->kind == CHANGE_SET)
		change->expire_at_ms = EXPIRE_KEEP;
}
