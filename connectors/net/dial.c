/* Resolving a name blocks the loop. A sidecar's own Redis is named by a number, or by a name that the host itself knows. */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNANSWERED_MS 10000
#define IDLE_S 10                        /* a connection on which nothing comes for so long is probed, … */
#define PROBE_S 3                        /* … this often */

static int dial_path(const char *path, const char **why);
static int dial_address(const struct addrinfo *address, const char **why);
static int finish_connect(int fd, int result, const char **why);

int dial(const char *host, uint16_t port, unsigned attempt, const char **why)
{
	if (host[0] == '/')
		return dial_path(host, why);
	char service[8];
	snprintf(service, sizeof service, "%u", port);
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *addresses = NULL;
	int error = getaddrinfo(host, service, &hints, &addresses);
	if (error != 0) {
		*why = gai_strerror(error);
		return -1;
	}
	unsigned count = 0;
	for (const struct addrinfo *each = addresses; each != NULL; each = each->ai_next)
		count++;
	const struct addrinfo *address = addresses;
	for (unsigned skip = attempt % count; skip > 0; skip--)
		address = address->ai_next;
	int fd = dial_address(address, why);
	freeaddrinfo(addresses);
	return fd;
}

static int dial_path(const char *path, const char **why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		*why = "the path of the Unix socket is too long";
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	return finish_connect(fd, connect(fd, (const struct sockaddr *)&address, sizeof address), why);
}

/* TCP gives a host that vanished without closing a quarter of an hour to acknowledge what was sent, and two hours if nothing was: TCP_USER_TIMEOUT
 * and TCP_KEEPIDLE shorten that. */
static int dial_address(const struct addrinfo *address, const char **why)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	int on = 1, idle_s = IDLE_S, probe_s = PROBE_S;
	unsigned unanswered_ms = UNANSWERED_MS;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof probe_s);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof unanswered_ms);
	return finish_connect(fd, connect(fd, address->ai_addr, address->ai_addrlen), why);
}

static int finish_connect(int fd, int result, const char **why)
{
	if (result == 0 || errno == EINPROGRESS)
		return fd;
	*why = strerror(errno);
	close(fd);
	return -1;
}
