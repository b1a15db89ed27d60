/* Sending: commands are collected in OUT (outgoing.h), and a flush sends them with one system call. What the socket does not take is sent when it
 * becomes writable. Receiving: each readable event reads once into IN; complete replies are matched with expectations, an incomplete
 * one stays until more bytes arrive.
 * Invariant: DB is the database that will be selected on this connection after everything queued so far has run. Behind a group nobody knows that yet:
 * one that is aborted selects nothing. */
#include "pipeline.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proxy/core/resp/resp.h"
#include "group_reply.h"
#include "connectors/net/channel.h"
#include "connectors/net/silence.h"
#include "expectations.h"
#include "outgoing.h"

#define DB_UNKNOWN UINT32_MAX
#define READ_BYTES 65536
#define READ_BYTES_MAX (1 << 20)         /* a reply exceeds its limit by no more before it is noticed */

struct pipeline {
	struct pipeline_callbacks callbacks;
	struct channel *channel;
	bool is_connected;
	bool is_closed;              /* `closed` was called; nothing is sent or handed out any more */
	uint32_t db;
	uint64_t reply_bytes_max;

	struct outgoing out;
	uint64_t gate;
	uint64_t moved;              /* see pipeline_bytes_moved */
	struct queue_look queue;
	bool is_blocked;             /* the socket has not taken all that it was given */

	struct buffer in;
	size_t in_at;                /* handed out so far, of in */
	struct resp_frame frame;     /* of the reply at in_at */
	struct group_reply group_reply;        /* to the group at in_at */
	bool is_in_group_reply;
	struct expectations expectations;
};

static void pipeline_select(struct pipeline *pipeline, uint32_t db);
static void socket_writable(void *context);
static void socket_readable(void *context);
static bool read_some(struct pipeline *pipeline);
static void hand_out(struct pipeline *pipeline);
static enum resp_state hand_out_reply(struct pipeline *pipeline, struct slice input, size_t *len);
static enum resp_state hand_out_group_reply(struct pipeline *pipeline, struct slice input, size_t *len);
static void close_on_select_error(struct pipeline *pipeline, struct slice reply);
static void close_pipeline(struct pipeline *pipeline, const char *why);

struct pipeline *pipeline_new(const struct pipeline_options *options, const struct pipeline_callbacks *callbacks, const char **why)
{
	struct pipeline *pipeline = memory_new(sizeof *pipeline);
	pipeline->channel = channel_dial(options->loop, options->endpoint, options->attempt,
	                                 &(struct channel_callbacks){ pipeline, socket_readable, socket_writable }, why);
	if (pipeline->channel == NULL) {
		memory_free(pipeline);
		return NULL;
	}
	pipeline->callbacks = *callbacks;
	pipeline->reply_bytes_max = options->reply_bytes_max;
	pipeline->gate = PIPELINE_NO_GATE;
	channel_write(pipeline->channel, true);
	return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	channel_free(pipeline->channel);
	outgoing_free(&pipeline->out);
	buffer_free(&pipeline->in);
	group_reply_free(&pipeline->group_reply);
	expectations_free(&pipeline->expectations);
	memory_free(pipeline);
}

void pipeline_read(struct pipeline *pipeline, uint32_t db, struct slice command, uint64_t tag)
{
	if (db != pipeline->db)
		pipeline_select(pipeline, db);
	outgoing_copy(&pipeline->out, command);
	expectations_add(&pipeline->expectations, (struct expectation){ .kind = EXPECT_REPLY, .tag = tag });
}

/* The store takes it for the next command, which SELECT must not be. */
void pipeline_remember(struct pipeline *pipeline, uint32_t db)
{
	if (db != PIPELINE_ANY_DB && db != pipeline->db)
		pipeline_select(pipeline, db);
	outgoing_copy(&pipeline->out, SLICE("*3\r\n$6\r\nCLIENT\r\n$7\r\nCACHING\r\n$3\r\nYES\r\n"));
	expectations_add(&pipeline->expectations, (struct expectation){ .kind = EXPECT_REMEMBERING });
}

void pipeline_group(struct pipeline *pipeline, const struct effect *group)
{
	for (unsigned i = 0; i < group->group.piece_count; i++)
		outgoing_lend(&pipeline->out, group->group.pieces[i]);
	expectations_add(&pipeline->expectations, (struct expectation){
		.kind = EXPECT_GROUP, .tag = group->group.id, .command_count = group->group.reply_count,
	});
	pipeline->db = DB_UNKNOWN;
}

