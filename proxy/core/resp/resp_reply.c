/* RESP replies: where one ends, and what it holds (see resp.h). Both readers walk flat, by counting the items still to
 * come, so no reply can nest deep enough to hurt. */
#include "resp.h"

#include <string.h>

#define ITEMS_MAX (UINT64_C(1) << 40)      /* far beyond any memory, far below any overflow */

/* ---- headers ---- */

enum shape { SHAPE_LINE, SHAPE_BULK, SHAPE_LIST, SHAPE_MAP, SHAPE_ATTRIBUTE, SHAPE_UNKNOWN };

static enum shape type_shape(char type)
{
	switch (type) {
	case '+': case '-': case ':': case ',': case '#': case '(': case '_':
		return SHAPE_LINE;
	case '$': case '=': case '!':
		return SHAPE_BULK;
	case '*': case '~': case '>':
		return SHAPE_LIST;
	case '%':
		return SHAPE_MAP;
	case '|':
		return SHAPE_ATTRIBUTE;
	default:
		return SHAPE_UNKNOWN;
	}
}

/* Bytes that follow the header line (with their CR LF), and items that follow those. LINE is without CR LF. */
static bool header_read(struct slice line, uint64_t *bytes, uint64_t *items)
{
	*bytes = 0;
	*items = 0;
	enum shape shape = line.len == 0 ? SHAPE_UNKNOWN : type_shape(line.ptr[0]);
	if (shape == SHAPE_UNKNOWN || shape == SHAPE_LINE)
		return shape == SHAPE_LINE;
	int64_t number;
	if (!slice_to_int64((struct slice){ line.ptr + 1, line.len - 1 }, &number) || number < -1 ||
	    number > (int64_t)ITEMS_MAX)
		return false;
	if (number == -1)            /* RESP2's nil */
		return line.ptr[0] == '$' || line.ptr[0] == '*';
	uint64_t count = (uint64_t)number;
	if (shape == SHAPE_BULK)
		*bytes = count + 2;
	if (shape == SHAPE_LIST)
		*items = count;
	if (shape == SHAPE_MAP)
		*items = count * 2;
	if (shape == SHAPE_ATTRIBUTE)
		*items = count * 2 + 1;    /* and the reply it precedes */
	return true;
}

/* ---- framing ---- */

enum { FRAME_NEW, FRAME_LINE, FRAME_BULK };

/* In FRAME_LINE, SCANNED is where the line starts and bulk_left how much of it was searched for its end. */
static enum resp_state frame_line(struct resp_frame *frame, struct slice input)
{
	const char *start = input.ptr + frame->scanned;
	size_t left = input.len - frame->scanned;
	size_t searched = (size_t)frame->bulk_left;
	const char *end = left > searched ? memchr(start + searched, '\r', left - searched) : NULL;
	if (end == NULL) {
		frame->bulk_left = left;
		return RESP_MORE;
	}
	size_t len = (size_t)(end - start);
	if (len + 2 > left) {
		frame->bulk_left = len;
		return RESP_MORE;
	}
	uint64_t bytes, items;
	if (end[1] != '\n' || !header_read((struct slice){ start, len }, &bytes, &items))
		return RESP_ERROR;
	if (items > ITEMS_MAX * 2 + 1 - frame->items_left)
		return RESP_ERROR;
	frame->items_left += items;
	frame->items_left--;
	frame->scanned += len + 2;
	frame->bulk_left = bytes;
	frame->state = bytes > 0 ? FRAME_BULK : FRAME_LINE;
	return RESP_READY;
}

static enum resp_state frame_bulk(struct resp_frame *frame, struct slice input)
{
	size_t left = input.len - frame->scanned;
	if (left < frame->bulk_left) {
		frame->scanned = input.len;
		frame->bulk_left -= left;
		return RESP_MORE;
	}
	frame->scanned += (size_t)frame->bulk_left;
	frame->bulk_left = 0;
	frame->state = FRAME_LINE;
	return RESP_READY;
}

