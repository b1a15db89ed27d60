/* User rules (see user_rules.h). */
#include "user_rules.h"

#include "proxy/core/resp/resp.h"

/* Reads one value of ACL GETUSER: a text or, before Redis 7, a list. True: it is WANTED and nothing else. */
static bool permission_is(struct slice cursor, struct slice wanted)
{
	struct reply reply;
	if (!reply_read(&cursor, &reply))
		return false;
	if (reply.type == REPLY_ARRAY && (reply.integer != 1 || !reply_read(&cursor, &reply)))
		return false;
	/* Keys and channels are written "~*" and "&*", in the lists of older servers "*". */
	return slice_equal(reply.text, wanted) || slice_equal(reply.text, (struct slice){ wanted.ptr + 1, wanted.len - 1 });
}

static bool list_has(struct slice cursor, struct slice wanted)
{
	struct reply list, item;
	if (!reply_read(&cursor, &list) || list.type != REPLY_ARRAY)
		return false;
	for (int64_t i = 0; i < list.integer && reply_read(&cursor, &item); i++)
		if (slice_equal(item.text, wanted))
			return true;
	return false;
}

/* Keys are written as a text, "~a:* %R~*", and in lists by older servers, which know of no right to read alone. */
static bool keys_are_all_read(struct slice cursor)
{
	static const char *const all[] = { "~*", "%R~*", "%RW~*" };
	struct reply keys;
	if (!reply_read(&cursor, &keys) || keys.type != REPLY_STRING)
		return false;
	while (keys.text.len > 0) {
		struct slice pattern = slice_take_until(&keys.text, ' ');
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (slice_equal(pattern, slice_of(all[i])))
				return true;
	}
	return false;
}

static bool list_is_empty(struct slice cursor)
{
	struct reply list;
	return reply_read(&cursor, &list) && list.type == REPLY_ARRAY && list.integer == 0;
}

bool user_rules_read(struct slice reply, struct user_rules *rules)
{
	*rules = (struct user_rules){ 0 };
	struct slice cursor = reply;
	struct reply head, name;
	if (!reply_read(&cursor, &head) || (head.type != REPLY_ARRAY && head.type != REPLY_NIL))
		return false;
	rules->is_there = head.type == REPLY_ARRAY;
	bool has_commands = false, has_keys = false, has_channels = false, has_selectors = false;
	for (int64_t i = 0; rules->is_there && i + 1 < head.integer; i += 2) {
		if (!reply_read(&cursor, &name))
			return false;
		if (slice_equal(name.text, SLICE("flags")))
			rules->is_open = list_has(cursor, SLICE("on")) && list_has(cursor, SLICE("nopass"));
		else if (slice_equal(name.text, SLICE("commands")))
			has_commands = permission_is(cursor, SLICE("+@all"));
		else if (slice_equal(name.text, SLICE("keys")))
			has_keys = permission_is(cursor, SLICE("~*")), rules->reads_all_keys = keys_are_all_read(cursor);
		else if (slice_equal(name.text, SLICE("selectors")))
			has_selectors = !list_is_empty(cursor);
		else if (slice_equal(name.text, SLICE("channels")))
			has_channels = permission_is(cursor, SLICE("&*"));
		if (!reply_skip(&cursor))
			return false;
	}
	rules->reads_all_keys &= !has_selectors;
	rules->is_unrestricted = has_commands && has_keys && has_channels;
	return true;
}