void pipeline_void_group(struct pipeline *pipeline, const struct effect *group)
{
	outgoing_copy(&pipeline->out, SLICE("*1\r\n$4\r\nPING\r\n"));
	expectations_add(&pipeline->expectations, (struct expectation){ .kind = EXPECT_VOID, .tag = group->group.id });
}

void pipeline_script(struct pipeline *pipeline, const struct effect *group, struct slice script)
{
	outgoing_copy(&pipeline->out, script);
	expectations_add(&pipeline->expectations, (struct expectation){
		.kind = EXPECT_SCRIPT, .tag = group->group.id, .command_count = group->group.reply_count,
	});
}

/* A failed write is not reported here, because the caller may be inside a callback: the socket becomes readable with the same error. */
void pipeline_flush(struct pipeline *pipeline)
{
	if (!pipeline->is_connected || pipeline->is_closed)
		return;
	uint64_t sent = pipeline->out.sent;
	if (!outgoing_send(&pipeline->out, pipeline->channel, pipeline->gate))
		return;
	if (pipeline->is_blocked)
		pipeline->moved += pipeline->out.sent - sent;
	pipeline->is_blocked = pipeline->out.sent < pipeline->out.queued && pipeline->out.sent < pipeline->gate;
	if (pipeline->is_blocked)
		channel_write(pipeline->channel, true);
}

uint64_t pipeline_position(const struct pipeline *pipeline)
{
	return pipeline->out.queued;
}

void pipeline_set_gate(struct pipeline *pipeline, uint64_t position)
{
	pipeline->gate = position;
}

uint64_t pipeline_bytes_queued(const struct pipeline *pipeline)
{
	return pipeline->out.queued - pipeline->out.sent;
}

uint64_t pipeline_answers_due(const struct pipeline *pipeline)
{
	return pipeline->expectations.count;
}

void pipeline_look(struct pipeline *pipeline)
{
	pipeline->moved += queue_has_moved(&pipeline->queue, channel_fd(pipeline->channel), pipeline->out.sent);
}

uint64_t pipeline_bytes_moved(const struct pipeline *pipeline)
{
	return pipeline->moved;
}

void pipeline_probe(struct pipeline *pipeline)
{
	outgoing_copy(&pipeline->out, SLICE("*1\r\n$4\r\nPING\r\n"));
	pipeline_flush(pipeline);
}

static void pipeline_select(struct pipeline *pipeline, uint32_t db)
{
	struct buffer command = { 0 };
	resp_add_array(&command, 2);
	resp_add_bulk(&command, SLICE("SELECT"));
	resp_add_bulk_int(&command, db);
	outgoing_copy(&pipeline->out, buffer_slice(&command));
	buffer_free(&command);
	expectations_add(&pipeline->expectations, (struct expectation){ .kind = EXPECT_SELECTED });
	pipeline->db = db;
}

static void socket_writable(void *context)
{
	struct pipeline *pipeline = context;
	if (!pipeline->is_connected) {
		pipeline->is_connected = true;
		channel_read(pipeline->channel, true);
		pipeline->callbacks.connected(pipeline->callbacks.context, pipeline);
	}
	pipeline_flush(pipeline);
}

static void socket_readable(void *context)
{
	struct pipeline *pipeline = context;
	if (!read_some(pipeline))
		return;
	hand_out(pipeline);
	if (!pipeline->is_closed)
		pipeline->callbacks.fed(pipeline->callbacks.context);
}

/* The longer the incomplete reply already is, the more is read at once, so that a long reply costs few system calls. */
static bool read_some(struct pipeline *pipeline)
{
	size_t pending = pipeline->in.len - pipeline->in_at;
	if (pipeline->in_at > 0 && pending > 0)
		memmove(pipeline->in.ptr, pipeline->in.ptr + pipeline->in_at, pending);
	pipeline->in.len = pending;
	pipeline->in_at = 0;
	if (pending == 0)
		buffer_reset(&pipeline->in);
	size_t room = pending < READ_BYTES ? READ_BYTES : pending < READ_BYTES_MAX ? pending : READ_BYTES_MAX;
	char *start = buffer_grow(&pipeline->in, room);
	ssize_t got = channel_receive(pipeline->channel, start, room);
	pipeline->in.len = pending + (got > 0 ? (size_t)got : 0);
	if (got > 0) {
		pipeline->moved += (uint64_t)got;
		return true;
	}
	if (got == 0)
		close_pipeline(pipeline, "the store closed the connection");
	else if (got < 0 && errno != EAGAIN && errno != EINTR)
		close_pipeline(pipeline, channel_trouble(pipeline->channel));
	return false;
}

