/* Client listener (see client_listener.h). */
#include "client_listener.h"

#include "client.h"
#include "listening.h"
#include "base/text.h"
#include "proxy/ops/logging.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64          /* so that many new connections do not starve the clients that are connected */
#define BACKLOG 511

struct client_listener {
	int fd;
	int spare_fd;                /* closed for a moment, to accept and close a connection, when descriptors run out */
	struct event *readable;
	struct client_listener_options options; /* ADDRESS is the caller's, and not used */
	char *path;                  /* owned; of a Unix socket */
};

/* Descriptors have run out. A connection that is not accepted would stay in the backlog and wake the loop again and again. */
static void listener_turn_away(struct client_listener *listener)
{
	log_error("out of file descriptors: a client was turned away; raise LimitNOFILE or lower limits.clients");
	close(listener->spare_fd);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void listener_on_readable(evutil_socket_t listening, short what, void *context)
{
	(void)what;
	struct client_listener *listener = context;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			listener->options.accept(listener->options.context, fd, listener->options.is_tls);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			listener_turn_away(listener);
		return;
	}
}

struct client_listener *client_listener_new(struct event_base *loop, const struct client_listener_options *options, struct buffer *error)
{
	bool is_path = options->address->host[0] == '/';
	int fd = is_path ? listening_open_path(options->address->host, options->permissions, BACKLOG, error) : listening_open(options->address, BACKLOG, error);
	if (fd < 0)
		return NULL;
	struct client_listener *listener = memory_new(sizeof(*listener));
	listener->fd = fd;
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->options = *options;
	listener->path = is_path ? text_copy(options->address->host) : NULL;
	listener->readable = event_new(loop, fd, EV_READ | EV_PERSIST, listener_on_readable, listener);
	event_add(listener->readable, NULL);
	return listener;
}

void client_listener_free(struct client_listener *listener)
{
	if (listener == NULL)
		return;
	event_free(listener->readable);
	close(listener->fd);
	close(listener->spare_fd);
	if (listener->path != NULL)
		unlink(listener->path);
	memory_free(listener->path);
	memory_free(listener);
}

/* ---- accepted sockets ---- */

void client_listener_tune(int fd, uint64_t keepalive_ms)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (keepalive_ms == 0)
		return;
	int idle = keepalive_ms < 1000 ? 1 : (int)(keepalive_ms / 1000);
	int interval = idle / 3 > 0 ? idle / 3 : 1;
	int probes = 3;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void address_print(const struct sockaddr_storage *address, char *text)
{
	char host[INET6_ADDRSTRLEN] = "?";
	if (address->ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const void *)address;
		snprintf(text, CLIENT_ADDRESS_LEN, "%.107s:0", un->sun_path);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, CLIENT_ADDRESS_LEN, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const void *)address;
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, CLIENT_ADDRESS_LEN, "%s:%u", host, (unsigned)ntohs(in->sin_port));
	}
}

void client_listener_addresses(int fd, char *peer, char *local)
{
	struct sockaddr_storage address = { .ss_family = AF_INET };
	socklen_t len = sizeof(address);
	getpeername(fd, (struct sockaddr *)&address, &len);
	address_print(&address, peer);
	bool is_path = address.ss_family == AF_UNIX;
	len = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &len);
	address_print(&address, local);
	/* A client at a Unix socket has no address of its own. */
	if (is_path)
		memcpy(peer, local, CLIENT_ADDRESS_LEN);
}
