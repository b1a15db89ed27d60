/* Envelope changes: reading one, and judging it by its kind (see envelope_change.h). */
#include "envelope_change.h"

#include "envelope_fields.h"
#include "proxy/core/commands/stream_group.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/resp/resp.h"

#include <math.h>

bool change_read(struct slice bytes, struct change *change)
{
	*change = (struct change){ .key = { bytes.ptr, 0 } };
	while (bytes.len > 0) {
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > CHANGE_FIELD_MAX)
			continue;
		switch ((enum change_tag)WIRE_TAG(field.number, field.type)) {
		case CHANGE_TAG_KIND:
			if (field.value < CHANGE_SET || field.value > CHANGE_UNION)
				return false;
			change->kind = (enum change_kind)field.value;
			break;
		case CHANGE_TAG_DB:
			if (field.value > UINT32_MAX)
				return false;
			change->db = (uint32_t)field.value;
			break;
		case CHANGE_TAG_KEY: change->key = field.bytes; break;
		case CHANGE_TAG_ELEMENT: change->element = field.bytes; break;
		case CHANGE_TAG_VALUE: change->value = field.bytes; break;
		case CHANGE_TAG_NUMBER: change->number = wire_unzigzag(field.value); break;
		case CHANGE_TAG_SCORE: memcpy(&change->score, &field.value, sizeof(change->score)); break;
		case CHANGE_TAG_EXPIRE_AT_MS: change->expire_at_ms = wire_unzigzag(field.value); break;
		case CHANGE_TAG_RESULT: change->result = field.bytes; break;
		case CHANGE_TAG_DC: change->dc = field.bytes; break;
		case CHANGE_TAG_INCARNATION: change->incarnation = field.value; break;
		case CHANGE_TAG_SEQ: change->seq = field.value; break;
		case CHANGE_TAG_HLC: change->hlc = field.value; break;
		case CHANGE_TAG_LENGTH: change->length = field.value; break;
		case CHANGE_TAG_AMOUNT: change->amount = field.value; break;
		default:
			return false;        /* a known field of another type */
		}
	}
	return true;
}

/* What a kind may carry. */
enum { HAS_KEY = 1, HAS_ELEMENT = 2, HAS_VALUE = 4, HAS_NUMBER = 8, HAS_SCORE = 16, HAS_DEADLINE = 32, HAS_RESULT = 64, HAS_DOT = 128, HAS_LENGTH = 256, HAS_AMOUNT = 512 };

static const unsigned kind_fields[] = {
	[CHANGE_SET] = HAS_KEY | HAS_VALUE | HAS_DEADLINE,
	[CHANGE_CLEAR] = HAS_KEY | HAS_NUMBER,
	[CHANGE_FLUSH] = 0,
	[CHANGE_INCREMENT] = HAS_KEY | HAS_NUMBER,
	[CHANGE_INCREMENT_FLOAT] = HAS_KEY | HAS_VALUE | HAS_RESULT,
	[CHANGE_FIELD_SET] = HAS_KEY | HAS_ELEMENT | HAS_VALUE,
	[CHANGE_FIELD_REMOVE] = HAS_KEY | HAS_ELEMENT,
	[CHANGE_FIELD_INCREMENT] = HAS_KEY | HAS_ELEMENT | HAS_NUMBER,
	[CHANGE_FIELD_INCREMENT_FLOAT] = HAS_KEY | HAS_ELEMENT | HAS_VALUE | HAS_RESULT,
	[CHANGE_MEMBER_ADD] = HAS_KEY | HAS_ELEMENT,
	[CHANGE_MEMBER_REMOVE] = HAS_KEY | HAS_ELEMENT,
	[CHANGE_SCORE_SET] = HAS_KEY | HAS_ELEMENT | HAS_SCORE,
	[CHANGE_SCORE_REMOVE] = HAS_KEY | HAS_ELEMENT,
	[CHANGE_SCORE_INCREMENT] = HAS_KEY | HAS_ELEMENT | HAS_SCORE | HAS_RESULT,
	[CHANGE_EXPIRE] = HAS_KEY | HAS_DEADLINE,
	[CHANGE_SIBLING] = HAS_KEY | HAS_ELEMENT | HAS_VALUE | HAS_NUMBER | HAS_DOT,
	[CHANGE_APPEND] = HAS_KEY | HAS_VALUE,
	[CHANGE_RANGE] = HAS_KEY | HAS_VALUE | HAS_NUMBER,
	[CHANGE_BITS] = HAS_KEY | HAS_VALUE | HAS_NUMBER,
	[CHANGE_LIST_INSERT] = HAS_KEY | HAS_VALUE | HAS_NUMBER | HAS_LENGTH,
	[CHANGE_LIST_REMOVE] = HAS_KEY | HAS_NUMBER | HAS_LENGTH | HAS_AMOUNT,
	[CHANGE_LIST_SET] = HAS_KEY | HAS_VALUE | HAS_NUMBER | HAS_LENGTH,
	[CHANGE_STREAM_ADD] = HAS_KEY | HAS_ELEMENT | HAS_VALUE,
	[CHANGE_STREAM_REMOVE] = HAS_KEY | HAS_ELEMENT | HAS_NUMBER,
	[CHANGE_STREAM_TRIM] = HAS_KEY | HAS_VALUE | HAS_NUMBER,
	[CHANGE_STREAM_REACH] = HAS_KEY | HAS_VALUE,
	[CHANGE_UNION] = HAS_KEY | HAS_VALUE | HAS_NUMBER,
};

