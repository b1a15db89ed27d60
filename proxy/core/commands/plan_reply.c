/* Plan reply: what a plan reads in replies of RESP2 and RESP3 (see plan_reply.h). */
#include "plan_reply.h"

struct reply reply_of(struct slice bytes)
{
	struct reply reply;
	return reply_read(&bytes, &reply) ? reply : (struct reply){ .type = REPLY_NIL };
}

bool reply_is_text(const struct reply *reply)
{
	return reply->type == REPLY_STRING || reply->type == REPLY_STATUS || reply->type == REPLY_DOUBLE;
}

bool reply_is_done(struct slice reply)
{
	struct reply answer = reply_of(reply);
	return reply_is_text(&answer) || (answer.type == REPLY_INTEGER && answer.integer != 0);
}

bool reply_list(struct slice reply, struct slice *cursor, int64_t *count)
{
	struct reply list;
	*cursor = reply;
	if (!reply_read(cursor, &list) || list.type != REPLY_ARRAY)
		return false;
	*count = list.integer;
	return true;
}

bool reply_text_next(struct slice *cursor, struct slice *text)
{
	struct reply reply;
	if (!reply_read(cursor, &reply) || !reply_is_text(&reply))
		return false;
	*text = reply.text;
	return true;
}

bool reply_scored_next(struct slice *cursor, int64_t *count, struct slice *member, double *score)
{
	struct slice after = *cursor, text;
	struct reply first;
	bool is_pair = reply_read(&after, &first) && first.type == REPLY_ARRAY && first.integer == 2;
	if (is_pair)
		*cursor = after;
	*count -= is_pair ? 1 : 2;
	return *count >= 0 && reply_text_next(cursor, member) && reply_text_next(cursor, &text) && slice_to_double(text, score);
}

struct change *result_add(struct changes *result, enum change_kind kind, const struct change *like)
{
	return changes_add(result, kind, like->db, like->key);
}

int64_t reply_deadline(struct slice reply)
{
	struct reply answer = reply_of(reply);
	return answer.type == REPLY_INTEGER ? answer.integer : -2;
}
