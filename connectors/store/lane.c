/* Sending: commands gather in OUT and go out with one write a flush; what the socket does not take waits until it is writable.
 * Receiving: one read a readable event, into IN; whole replies are matched with expectations, the rest waits for more.
 * Invariant: DB is the database that the store will have selected on this connection after all that was queued. */
#include "lane.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "proxy/core/resp/resp.h"
#include "answer.h"
#include "dial.h"
#include "expectations.h"

#define READ_BYTES 65536
#define READ_BYTES_MAX (1 << 20)         /* a reply exceeds its limit by no more before it is noticed */

struct lane {
	struct lane_handlers handlers;
	int fd;
	struct event *readable, *writable;
	bool is_connected;
	bool is_closed;              /* reported; nothing is sent or handed out any more */
	uint32_t db;
	uint32_t reserved_db;
	uint64_t reply_bytes_max;

	struct buffer out;
	size_t out_at;               /* sent so far, of out */
	uint64_t out_base;           /* position of out's first byte */
	uint64_t gate;

	struct buffer in;
	size_t in_at;                /* handed out so far, of in */
	struct resp_frame frame;     /* of the reply at in_at */
	struct answer answer;        /* to the group at in_at */
	bool is_in_answer;
	struct expectations expectations;
};

static void lane_select(struct lane *lane, uint32_t db);
static void socket_writable(evutil_socket_t fd, short what, void *context);
static void socket_readable(evutil_socket_t fd, short what, void *context);
static bool read_some(struct lane *lane);
static void hand_out(struct lane *lane);
static enum resp_state hand_out_reply(struct lane *lane, struct slice input, size_t *len);
static enum resp_state hand_out_answer(struct lane *lane, struct slice input, size_t *len);
static void close_on_select_error(struct lane *lane, struct slice reply);
static void close_lane(struct lane *lane, const char *why);

struct lane *lane_new(const struct lane_options *options, const struct lane_handlers *handlers, const char **why)
{
	int fd = dial(options->host, options->port, options->attempt, why);
	if (fd < 0)
		return NULL;
	struct lane *lane = memory_new(sizeof *lane);
	lane->handlers = *handlers;
	lane->fd = fd;
	lane->reserved_db = options->reserved_db;
	lane->reply_bytes_max = options->reply_bytes_max;
	lane->gate = LANE_NO_GATE;
	lane->readable = event_new(options->loop, fd, EV_READ | EV_PERSIST, socket_readable, lane);
	lane->writable = event_new(options->loop, fd, EV_WRITE, socket_writable, lane);
	event_add(lane->writable, NULL);
	return lane;
}

void lane_free(struct lane *lane)
{
	if (lane == NULL)
		return;
	event_free(lane->readable);
	event_free(lane->writable);
	close(lane->fd);
	buffer_free(&lane->out);
	buffer_free(&lane->in);
	answer_free(&lane->answer);
	expectations_free(&lane->expectations);
	memory_free(lane);
}

void lane_read(struct lane *lane, uint32_t db, struct slice command, uint64_t tag)
{
	if (db != lane->db)
		lane_select(lane, db);
	buffer_add(&lane->out, command);
	expectations_add(&lane->expectations, (struct expectation){ .kind = EXPECT_REPLY, .tag = tag });
}

void lane_group(struct lane *lane, uint64_t id, struct slice bytes, unsigned command_count)
{
	buffer_add(&lane->out, bytes);
	expectations_add(&lane->expectations, (struct expectation){ .kind = EXPECT_GROUP, .tag = id, .command_count = command_count });
	lane->db = lane->reserved_db;
}

/* A failed write is not reported here: the socket becomes readable with the same error, and the caller may be inside a handler. */
void lane_flush(struct lane *lane)
{
	if (!lane->is_connected || lane->is_closed)
		return;
	size_t end = lane->out.len;
	if (lane->gate < lane->out_base + end)
		end = lane->gate > lane->out_base ? (size_t)(lane->gate - lane->out_base) : 0;
	if (end <= lane->out_at)
		return;
	ssize_t sent = send(lane->fd, lane->out.ptr + lane->out_at, end - lane->out_at, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return;
	if (sent > 0)
		lane->out_at += (size_t)sent;
	if (lane->out_at < end)
		event_add(lane->writable, NULL);
	if (lane->out_at == lane->out.len) {
		lane->out_base += lane->out.len;
		lane->out_at = 0;
		buffer_reset(&lane->out);
	} else if (lane->out_at > lane->out.len / 2) {
		lane->out_base += lane->out_at;
		memmove(lane->out.ptr, lane->out.ptr + lane->out_at, lane->out.len - lane->out_at);
		lane->out.len -= lane->out_at;
		lane->out_at = 0;
	}
}

uint64_t lane_position(const struct lane *lane)
{
	return lane->out_base + lane->out.len;
}

void lane_set_gate(struct lane *lane, uint64_t position)
{
	lane->gate = position;
}

uint64_t lane_bytes_queued(const struct lane *lane)
{
	return lane->out.len - lane->out_at;
}

uint64_t lane_answers_due(const struct lane *lane)
{
	return lane->expectations.count;
}

static void lane_select(struct lane *lane, uint32_t db)
{
	resp_add_array(&lane->out, 2);
	resp_add_bulk(&lane->out, SLICE("SELECT"));
	resp_add_bulk_int(&lane->out, db);
	expectations_add(&lane->expectations, (struct expectation){ .kind = EXPECT_SELECTED });
	lane->db = db;
}

static void socket_writable(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct lane *lane = context;
	if (!lane->is_connected) {
		int error = 0;
		socklen_t len = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			close_lane(lane, strerror(error));
			return;
		}
		lane->is_connected = true;
		event_add(lane->readable, NULL);
		lane->handlers.connected(lane->handlers.context, lane);
	}
	lane_flush(lane);
}

