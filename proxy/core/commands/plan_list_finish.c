/* Plans of lists, after the reply: which places of the list a command was about (see plan_list.c). */
#include "plan_parts.h"

static struct reply reply_of(struct slice bytes)
{
	struct reply reply;
	return reply_read(&bytes, &reply) ? reply : (struct reply){ .type = REPLY_NIL };
}

/* A number that makes no sense counts as 0. */
static uint64_t count_of(struct slice reply)
{
	struct reply answer = reply_of(reply);
	return answer.type == REPLY_INTEGER && answer.integer > 0 ? (uint64_t)answer.integer : 0;
}

static void add_removal(struct changes *result, const struct change *like, uint64_t index, uint64_t amount, uint64_t length)
{
	if (amount == 0 || length < amount)
		return;
	struct change *change = changes_add(result, CHANGE_LIST_REMOVE, like->db, like->key);
	change->number = (int64_t)index;
	change->amount = amount;
	change->length = length;
}

/* ---- pops ---- */

/* How many elements a pop gave. */
static uint64_t popped_of(struct slice reply)
{
	struct reply answer = reply_of(reply);
	if (answer.type == REPLY_ARRAY)
		return (uint64_t)answer.integer;
	return answer.type == REPLY_STRING;
}

static void add_pop(struct changes *result, const struct change *like, bool is_tail, uint64_t amount, uint64_t length)
{
	add_removal(result, like, is_tail && length >= amount ? length - amount : 0, amount, length);
}

/* Replies: LLEN, the command. */
void plan_finish_list_pop_head(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_pop(result, &intent->items[0], false, popped_of(replies[1]), count_of(replies[0]));
}

void plan_finish_list_pop_tail(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	add_pop(result, &intent->items[0], true, popped_of(replies[1]), count_of(replies[0]));
}

/* Replies: LLEN of each key, the command: the key that was popped from, and its elements. */
void plan_finish_list_pop_first(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct slice cursor = replies[intent->count];
	struct reply pair, key;
	if (!reply_read(&cursor, &pair) || pair.type != REPLY_ARRAY || pair.integer != 2 || !reply_read(&cursor, &key) || key.type != REPLY_STRING)
		return;
	for (unsigned i = 0; i < intent->count; i++) {
		if (!slice_equal(intent->items[i].key, key.text))
			continue;
		add_pop(result, &intent->items[i], intent->items[i].number != 0, popped_of(cursor), count_of(replies[i]));
		return;
	}
}

/* Replies: LLEN of the source, the command. */
void plan_finish_list_move(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct reply moved = reply_of(replies[1]);
	if (moved.type != REPLY_STRING)
		return;
	const struct change *from = &intent->items[0], *to = &intent->items[1];
	add_pop(result, from, from->number != 0, 1, count_of(replies[0]));
	struct change *change = changes_add(result, CHANGE_LIST_INSERT, to->db, to->key);
	change->number = to->number;
	change->value = moved.text;
}

/* ---- elements that are named ---- */

/* Replies: LLEN, LPOS of the pivot, the command. */
void plan_finish_list_insert(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	uint64_t length = count_of(replies[0]);
	struct reply pivot = reply_of(replies[1]);
	if (count_of(replies[2]) == 0 || pivot.type != REPLY_INTEGER)
		return;
	struct change *change = changes_add(result, CHANGE_LIST_INSERT, intended->db, intended->key);
	change->value = intended->value;
	change->number = pivot.integer + intended->number;
	if ((uint64_t)change->number >= length)
		change->number = LIST_TAIL;
	change->length = change->number > 0 ? length : 0;
}

/* Replies: LLEN, the command. */
void plan_finish_list_set(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	uint64_t length = count_of(replies[0]), number = (uint64_t)intended->number;
	if (number >= length)
		return;
	struct change *change = changes_add(result, CHANGE_LIST_SET, intended->db, intended->key);
	change->value = intended->value;
	change->length = length;
	change->number = (int64_t)(intended->length > 0 ? length - 1 - number : number);
}

/* Replies: LLEN, LPOS of all that are equal, the command: how many of them went, from the head on, or from the tail on. They are shipped from the tail
 * on, so that no place moves by those before it. */
void plan_finish_list_remove(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	uint64_t length = count_of(replies[0]), removed = count_of(replies[2]);
	struct slice cursor = replies[1];
	struct reply list, place;
	if (!reply_read(&cursor, &list) || list.type != REPLY_ARRAY || (uint64_t)list.integer < removed)
		return;
	uint64_t skipped = intended->amount > 0 ? (uint64_t)list.integer - removed : 0;
	changes_make_room(result, removed + 1);
	for (uint64_t i = 0; i < skipped + removed; i++) {
		if (!reply_read(&cursor, &place) || place.type != REPLY_INTEGER)
			return;
		if (i >= skipped)
			add_removal(result, intended, (uint64_t)place.integer, 1, 1);
	}
	for (unsigned i = 0; i < result->count / 2; i++) {
		struct change *a = &result->items[i], *b = &result->items[result->count - 1 - i], kept = *a;
		*a = *b;
		*b = kept;
	}
	for (unsigned i = 0; i < result->count; i++)
		result->items[i].length = length - i;
}

/* Replies: LLEN, the command, LLEN. What is behind goes first. */
void plan_finish_list_trim(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	uint64_t length = count_of(replies[0]), kept = count_of(replies[2]), number = (uint64_t)intended->number;
	uint64_t from_tail = number < length ? length - 1 - number : 0;
	uint64_t start = kept == 0 ? 0 : intended->amount > 0 ? from_tail : number;
	if (length < start + kept)
		return;
	add_removal(result, intended, start + kept, length - start - kept, length);
	add_removal(result, intended, 0, start, start + kept);
}
