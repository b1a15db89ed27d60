#include "arrival.h"

static long double number_of(struct slice text)
{
	long double number = 0;
	return slice_to_long_double(text, &number) ? number : 0;
}

bool number_is_exact(long double number)
{
	const long double limit = 9007199254740992.0L;   /* 2^53 */
	return number < limit && number > -limit && (long double)(int64_t)number == number;
}

static unsigned flags_of(const struct change *change, long double *delta)
{
	switch (change->kind) {
	case CHANGE_SET:
		return change->expire_at_ms != EXPIRE_KEEP ? MARK_PRESENT | MARK_TTL : MARK_PRESENT;
	case CHANGE_FIELD_SET: case CHANGE_MEMBER_ADD: case CHANGE_SCORE_SET: case CHANGE_SIBLING: case CHANGE_STREAM_ADD:
	case CHANGE_STREAM_REACH:
		return MARK_PRESENT;
	case CHANGE_CLEAR:
		return change->is_expiry ? MARK_EXPIRY : 0;
	case CHANGE_FLUSH: case CHANGE_EXPIRE: case CHANGE_FIELD_REMOVE: case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_REMOVE:
	case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_TRIM:
		return 0;
	case CHANGE_LIST_INSERT:
		return MARK_DELTA | MARK_PRESENT;
	case CHANGE_INCREMENT: case CHANGE_FIELD_INCREMENT:
		*delta = (long double)change->number;
		return MARK_DELTA | MARK_PRESENT;
	case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_INCREMENT_FLOAT:
		*delta = number_of(change->value);
		break;
	case CHANGE_SCORE_INCREMENT:
		*delta = (long double)change->score;
		break;
	case CHANGE_APPEND:
		return MARK_DELTA | MARK_PRESENT | MARK_PATCH | MARK_FRACTION;
	case CHANGE_RANGE: case CHANGE_BITS:
		return MARK_DELTA | MARK_PRESENT | MARK_PATCH;
	case CHANGE_UNION:
		return MARK_DELTA | MARK_PRESENT | MARK_PATCH | MARK_UNION;
	}
	bool is_whole = number_is_exact(*delta) && change->result.len > 0 && number_is_exact(number_of(change->result));
	return MARK_DELTA | MARK_PRESENT | (is_whole ? 0 : MARK_FRACTION);
}

void arrival_classify(struct arrival *arriving)
{
	arriving->delta = 0;
	arriving->party.flags = flags_of(arriving->change, &arriving->delta);
}

struct stamp arrival_competing(const struct arrival *arriving)
{
	struct stamp competing = *arriving->party.stamp;
	if (arriving->write->explicit_context != NULL)
		competing.context = arriving->write->explicit_context;
	return competing;
}