static void hand_out(struct pipeline *pipeline)
{
	while (pipeline->in_at < pipeline->in.len && !pipeline->is_closed) {
		struct slice input = { pipeline->in.ptr + pipeline->in_at, pipeline->in.len - pipeline->in_at };
		const struct expectation *oldest = expectations_oldest(&pipeline->expectations);
		size_t len = 0;
		bool is_group = oldest != NULL && (oldest->kind == EXPECT_GROUP || oldest->kind == EXPECT_SCRIPT);
		enum resp_state state = is_group ? hand_out_group_reply(pipeline, input, &len) : hand_out_reply(pipeline, input, &len);
		if (state == RESP_ERROR) {
			close_pipeline(pipeline, "the store's answer is not what the protocol allows");
			return;
		}
		if (state == RESP_MORE) {
			if (input.len > pipeline->reply_bytes_max)
				close_pipeline(pipeline, "a reply is larger than the limit");
			return;
		}
		pipeline->in_at += len;
	}
}

static enum resp_state hand_out_reply(struct pipeline *pipeline, struct slice input, size_t *len)
{
	enum resp_state state = resp_frame_next(&pipeline->frame, input, len);
	if (state != RESP_READY)
		return state;
	pipeline->frame = (struct resp_frame){ 0 };
	struct slice reply = { input.ptr, *len };
	const struct expectation *oldest = expectations_oldest(&pipeline->expectations);
	if (oldest == NULL || reply.ptr[0] == '>') {
		pipeline->callbacks.pushed(pipeline->callbacks.context, reply);
		return RESP_READY;
	}
	struct expectation met = *oldest;
	expectations_drop_oldest(&pipeline->expectations);
	if (met.kind == EXPECT_REMEMBERING) {
		if (reply_is_error(reply))
			pipeline->callbacks.forgot(pipeline->callbacks.context, pipeline);
	} else if (met.kind == EXPECT_VOID)
		pipeline->callbacks.answered(pipeline->callbacks.context, pipeline, met.tag, NULL, 0, (struct slice){ NULL, 0 });
	else if (met.kind == EXPECT_REPLY)
		pipeline->callbacks.reply(pipeline->callbacks.context, met.tag, reply);
	else if (reply_is_error(reply))
		close_on_select_error(pipeline, reply);
	return RESP_READY;
}

static enum resp_state hand_out_group_reply(struct pipeline *pipeline, struct slice input, size_t *len)
{
	struct expectation met = *expectations_oldest(&pipeline->expectations);
	if (!pipeline->is_in_group_reply) {
		if (met.kind == EXPECT_SCRIPT)
			group_reply_begin_script(&pipeline->group_reply, met.command_count);
		else
			group_reply_begin(&pipeline->group_reply, met.command_count);
		pipeline->is_in_group_reply = true;
	}
	enum resp_state state = group_reply_read(&pipeline->group_reply, input, len);
	if (state != RESP_READY)
		return state;
	pipeline->is_in_group_reply = false;
	expectations_drop_oldest(&pipeline->expectations);
	struct slice error, push;
	size_t at = 0;
	while ((push = group_reply_next_push(&pipeline->group_reply, input, &at)).len > 0)
		pipeline->callbacks.pushed(pipeline->callbacks.context, push);
	const struct slice *replies = group_reply_replies(&pipeline->group_reply, input, &error);
	pipeline->callbacks.answered(pipeline->callbacks.context, pipeline, met.tag, replies, replies != NULL ? met.command_count : 0, error);
	return RESP_READY;
}

/* The commands that follow would run in the wrong database, so the connection is closed. */
static void close_on_select_error(struct pipeline *pipeline, struct slice reply)
{
	static const char is_missing[] = "ERR DB index is out of range";
	char why[256];
	bool is_beyond = reply.len > sizeof is_missing && memcmp(reply.ptr + 1, is_missing, strlen(is_missing)) == 0;
	snprintf(why, sizeof why, "SELECT of a database: %.*s%s", (int)(reply.len - 3), reply.ptr + 1,
	         is_beyond ? ": redis.database must be below this server's `databases` (CONFIG GET databases), lower the one or raise the other" : "");
	close_pipeline(pipeline, why);
}

static void close_pipeline(struct pipeline *pipeline, const char *why)
{
	if (pipeline->is_closed)
		return;
	pipeline->is_closed = true;
	channel_read(pipeline->channel, false);
	channel_write(pipeline->channel, false);
	pipeline->callbacks.closed(pipeline->callbacks.context, pipeline, why);
}
