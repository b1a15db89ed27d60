/* Listening (see listening.h). */
#include "listening.h"

#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const struct addrinfo *at, int backlog);
static void remove_left_socket(const struct sockaddr_un *address);

int listening_open(const struct settings_address *address, int backlog, struct buffer *error)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof(port), "%u", address->port);
	int wrong = getaddrinfo(address->host, port, &hints, &found);

	if (wrong != 0) {
		buffer_add_format(error, "cannot listen at %s:%s: %s, write an address of this machine", address->host, port, gai_strerror(wrong));
		return -1;
	}
	for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next)
		fd = listen_at(at, backlog);
	if (fd < 0)
		buffer_add_format(error, "cannot listen at %s:%s: %s, see what else listens there or choose another address", address->host, port,
		                  strerror(errno));
	freeaddrinfo(found);
	return fd;
}

int listening_open_path(const char *path, unsigned permissions, int backlog, struct buffer *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mode = (permissions / 100 % 10) << 6 | (permissions / 10 % 10) << 3 | permissions % 10;

	if (strlen(path) >= sizeof(address.sun_path)) {
		buffer_add_format(error, "cannot listen at %s: the path is longer than %zu bytes, choose a shorter one", path, sizeof(address.sun_path) - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	remove_left_socket(&address);
	/* Nobody may connect before it has its permissions. */
	mode_t old = umask(0777);
	bool is_bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	umask(old);
	if (is_bound && chmod(path, mode) == 0 && listen(fd, backlog) == 0)
		return fd;
	buffer_add_format(error, "cannot listen at %s: %s, see what else listens there and who may write to its folder", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A process that was killed leaves its socket. */
static void remove_left_socket(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED)
		unlink(address->sun_path);
	if (fd >= 0)
		close(fd);
}

/* -1: errno says why. */
static int listen_at(const struct addrinfo *at, int backlog)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
	int on = 1;

	if (fd < 0)
		return -1;
	/* Without this option a restart would have to wait until old connections have timed out. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, backlog) == 0)
		return fd;
	int why = errno;

	close(fd);
	errno = why;
	return -1;
}
