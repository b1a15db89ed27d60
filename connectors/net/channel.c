#include "channel.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "connectors/tls/tls.h"
#include "connectors/tls/tls_stream.h"
#include "dial.h"
#include "timer.h"

enum channel_state { CHANNEL_CONNECTING, CHANNEL_SHAKING, CHANNEL_UP, CHANNEL_FAILED };

struct channel {
	struct channel_callbacks callbacks;
	int fd;
	struct event *readable, *writable;   /* libevent's; owned */
	struct tls *tls;                     /* borrowed */
	struct tls_stream *stream;           /* NULL: plain */
	enum channel_state state;
	bool is_server;
	bool is_read_on, is_write_on;
	struct timer *shake_end;             /* NULL: no handshake is under way */
	char trouble[200];
};

static void on_readable(evutil_socket_t fd, short what, void *context);
static void on_writable(evutil_socket_t fd, short what, void *context);
static void shake(struct channel *channel);
static void begin_shake(struct channel *channel, struct event_base *loop);
static void on_late(void *context);
static void end_shake(struct channel *channel);
static void fail(struct channel *channel, const char *why);

struct channel *channel_new(struct event_base *loop, int fd, struct tls *tls, struct ssl_st *ssl, const struct channel_callbacks *callbacks)
{
	struct channel *channel = memory_new(sizeof *channel);
	channel->callbacks = *callbacks;
	channel->fd = fd;
	channel->state = CHANNEL_UP;
	channel->readable = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable, channel);
	channel->writable = event_new(loop, fd, EV_WRITE, on_writable, channel);
	if (ssl == NULL)
		return channel;
	channel->tls = tls;
	channel->stream = tls_stream_new(ssl, fd);
	channel->is_server = true;
	begin_shake(channel, loop);
	return channel;
}

struct channel *channel_dial(struct event_base *loop, const struct endpoint *endpoint, unsigned attempt, const struct channel_callbacks *callbacks, const char **why)
{
	if (endpoint->host[0] == '\0') {
		*why = endpoint->unknown != NULL ? endpoint->unknown : "its address is not known yet";
		return NULL;
	}
	int fd = dial(endpoint->host, endpoint->port, attempt, why);
	if (fd < 0)
		return NULL;
	struct channel *channel = channel_new(loop, fd, NULL, NULL, callbacks);
	channel->state = CHANNEL_CONNECTING;
	if (endpoint->tls != NULL) {
		channel->tls = endpoint->tls;
		channel->stream = tls_stream_new(tls_connect(endpoint->tls, endpoint->name[0] != '\0' ? endpoint->name : endpoint->host), fd);
	}
	event_add(channel->writable, NULL);
	return channel;
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	timer_free(channel->shake_end);
	event_free(channel->readable);
	event_free(channel->writable);
	tls_stream_free(channel->stream);
	close(channel->fd);
	memory_free(channel);
}

void channel_read(struct channel *channel, bool is_on)
{
	channel->is_read_on = is_on;
	if (channel->state == CHANNEL_FAILED && is_on)
		channel_wake(channel);
	if (channel->state != CHANNEL_UP)
		return;
	if (!is_on)
		event_del(channel->readable);
	else
		event_add(channel->readable, NULL);
	if (is_on && channel->stream != NULL && tls_stream_has_more(channel->stream))
		channel_wake(channel);
}

void channel_write(struct channel *channel, bool is_on)
{
	channel->is_write_on = is_on;
	if (channel->state != CHANNEL_UP)
		return;
	if (is_on || channel_has_unsent(channel))
		event_add(channel->writable, NULL);
	else
		event_del(channel->writable);
}

void channel_wake(struct channel *channel)
{
	event_active(channel->readable, EV_READ, 0);
}

ssize_t channel_receive(struct channel *channel, char *room, size_t len)
{
	if (channel->state != CHANNEL_UP) {
		errno = channel->state == CHANNEL_FAILED ? EPROTO : EAGAIN;
		return -1;
	}
	if (channel->stream == NULL)
		return recv(channel->fd, room, len, 0);
	ssize_t got = tls_stream_receive(channel->stream, room, len);
	if (tls_stream_has_more(channel->stream) && channel->is_read_on)
		channel_wake(channel);
	if (channel_has_unsent(channel))
		event_add(channel->writable, NULL);
	return got;
}

