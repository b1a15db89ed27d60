/* Upstream: a socket and its two buffers (see upstream.h). */
#include "upstream.h"

#include "connectors/net/channel.h"
#include "proxy/core/resp/resp.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#define READ_CHUNK 16384

struct upstream {
	struct upstream_callbacks callbacks;
	uint64_t reply_bytes_max;
	struct channel *channel;     /* NULL: the connection could not even be begun */
	const char *why;             /* the reason for that */
	struct event *overdue;       /* libevent's; owned; pending while an answer is due */
	struct timeval timeout;      /* for how long it may be silent */
	const char *silence;         /* what is said when it has been */
	struct buffer in, out;
	struct resp_frame frame;
	bool is_busy;                /* a callback is running: freeing waits for its end */
	bool is_freed;               /* during a callback */
};

static void upstream_on_readable(void *context);
static void upstream_on_writable(void *context);
static void upstream_on_overdue(evutil_socket_t fd, short what, void *context);

struct upstream *upstream_new_to(struct event_base *loop, const struct sidecar_status *status, const struct upstream_target *target, const struct upstream_callbacks *callbacks)
{
	struct upstream *upstream = memory_new(sizeof(*upstream));
	upstream->callbacks = *callbacks;
	upstream->reply_bytes_max = status->settings->redis_reply_bytes_max;
	upstream->silence = target->silence;
	upstream->channel = channel_dial(loop, &target->endpoint, 0, &(struct channel_callbacks){ upstream, upstream_on_readable, upstream_on_writable },
	                                 &upstream->why);
	upstream->overdue = event_new(loop, -1, 0, upstream_on_overdue, upstream);
	upstream->timeout = (struct timeval){ .tv_sec = (time_t)(target->timeout_ms / 1000), .tv_usec = (suseconds_t)(target->timeout_ms % 1000) * 1000 };
	event_add(upstream->overdue, &upstream->timeout);
	if (upstream->channel != NULL)
		channel_read(upstream->channel, true);
	else
		event_active(upstream->overdue, EV_TIMEOUT, 0);
	return upstream;
}

struct upstream *upstream_new(struct event_base *loop, const struct sidecar_status *status, const struct upstream_callbacks *callbacks)
{
	struct upstream_target store = { status->redis, status->settings->redis_timeout_ms, "Redis has not answered for redis.timeout" };
	return upstream_new_to(loop, status, &store, callbacks);
}

void upstream_free(struct upstream *upstream)
{
	if (upstream == NULL)
		return;
	if (upstream->is_busy) {
		upstream->is_freed = true;
		return;
	}
	channel_free(upstream->channel);
	event_free(upstream->overdue);
	buffer_free(&upstream->in);
	buffer_free(&upstream->out);
	memory_free(upstream);
}

void upstream_settle(struct upstream *upstream)
{
	event_del(upstream->overdue);
}

void upstream_expect(struct upstream *upstream)
{
	event_add(upstream->overdue, &upstream->timeout);
}

void upstream_send(struct upstream *upstream, struct slice bytes)
{
	buffer_add(&upstream->out, bytes);
	if (upstream->channel != NULL)
		channel_write(upstream->channel, true);
}

size_t upstream_load(const struct upstream *upstream)
{
	return upstream->out.len;
}

/* Bytes have moved: what is due may take as long again. */
static void upstream_note_life(struct upstream *upstream)
{
	if (event_pending(upstream->overdue, EV_TIMEOUT, NULL))
		event_add(upstream->overdue, &upstream->timeout);
}

static void upstream_lose(struct upstream *upstream, const char *why)
{
	if (upstream->channel != NULL) {
		channel_read(upstream->channel, false);
		channel_write(upstream->channel, false);
	}
	event_del(upstream->overdue);
	upstream->callbacks.lost(upstream->callbacks.context, why);
}

/* Hands out the whole replies at the front of IN. */
static void upstream_feed(struct upstream *upstream)
{
	size_t used = 0;
	upstream->is_busy = true;
	while (!upstream->is_freed) {
		struct slice rest = { upstream->in.ptr + used, upstream->in.len - used };
		size_t len;
		enum resp_state state = rest.len == 0 ? RESP_MORE : resp_frame_next(&upstream->frame, rest, &len);
		if (state == RESP_MORE && rest.len > upstream->reply_bytes_max)
			state = RESP_ERROR;
		if (state == RESP_ERROR)
			upstream_lose(upstream, "the server's reply is malformed or too large");
		if (state != RESP_READY)
			break;
		upstream->frame = (struct resp_frame){ 0 };
		upstream->callbacks.reply(upstream->callbacks.context, (struct slice){ rest.ptr, len });
		used += len;
	}
	upstream->is_busy = false;
	if (upstream->is_freed) {
		upstream_free(upstream);
		return;
	}
	upstream->in.len -= used;
	if (used > 0 && upstream->in.len > 0)
		memmove(upstream->in.ptr, upstream->in.ptr + used, upstream->in.len);
	if (upstream->in.len == 0)
		buffer_reset(&upstream->in);
}

static void upstream_on_readable(void *context)
{
	struct upstream *upstream = context;
	char *room = buffer_grow(&upstream->in, READ_CHUNK);
	ssize_t got = channel_receive(upstream->channel, room, READ_CHUNK);
	upstream->in.len -= READ_CHUNK - (got > 0 ? (size_t)got : 0);
	upstream_note_life(upstream);
	if (got > 0)
		upstream_feed(upstream);
	else if (got == 0)
		upstream_lose(upstream, "the server closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		upstream_lose(upstream, channel_trouble(upstream->channel));
}

static void upstream_on_writable(void *context)
{
	struct upstream *upstream = context;
	ssize_t sent = channel_send(upstream->channel, &(struct iovec){ upstream->out.ptr, upstream->out.len }, 1);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		upstream_lose(upstream, channel_trouble(upstream->channel));
		return;
	}
	upstream_note_life(upstream);
	size_t left = upstream->out.len - (sent > 0 ? (size_t)sent : 0);
	if (sent > 0 && left > 0)
		memmove(upstream->out.ptr, upstream->out.ptr + sent, left);
	upstream->out.len = left;
	if (left > 0)
		channel_write(upstream->channel, true);
	else
		buffer_reset(&upstream->out);
}

static void upstream_on_overdue(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct upstream *upstream = context;
	upstream_lose(upstream, upstream->channel != NULL ? upstream->silence : upstream->why);
}
