#include "group_reply.h"

#include <assert.h>
#include <string.h>

static enum resp_state read_line(struct group_reply *reply, struct slice input);
static enum resp_state read_exec_header(struct group_reply *reply, struct slice input);
static enum resp_state read_element(struct group_reply *reply, struct slice input);
static enum resp_state next_frame(struct group_reply *reply, struct slice input, size_t *len);
static enum resp_state skip_push(struct group_reply *reply, struct slice input);
static struct slice error_text(struct slice reply);

static const struct slice QUEUED = { "+QUEUED\r\n", 9 };

void group_reply_begin(struct group_reply *reply, unsigned command_count)
{
	if (command_count > reply->cap || reply->replies == NULL) {
		reply->cap = command_count;
		reply->ends = memory_resize(reply->ends, command_count * sizeof *reply->ends);
		reply->replies = memory_resize(reply->replies, command_count * sizeof *reply->replies);
	}
	reply->command_count = command_count;
	reply->lines_seen = 0;
	reply->is_in_exec = false;
	reply->elements_seen = 0;
	reply->used = 0;
	reply->frame = (struct resp_frame){ 0 };
	reply->error_at = reply->error_len = 0;
	reply->has_pushes = false;
	reply->lines_len = 0;
}

void group_reply_begin_script(struct group_reply *reply, unsigned command_count)
{
	group_reply_begin(reply, command_count);
	reply->lines_seen = command_count + 1;
}

enum resp_state group_reply_read(struct group_reply *reply, struct slice input, size_t *len)
{
	enum resp_state state = RESP_READY;
	while (state == RESP_READY && reply->lines_seen <= reply->command_count)
		state = read_line(reply, input);
	while (state == RESP_READY && !reply->is_in_exec) {
		bool is_push = reply->used < input.len && input.ptr[reply->used] == '>';
		state = read_exec_header(reply, input);
		if (state == RESP_READY && !reply->is_in_exec && !is_push) {
			*len = reply->used;
			return RESP_READY;
		}
	}
	while (state == RESP_READY && reply->elements_seen < reply->command_count)
		state = read_element(reply, input);
	*len = reply->used;
	return state;
}

const struct slice *group_reply_replies(const struct group_reply *reply, struct slice input, struct slice *error)
{
	*error = (struct slice){ NULL, 0 };
	if (!reply->is_in_exec) {
		*error = (struct slice){ input.ptr + reply->error_at, reply->error_len };
		return NULL;
	}
	size_t start = reply->elements_at;
	for (unsigned i = 0; i < reply->command_count; i++) {
		reply->replies[i] = (struct slice){ input.ptr + start, reply->ends[i] - start };
		start = reply->ends[i];
	}
	return reply->replies;
}

void group_reply_free(struct group_reply *reply)
{
	memory_free(reply->ends);
	memory_free(reply->replies);
	*reply = (struct group_reply){ 0 };
}

/* The reply to MULTI or to a queued command. After an error EXEC will abort the transaction, but the store still replies to each command. */
static enum resp_state read_line(struct group_reply *reply, struct slice input)
{
	size_t left = input.len - reply->used;
	const char *at = input.ptr + reply->used;
	size_t len = QUEUED.len;
	if (left > 0 && at[0] == '>')
		return skip_push(reply, input);
	if (left < QUEUED.len || memcmp(at, QUEUED.ptr, QUEUED.len) != 0) {
		enum resp_state state = next_frame(reply, input, &len);
		if (state != RESP_READY)
			return state;
		if (at[0] == '-' && reply->error_len == 0) {
			struct slice text = error_text((struct slice){ at, len });
			reply->error_at = (size_t)(text.ptr - input.ptr);
			reply->error_len = text.len;
		} else if (at[0] != '-' && reply->lines_seen > 0) {
			return RESP_ERROR;
		}
	}
	reply->frame = (struct resp_frame){ 0 };  /* an earlier call may have begun to frame this line before all of it was there */
	reply->used += len;
	reply->lines_seen++;
	return RESP_READY;
}

static enum resp_state read_exec_header(struct group_reply *reply, struct slice input)
{
	struct slice left = { input.ptr + reply->used, input.len - reply->used };
	if (left.len == 0)
		return RESP_MORE;
	reply->lines_len = reply->used;
	if (left.ptr[0] == '>')
		return skip_push(reply, input);
	bool is_nil = left.ptr[0] == '_' || (left.ptr[0] == '*' && left.len > 1 && left.ptr[1] == '-');
	if (left.ptr[0] == '*' && left.len == 1)
		return RESP_MORE;
	if (left.ptr[0] == '*' && !is_nil) {
		const char *line_end = memchr(left.ptr, '\n', left.len);
		if (line_end == NULL)
			return RESP_MORE;
		struct slice cursor = left;
		struct reply header;
		if (!reply_read(&cursor, &header) || header.type != REPLY_ARRAY || header.integer != (int64_t)reply->command_count)
			return RESP_ERROR;
		reply->used += (size_t)(cursor.ptr - left.ptr);
		reply->elements_at = reply->used;
		reply->is_in_exec = true;
		return RESP_READY;
	}
	size_t len;
	enum resp_state state = next_frame(reply, input, &len);
	if (state != RESP_READY)
		return state;
	if (left.ptr[0] != '-' && !is_nil)
		return RESP_ERROR;
	if (reply->error_len == 0 && !is_nil) {
		struct slice text = error_text((struct slice){ left.ptr, len });
		reply->error_at = (size_t)(text.ptr - input.ptr);
		reply->error_len = text.len;
	}
	reply->used += len;
	return RESP_READY;
}

static enum resp_state read_element(struct group_reply *reply, struct slice input)
{
	size_t len;
	enum resp_state state = next_frame(reply, input, &len);
	if (state != RESP_READY)
		return state;
	reply->used += len;
	reply->ends[reply->elements_seen++] = reply->used;
	return RESP_READY;
}

static enum resp_state next_frame(struct group_reply *reply, struct slice input, size_t *len)
{
	struct slice left = { input.ptr + reply->used, input.len - reply->used };
	if (left.len == 0)
		return RESP_MORE;
	enum resp_state state = resp_frame_next(&reply->frame, left, len);
	if (state == RESP_READY)
		reply->frame = (struct resp_frame){ 0 };
	return state;
}

static enum resp_state skip_push(struct group_reply *reply, struct slice input)
{
	size_t len;
	enum resp_state state = next_frame(reply, input, &len);
	if (state != RESP_READY)
		return state;
	reply->has_pushes = true;
	reply->used += len;
	return RESP_READY;
}

struct slice group_reply_next_push(const struct group_reply *reply, struct slice input, size_t *at)
{
	while (reply->has_pushes && *at < reply->lines_len) {
		struct resp_frame frame = { 0 };
		size_t len;
		const char *start = input.ptr + *at;
		if (resp_frame_next(&frame, (struct slice){ start, reply->lines_len - *at }, &len) != RESP_READY)
			break;
		*at += len;
		if (start[0] == '>')
			return (struct slice){ start, len };
	}
	return SLICE("");
}

static struct slice error_text(struct slice reply)
{
	assert(reply.len >= 3 && reply.ptr[0] == '-');
	return (struct slice){ reply.ptr + 1, reply.len - 3 };
}