enum resp_state resp_frame_next(struct resp_frame *frame, struct slice input, size_t *len)
{
	if (frame->state == FRAME_NEW) {
		frame->items_left = 1;
		frame->state = FRAME_LINE;
	}
	while (frame->items_left > 0 || frame->state == FRAME_BULK) {
		enum resp_state state = frame->state == FRAME_BULK ? frame_bulk(frame, input) : frame_line(frame, input);
		if (state != RESP_READY)
			return state;
	}
	*len = frame->scanned;
	return RESP_READY;
}

/* ---- reading ---- */

/* One header and its bytes off the front of *CURSOR: LINE is the header line, BODY the bytes without CR LF. */
static bool piece_read(struct slice *cursor, struct slice *line, struct slice *body, uint64_t *items)
{
	const char *end = cursor->len == 0 ? NULL : memchr(cursor->ptr, '\r', cursor->len);
	if (end == NULL)
		return false;
	*line = (struct slice){ cursor->ptr, (size_t)(end - cursor->ptr) };
	uint64_t bytes;
	size_t left = cursor->len - line->len;
	if (left < 2 || end[1] != '\n' || !header_read(*line, &bytes, items) || bytes > left - 2)
		return false;
	*body = (struct slice){ end + 2, bytes == 0 ? 0 : (size_t)bytes - 2 };
	cursor->ptr = end + 2 + bytes;
	cursor->len = left - 2 - (size_t)bytes;
	return true;
}

static bool items_skip(struct slice *cursor, uint64_t count)
{
	struct slice line, body;
	while (count > 0) {
		uint64_t items;
		if (!piece_read(cursor, &line, &body, &items) || items > ITEMS_MAX * 2 + 1 - count)
			return false;
		count += items;
		count--;
	}
	return true;
}

bool reply_skip(struct slice *cursor)
{
	return items_skip(cursor, 1);
}

static bool scalar_read(struct slice line, struct reply *reply)
{
	reply->text = (struct slice){ line.ptr + 1, line.len - 1 };
	switch (line.ptr[0]) {
	case '+':
		reply->type = REPLY_STATUS;
		return true;
	case '-':
		reply->type = REPLY_ERROR;
		return true;
	case ':':
		reply->type = REPLY_INTEGER;
		return slice_to_int64(reply->text, &reply->integer);
	case ',':
		reply->type = REPLY_DOUBLE;
		return true;
	case '#':
		reply->type = REPLY_BOOLEAN;
		reply->integer = slice_equal(reply->text, SLICE("t"));
		return true;
	case '(':
		reply->type = REPLY_STRING;
		return true;
	default:
		reply->type = REPLY_NIL;
		return true;
	}
}

static void bulk_read(char type, struct slice body, struct reply *reply)
{
	reply->type = type == '!' ? REPLY_ERROR : REPLY_STRING;
	reply->text = body;
	/* A verbatim string starts with its format: "txt:…". */
	if (type == '=' && body.len >= 4)
		reply->text = (struct slice){ body.ptr + 4, body.len - 4 };
}

bool reply_read(struct slice *cursor, struct reply *reply)
{
	struct slice line, body;
	uint64_t items;
	do {
		if (!piece_read(cursor, &line, &body, &items))
			return false;
	} while (line.ptr[0] == '|' && items_skip(cursor, items - 1));

	*reply = (struct reply){ .type = REPLY_NIL };
	switch (type_shape(line.ptr[0])) {
	case SHAPE_LINE:
		return scalar_read(line, reply);
	case SHAPE_BULK:
		if (line.ptr[1] != '-')
			bulk_read(line.ptr[0], body, reply);
		return true;
	case SHAPE_LIST:
	case SHAPE_MAP:
		if (line.ptr[1] == '-')
			return true;
		reply->type = REPLY_ARRAY;
		reply->integer = (int64_t)items;
		return true;
	default:
		return false;
	}
}

bool reply_is_error(struct slice reply)
{
	return reply.len > 0 && (reply.ptr[0] == '-' || reply.ptr[0] == '!');
}

uint64_t reply_count(struct slice bytes)
{
	struct reply reply;
	return reply_read(&bytes, &reply) && reply.type == REPLY_INTEGER && reply.integer > 0 ? (uint64_t)reply.integer : 0;
}