static void socket_readable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct lane *lane = context;
	if (!read_some(lane))
		return;
	hand_out(lane);
	if (!lane->is_closed)
		lane->handlers.fed(lane->handlers.context);
}

/* Reads more at once the longer an unfinished reply already is, so that a long one costs few reads. */
static bool read_some(struct lane *lane)
{
	size_t pending = lane->in.len - lane->in_at;
	if (lane->in_at > 0 && pending > 0)
		memmove(lane->in.ptr, lane->in.ptr + lane->in_at, pending);
	lane->in.len = pending;
	lane->in_at = 0;
	if (pending == 0)
		buffer_reset(&lane->in);
	size_t room = pending < READ_BYTES ? READ_BYTES : pending < READ_BYTES_MAX ? pending : READ_BYTES_MAX;
	char *start = buffer_grow(&lane->in, room);
	ssize_t got = recv(lane->fd, start, room, 0);
	lane->in.len = pending + (got > 0 ? (size_t)got : 0);
	if (got > 0)
		return true;
	if (got == 0)
		close_lane(lane, "the store closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		close_lane(lane, strerror(errno));
	return false;
}

static void hand_out(struct lane *lane)
{
	while (lane->in_at < lane->in.len && !lane->is_closed) {
		struct slice input = { lane->in.ptr + lane->in_at, lane->in.len - lane->in_at };
		const struct expectation *oldest = expectations_oldest(&lane->expectations);
		size_t len = 0;
		enum resp_state state = oldest != NULL && oldest->kind == EXPECT_GROUP ? hand_out_answer(lane, input, &len)
		                                                                        : hand_out_reply(lane, input, &len);
		if (state == RESP_ERROR) {
			close_lane(lane, "the store's answer is not what the protocol allows");
			return;
		}
		if (state == RESP_MORE) {
			if (input.len > lane->reply_bytes_max)
				close_lane(lane, "a reply is larger than the limit");
			return;
		}
		lane->in_at += len;
	}
}

static enum resp_state hand_out_reply(struct lane *lane, struct slice input, size_t *len)
{
	enum resp_state state = resp_frame_next(&lane->frame, input, len);
	if (state != RESP_READY)
		return state;
	lane->frame = (struct resp_frame){ 0 };
	struct slice reply = { input.ptr, *len };
	const struct expectation *oldest = expectations_oldest(&lane->expectations);
	if (oldest == NULL || reply.ptr[0] == '>') {
		lane->handlers.pushed(lane->handlers.context, reply);
		return RESP_READY;
	}
	struct expectation met = *oldest;
	expectations_drop_oldest(&lane->expectations);
	if (met.kind == EXPECT_REPLY)
		lane->handlers.reply(lane->handlers.context, met.tag, reply);
	else if (reply_is_error(reply))
		close_on_select_error(lane, reply);
	return RESP_READY;
}

static enum resp_state hand_out_answer(struct lane *lane, struct slice input, size_t *len)
{
	struct expectation met = *expectations_oldest(&lane->expectations);
	if (!lane->is_in_answer) {
		answer_begin(&lane->answer, met.command_count);
		lane->is_in_answer = true;
	}
	enum resp_state state = answer_read(&lane->answer, input, len);
	if (state != RESP_READY)
		return state;
	lane->is_in_answer = false;
	expectations_drop_oldest(&lane->expectations);
	struct slice error;
	const struct slice *replies = answer_replies(&lane->answer, input, &error);
	lane->handlers.answered(lane->handlers.context, lane, met.tag, replies, replies != NULL ? met.command_count : 0, error);
	return RESP_READY;
}

/* What follows would run in the wrong database. */
static void close_on_select_error(struct lane *lane, struct slice reply)
{
	char why[160];
	snprintf(why, sizeof why, "SELECT of a database: %.*s", (int)(reply.len - 3), reply.ptr + 1);
	close_lane(lane, why);
}

static void close_lane(struct lane *lane, const char *why)
{
	if (lane->is_closed)
		return;
	lane->is_closed = true;
	event_del(lane->readable);
	event_del(lane->writable);
	lane->handlers.closed(lane->handlers.context, lane, why);
}