ssize_t channel_send(struct channel *channel, const struct iovec *parts, size_t count)
{
	if (channel->state == CHANNEL_FAILED) {
		errno = EPROTO;
		return -1;
	}
	if (channel->state == CHANNEL_SHAKING || (channel->state == CHANNEL_CONNECTING && channel->stream != NULL)) {
		errno = EAGAIN;
		return -1;
	}
	if (channel->stream == NULL) {
		struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count };
		return sendmsg(channel->fd, &message, MSG_NOSIGNAL);
	}
	ssize_t sent = tls_stream_send(channel->stream, parts, count);
	if (channel_has_unsent(channel))
		event_add(channel->writable, NULL);
	return sent;
}

bool channel_has_unsent(const struct channel *channel)
{
	return channel->stream != NULL && tls_stream_has_unsent(channel->stream);
}

const char *channel_trouble(const struct channel *channel)
{
	if (channel->state == CHANNEL_FAILED)
		return channel->trouble;
	return errno == EPROTO && channel->stream != NULL ? tls_stream_trouble(channel->stream) : strerror(errno);
}

bool channel_has_failed(const struct channel *channel)
{
	return channel->state == CHANNEL_FAILED;
}

int channel_fd(const struct channel *channel)
{
	return channel->fd;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct channel *channel = context;
	switch (channel->state) {
	case CHANNEL_CONNECTING:
		break;
	case CHANNEL_SHAKING:
		shake(channel);
		break;
	case CHANNEL_UP:
	case CHANNEL_FAILED:
		channel->callbacks.readable(channel->callbacks.context);
		break;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct channel *channel = context;
	if (channel->state == CHANNEL_CONNECTING) {
		int error = 0;
		socklen_t len = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			fail(channel, strerror(error));
			return;
		}
		channel->state = CHANNEL_UP;
		if (channel->stream != NULL)
			begin_shake(channel, event_get_base(channel->writable));
		else if (channel->is_read_on)
			event_add(channel->readable, NULL);
	}
	if (channel->state == CHANNEL_SHAKING) {
		shake(channel);
		return;
	}
	/* A failure shows when it is read. */
	if (channel->stream != NULL && tls_stream_flush(channel->stream) && tls_stream_has_unsent(channel->stream)) {
		event_add(channel->writable, NULL);
		return;
	}
	if (channel->state == CHANNEL_UP && channel->is_write_on) {
		channel->is_write_on = false;
		channel->callbacks.writable(channel->callbacks.context);
	}
}

static void shake(struct channel *channel)
{
	switch (tls_stream_shake(channel->stream)) {
	case TLS_SHAKE_GOES_ON:
		if (channel_has_unsent(channel))
			event_add(channel->writable, NULL);
		break;
	case TLS_SHAKE_DONE:
		end_shake(channel);
		break;
	case TLS_SHAKE_FAILED:
		fail(channel, tls_stream_trouble(channel->stream));
		break;
	}
}

static void begin_shake(struct channel *channel, struct event_base *loop)
{
	channel->state = CHANNEL_SHAKING;
	channel->shake_end = timer_new(loop, on_late, channel);
	timer_start(channel->shake_end, tls_handshake_ms(channel->tls));
	event_add(channel->readable, NULL);
}

static void on_late(void *context)
{
	fail(context, "TLS: the handshake took longer than tls.handshake");
}

static void end_shake(struct channel *channel)
{
	struct tls_counts *counts = tls_counts(channel->tls);
	counts->accepted += channel->is_server;
	counts->connected += !channel->is_server;
	channel->state = CHANNEL_UP;
	timer_free(channel->shake_end);
	channel->shake_end = NULL;
	event_del(channel->readable);
	channel_read(channel, channel->is_read_on);
	channel_write(channel, channel->is_write_on);
}

static void fail(struct channel *channel, const char *why)
{
	if (channel->state == CHANNEL_SHAKING) {
		struct tls_counts *counts = tls_counts(channel->tls);
		counts->accept_failures += channel->is_server;
		counts->connect_failures += !channel->is_server;
	}
	channel->state = CHANNEL_FAILED;
	if (channel->shake_end != NULL)
		timer_stop(channel->shake_end);
	snprintf(channel->trouble, sizeof channel->trouble, "%s", why);
	event_del(channel->readable);
	event_del(channel->writable);
	channel->callbacks.readable(channel->callbacks.context);
}
