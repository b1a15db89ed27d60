#include "answer.h"

#include <assert.h>
#include <string.h>

static enum resp_state read_line(struct answer *answer, struct slice input);
static enum resp_state read_exec_header(struct answer *answer, struct slice input);
static enum resp_state read_element(struct answer *answer, struct slice input);
static enum resp_state next_frame(struct answer *answer, struct slice input, size_t *len);
static struct slice error_text(struct slice reply);

static const struct slice QUEUED = { "+QUEUED\r\n", 9 };

void answer_begin(struct answer *answer, unsigned command_count)
{
	if (command_count > answer->cap || answer->replies == NULL) {
		answer->cap = command_count;
		answer->ends = memory_resize(answer->ends, command_count * sizeof *answer->ends);
		answer->replies = memory_resize(answer->replies, command_count * sizeof *answer->replies);
	}
	answer->command_count = command_count;
	answer->lines_seen = 0;
	answer->is_in_exec = false;
	answer->elements_seen = 0;
	answer->used = 0;
	answer->frame = (struct resp_frame){ 0 };
	answer->error_at = answer->error_len = 0;
}

enum resp_state answer_read(struct answer *answer, struct slice input, size_t *len)
{
	enum resp_state state = RESP_READY;
	while (state == RESP_READY && answer->lines_seen <= answer->command_count)
		state = read_line(answer, input);
	if (state == RESP_READY && !answer->is_in_exec) {
		state = read_exec_header(answer, input);
		if (state == RESP_READY && !answer->is_in_exec) {
			*len = answer->used;
			return RESP_READY;
		}
	}
	while (state == RESP_READY && answer->elements_seen < answer->command_count)
		state = read_element(answer, input);
	*len = answer->used;
	return state;
}

const struct slice *answer_replies(const struct answer *answer, struct slice input, struct slice *error)
{
	*error = (struct slice){ NULL, 0 };
	if (!answer->is_in_exec) {
		*error = (struct slice){ input.ptr + answer->error_at, answer->error_len };
		return NULL;
	}
	size_t start = answer->elements_at;
	for (unsigned i = 0; i < answer->command_count; i++) {
		answer->replies[i] = (struct slice){ input.ptr + start, answer->ends[i] - start };
		start = answer->ends[i];
	}
	return answer->replies;
}

void answer_free(struct answer *answer)
{
	memory_free(answer->ends);
	memory_free(answer->replies);
	*answer = (struct answer){ 0 };
}

/* The replies to MULTI and to each queued command; an error here aborts the group, but the store answers every command all the same. */
static enum resp_state read_line(struct answer *answer, struct slice input)
{
	size_t left = input.len - answer->used;
	const char *at = input.ptr + answer->used;
	size_t len = QUEUED.len;
	if (left < QUEUED.len || memcmp(at, QUEUED.ptr, QUEUED.len) != 0) {
		enum resp_state state = next_frame(answer, input, &len);
		if (state != RESP_READY)
			return state;
		if (at[0] == '-' && answer->error_len == 0) {
			struct slice text = error_text((struct slice){ at, len });
			answer->error_at = (size_t)(text.ptr - input.ptr);
			answer->error_len = text.len;
		} else if (at[0] != '-' && answer->lines_seen > 0) {
			return RESP_ERROR;
		}
	}
	answer->frame = (struct resp_frame){ 0 };  /* it may have begun on a line that was not whole then */
	answer->used += len;
	answer->lines_seen++;
	return RESP_READY;
}

static enum resp_state read_exec_header(struct answer *answer, struct slice input)
{
	struct slice left = { input.ptr + answer->used, input.len - answer->used };
	if (left.len == 0)
		return RESP_MORE;
	if (left.ptr[0] == '*') {
		const char *line_end = memchr(left.ptr, '\n', left.len);
		if (line_end == NULL)
			return RESP_MORE;
		struct slice cursor = left;
		struct reply header;
		if (!reply_read(&cursor, &header) || header.type != REPLY_ARRAY || header.integer != (int64_t)answer->command_count)
			return RESP_ERROR;
		answer->used += (size_t)(cursor.ptr - left.ptr);
		answer->elements_at = answer->used;
		answer->is_in_exec = true;
		return RESP_READY;
	}
	size_t len;
	enum resp_state state = next_frame(answer, input, &len);
	if (state != RESP_READY)
		return state;
	if (left.ptr[0] != '-')
		return RESP_ERROR;
	if (answer->error_len == 0) {
		struct slice text = error_text((struct slice){ left.ptr, len });
		answer->error_at = (size_t)(text.ptr - input.ptr);
		answer->error_len = text.len;
	}
	answer->used += len;
	return RESP_READY;
}

static enum resp_state read_element(struct answer *answer, struct slice input)
{
	size_t len;
	enum resp_state state = next_frame(answer, input, &len);
	if (state != RESP_READY)
		return state;
	answer->used += len;
	answer->ends[answer->elements_seen++] = answer->used;
	return RESP_READY;
}

static enum resp_state next_frame(struct answer *answer, struct slice input, size_t *len)
{
	struct slice left = { input.ptr + answer->used, input.len - answer->used };
	if (left.len == 0)
		return RESP_MORE;
	enum resp_state state = resp_frame_next(&answer->frame, left, len);
	if (state == RESP_READY)
		answer->frame = (struct resp_frame){ 0 };
	return state;
}

static struct slice error_text(struct slice reply)
{
	assert(reply.len >= 3 && reply.ptr[0] == '-');
	return (struct slice){ reply.ptr + 1, reply.len - 3 };
}
