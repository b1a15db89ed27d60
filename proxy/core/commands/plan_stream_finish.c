/* Plans of streams, after the reply: which entry was added, and up to where a trim went (see plan_stream.c). */
#include "plan_parts.h"

#include "stream_id.h"

#define ALL_IDS "18446744073709551615-18446744073709551615"

/* The first entry that an XRANGE found; false: none. */
static bool first_of(struct slice reply, struct slice *text, struct stream_id *id)
{
	struct reply list, entry, name;
	if (!reply_read(&reply, &list) || list.type != REPLY_ARRAY || list.integer == 0 || !reply_read(&reply, &entry) || !reply_read(&reply, &name))
		return false;
	*text = name.text;
	return stream_id_read(name.text, id);
}

/* BEFORE and AFTER: the first entry then. LAST: of an entry that was added in between; empty: there was none. Returns whether that one is gone, too. */
static bool add_trim(const struct change *like, struct slice before, struct slice after, struct slice last, struct changes *result)
{
	struct slice first = { "", 0 };
	struct stream_id was = { 0, 0 }, is = { 0, 0 };
	bool had_some = first_of(before, &first, &was), has_some = first_of(after, &first, &is);
	if (has_some && (!had_some || stream_id_compare(was, is) == 0))
		return false;
	struct change *change = changes_add(result, CHANGE_STREAM_TRIM, like->db, like->key);
	change->value = has_some ? first : last.len > 0 ? last : SLICE(ALL_IDS);
	change->number = !has_some;
	return !has_some;
}

void plan_learn_trim(struct change *trim, struct slice first)
{
	struct stream_id id;
	if (first_of(first, &trim->value, &id))
		return;
	trim->value = SLICE(ALL_IDS);
	trim->number = 1;
}

/* Replies: the XADD; or, where it trims, the first entry before, the XADD, the first one after it. */
void plan_finish_stream_add(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	const struct change *intended = &intent->items[0];
	bool is_trimming = intent->count > 1;
	struct slice answer = replies[is_trimming];
	struct reply id;
	if (!reply_read(&answer, &id) || id.type != REPLY_STRING)
		return;
	struct change *change = changes_add(result, CHANGE_STREAM_ADD, intended->db, intended->key);
	change->element = id.text;
	change->value = intended->value;
	if (!is_trimming || !add_trim(intended, replies[0], replies[2], id.text, result))
		return;
	/* It was trimmed at once: the stream is there, and goes on behind it. */
	result->items[0] = (struct change){ .kind = CHANGE_STREAM_REACH, .db = intended->db, .key = intended->key, .value = id.text };
}

/* Replies: the first entry before, the XTRIM, the first one after it. */
void plan_finish_stream_trim(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	if (reply_count(replies[1]) > 0)
		add_trim(&intent->items[0], replies[0], replies[2], SLICE(""), result);
}

void plan_add_stream(const struct change *like, struct slice entries, struct slice info, struct changes *result)
{
	struct reply list, entry, id, field;
	struct slice last = { "", 0 };
	if (!reply_read(&info, &list) || list.type != REPLY_ARRAY)
		return;
	for (int64_t i = 0; i < list.integer && reply_read(&info, &field); i++) {
		bool is_last = slice_equal(field.text, SLICE("last-generated-id"));
		if (is_last && reply_read(&info, &id))
			last = id.text;
		if (is_last || !reply_skip(&info))
			break;
		i++;
	}
	if (!reply_read(&entries, &list) || list.type != REPLY_ARRAY)
		return;
	changes_make_room(result, (uint64_t)list.integer + 1);
	for (int64_t i = 0; i < list.integer && reply_read(&entries, &entry) && reply_read(&entries, &id) && reply_read(&entries, &field); i++) {
		struct change *change = changes_add(result, CHANGE_STREAM_ADD, like->db, like->key);
		change->element = id.text;
		change->value.ptr = entries.ptr;
		for (int64_t j = 0; j < field.integer; j++)
			if (!reply_skip(&entries))
				return;
		change->value.len = (size_t)(entries.ptr - change->value.ptr);
	}
	changes_add(result, CHANGE_STREAM_REACH, like->db, like->key)->value = last;
}
