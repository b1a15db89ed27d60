/* RESP, for homeportctl (see ctl_resp.h). */
#include "ctl_resp.h"

#include "proxy/core/resp/resp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK 16384

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until EVENTS come, at the latest at UNTIL_MS. */
static bool wait_for(int fd, short events, uint64_t until_ms)
{
	struct pollfd waited = { .fd = fd, .events = events };
	uint64_t now = now_ms();

	return now < until_ms && poll(&waited, 1, (int)(until_ms - now)) == 1;
}

static int dial(const struct addrinfo *address, uint64_t until_ms)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -1;
	bool is_up = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ||
	             (errno == EINPROGRESS && wait_for(fd, POLLOUT, until_ms) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);

	if (is_up)
		return fd;
	close(fd);
	return -1;
}

static bool log_in(struct ctl_resp *resp, const char *login, unsigned wait_ms)
{
	struct slice argv[3] = { SLICE("AUTH") }, rest = slice_of(login);

	argv[1] = slice_take_until(&rest, ' ');
	argv[2] = rest;
	struct slice reply = ctl_resp_ask(resp, rest.len > 0 ? 3 : 2, argv, wait_ms);

	return reply.len > 0 && !reply_is_error(reply);
}

bool ctl_resp_open(struct ctl_resp *resp, const char *host, unsigned port, const char *login, unsigned wait_ms)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	uint64_t until_ms = now_ms() + wait_ms;
	char service[16];

	ctl_resp_close(resp);
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &wanted, &found) != 0)
		return false;
	for (const struct addrinfo *address = found; address != NULL && resp->fd < 0; address = address->ai_next)
		resp->fd = dial(address, until_ms);
	freeaddrinfo(found);
	if (resp->fd >= 0 && login != NULL && !log_in(resp, login, wait_ms))
		ctl_resp_close(resp);
	return resp->fd >= 0;
}

void ctl_resp_close(struct ctl_resp *resp)
{
	if (resp->fd >= 0)
		close(resp->fd);
	resp->fd = -1;
	buffer_free(&resp->in);
}

static bool send_all(const struct ctl_resp *resp, const struct buffer *out, uint64_t until_ms)
{
	for (size_t sent = 0; sent < out->len;) {
		ssize_t got = send(resp->fd, out->ptr + sent, out->len - sent, MSG_NOSIGNAL);

		if (got > 0)
			sent += (size_t)got;
		else if (errno != EAGAIN || !wait_for(resp->fd, POLLOUT, until_ms))
			return false;
	}
	return true;
}

static struct slice read_reply(struct ctl_resp *resp, uint64_t until_ms)
{
	struct resp_frame frame = { 0 };
	size_t len;

	for (;;) {
		enum resp_state state = resp->in.len > 0 ? resp_frame_next(&frame, buffer_slice(&resp->in), &len) : RESP_MORE;

		if (state == RESP_READY)
			return (struct slice){ resp->in.ptr, len };
		if (state == RESP_ERROR || !wait_for(resp->fd, POLLIN, until_ms))
			return (struct slice){ NULL, 0 };
		char *room = buffer_grow(&resp->in, READ_CHUNK);
		ssize_t got = recv(resp->fd, room, READ_CHUNK, 0);

		resp->in.len -= READ_CHUNK - (got > 0 ? (size_t)got : 0);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return (struct slice){ NULL, 0 };
	}
}

struct slice ctl_resp_ask(struct ctl_resp *resp, unsigned argc, const struct slice *argv, unsigned wait_ms)
{
	uint64_t until_ms = now_ms() + wait_ms;
	struct buffer out = { 0 };
	struct slice reply = { NULL, 0 };

	if (resp->fd < 0)
		return reply;
	buffer_reset(&resp->in);
	resp_add_command(&out, argc, argv);
	if (send_all(resp, &out, until_ms))
		reply = read_reply(resp, until_ms);
	buffer_free(&out);
	if (reply.len == 0)
		ctl_resp_close(resp);
	return reply;
}
