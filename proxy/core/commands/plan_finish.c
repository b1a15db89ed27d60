/* Plans after the reply: from what was intended and what the store answered to what happened. Reads replies of RESP2 and RESP3
 * alike: a pair with a score comes flat or nested, a score as text or as a double.
 * Replies come from the store that homeportd trusts with the data; one that makes no sense yields no change. */
#include "plan_parts.h"
#include "plan_reply.h"

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
	if (!reply_is_text(&answer))
		return;
	plan_finish_intended(intent, replies, result);
	result->items[0].result = answer.text;
}

/* ---- strings ---- */

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

/* Replies: the command, GET. */
void plan_finish_union_whole(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct reply value = reply_of(replies[1]);
	if (value.type != REPLY_STRING)
		return;
	struct change *change = result_add(result, CHANGE_UNION, &intent->items[0]);
	change->value = value.text;
	change->number = UNION_WHOLE;
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
	if (reply_is_text(&answer))
		result_add(result, CHANGE_MEMBER_REMOVE, &intent->items[0])->element = answer.text;
	else
		add_each(CHANGE_MEMBER_REMOVE, &intent->items[0], replies[0], result);
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
		if (!reply_is_text(&new) || !is_changed || !slice_to_double(new.text, &score))
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

/* ---- keys ---- */

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
	if (!reply_is_text(&answer) || (intended->kind == CHANGE_SCORE_SET && !slice_to_double(answer.text, &score)))
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
