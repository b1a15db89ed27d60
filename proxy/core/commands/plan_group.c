/* Plans of consumer groups: the command runs in a script, which answers it, and says what the group has come to: names and values of elements
 * (stream_group.h), for each key. Nothing of that could be read off the command. */
#include "plan_parts.h"

#include "group_script.h"
#include "plan_reply.h"

#define WORDS_MAX 3900               /* arguments that Redis's Lua can hand to a command */

const char *plan_build_group(struct plan_build *build)
{
	const struct request *request = build->request;
	struct buffer *out = build->store_commands;
	uint32_t first = slice_equal_nocase(request->argv[0], SLICE("XGROUP")) ? 2 : 1, count = 1;
	if (slice_equal_nocase(request->argv[0], SLICE("XREADGROUP")) && !command_group_keys(request, &first, &count))
		return build_void(build);
	if (request->argc > WORDS_MAX)
		return "HOMEPORT unsupported command of so many arguments (docs/limits.md): 3900 go with one command of a consumer group";
	build->planned->answer = build->planned->replies++;
	resp_add_array(out, 3 + (uint64_t)count + request->argc);
	resp_add_bulk(out, SLICE("EVAL"));
	resp_add_bulk(out, slice_of(group_script));
	resp_add_bulk_int(out, count);
	for (uint32_t i = 0; i < count; i++) {
		resp_add_bulk(out, request->argv[first + i]);
		build_intend(build, CHANGE_STREAM_REACH, request->argv[first + i]);
	}
	for (uint32_t i = 0; i < request->argc; i++)
		resp_add_bulk(out, request->argv[i]);
	return NULL;
}

bool plan_is_telling(struct slice script)
{
	return slice_equal(script, slice_of(group_script_of_all));
}

bool plan_is_grouping(struct slice script)
{
	return slice_equal(script, slice_of(group_script));
}

/* ---- after the reply ---- */

void plan_add_told(const struct change *like, struct slice told, struct changes *result)
{
	struct slice cursor, key, element, value;
	int64_t left;
	if (!reply_list(told, &cursor, &left))
		return;
	changes_make_room(result, (uint64_t)left / 3 + 1);
	for (; left >= 3 && reply_text_next(&cursor, &key) && reply_text_next(&cursor, &element) && reply_text_next(&cursor, &value); left -= 3) {
		bool is_gone = slice_equal(value, SLICE("-")), is_acknowledged = value.len == 0;
		struct change *change = changes_add(result, is_gone || is_acknowledged ? CHANGE_STREAM_REMOVE : CHANGE_STREAM_ADD, like->db, key);
		change->element = element;
		change->number = is_acknowledged;
		if (!is_gone && !is_acknowledged)
			change->value = value;
	}
}

/* The reply: the client's answer, and what is told. */
void plan_finish_group(const struct changes *intent, const struct slice *replies, struct changes *result)
{
	struct slice cursor = replies[0];
	struct reply head;
	if (reply_read(&cursor, &head) && head.type == REPLY_ARRAY && head.integer == 2 && reply_skip(&cursor))
		plan_add_told(&intent->items[0], cursor, result);
}