/* Empty keys, elements and values are as good as others to Redis, so nothing but presence where it is not due is wrong. */
static bool fields_are_due(const struct change *change)
{
	unsigned has = 0;
	has |= change->key.len > 0 ? HAS_KEY : 0;
	has |= change->element.len > 0 ? HAS_ELEMENT : 0;
	has |= change->value.len > 0 ? HAS_VALUE : 0;
	has |= change->number != 0 ? HAS_NUMBER : 0;
	has |= change->score != 0 ? HAS_SCORE : 0;
	has |= change->expire_at_ms != 0 ? HAS_DEADLINE : 0;
	has |= change->result.len > 0 ? HAS_RESULT : 0;
	has |= change->dc.len > 0 || change->incarnation != 0 || change->seq != 0 || change->hlc != 0 ? HAS_DOT : 0;
	has |= change->length != 0 ? HAS_LENGTH : 0;
	has |= change->amount != 0 ? HAS_AMOUNT : 0;
	return (has & ~kind_fields[change->kind]) == 0;
}

/* There is no result while it is pending, nor where the store had lost what it was added to. */
static bool increment_is_number(const struct change *change)
{
	long double number;
	if (change->kind != CHANGE_SCORE_INCREMENT && !slice_to_long_double(change->value, &number))
		return false;
	return change->result.len == 0 || slice_to_long_double(change->result, &number);
}

/* Names and values, as RESP. */
static bool fields_are_whole(struct slice fields)
{
	struct reply field;
	unsigned count = 0;
	for (; fields.len > 0; count++)
		if (!reply_read(&fields, &field) || field.type != REPLY_STRING)
			return false;
	return count > 0 && count % 2 == 0;
}

/* A group has a last id; an entry that is pending, an id. */
static bool group_is_valid(const struct change *change)
{
	struct stream_id id;
	struct slice text, group;
	if (stream_group_read(change->element, &text))
		return change->kind == CHANGE_STREAM_REMOVE || stream_id_read(change->value, &id);
	return stream_pending_read(change->element, &text, &group) && stream_id_read(text, &id) && (change->kind == CHANGE_STREAM_REMOVE || change->value.len > 0);
}

static bool are_words(struct slice text)
{
	struct reply word;
	while (text.len > 0)
		if (!reply_read(&text, &word) || word.type != REPLY_STRING)
			return false;
	return true;
}

bool change_is_valid(const struct change *change)
{
	int64_t bits;
	struct stream_id id;
	if (change->kind < CHANGE_SET || change->kind > CHANGE_UNION || !fields_are_due(change) || isnan(change->score))
		return false;
	if (change->db == DB_ALL && change->kind != CHANGE_FLUSH)
		return false;
	switch (change->kind) {
	case CHANGE_SET:
		return change->expire_at_ms >= EXPIRE_KEEP;
	case CHANGE_EXPIRE:
		return change->expire_at_ms >= 0;
	case CHANGE_CLEAR:
		return change->is_expiry == 0 || change->is_expiry == 1;
	case CHANGE_SIBLING:
		return change->dc.len > 0 && change->seq > 0 && change->sibling_bits >= 0 && change->sibling_bits <= SIBLING_BITS &&
		       (change->element.len == 0 || (change->sibling_bits & SIBLING_FIELD) != 0);
	case CHANGE_RANGE:
		return change->number >= 0;
	case CHANGE_BITS:
		return change->number >= 0 && slice_to_int64(change->value, &bits);
	case CHANGE_UNION:
		return change->number == UNION_WHOLE || (change->number == UNION_WORDS && are_words(change->value));
	case CHANGE_LIST_INSERT:
		return change->number >= LIST_TAIL;
	case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
		return change->number >= 0;
	case CHANGE_STREAM_ADD:
		return stream_group_has(change->element) ? group_is_valid(change) : stream_id_read(change->element, &id) && fields_are_whole(change->value);
	case CHANGE_STREAM_REMOVE:
		return stream_group_has(change->element) ? group_is_valid(change) && (change->number == 0 || change->number == 1)
		                                         : stream_id_read(change->element, &id) && change->number == 0;
	case CHANGE_STREAM_TRIM: case CHANGE_STREAM_REACH:
		return (change->value.len == 0 || stream_id_read(change->value, &id)) && change->number >= 0 && change->number <= 1;
	case CHANGE_INCREMENT_FLOAT:
	case CHANGE_FIELD_INCREMENT_FLOAT:
	case CHANGE_SCORE_INCREMENT:
		return increment_is_number(change);
	case CHANGE_FLUSH: case CHANGE_INCREMENT: case CHANGE_FIELD_SET: case CHANGE_FIELD_REMOVE: case CHANGE_FIELD_INCREMENT: case CHANGE_MEMBER_ADD:
	case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_SET: case CHANGE_SCORE_REMOVE: case CHANGE_APPEND:
		return true;
	}
	return false;
}
