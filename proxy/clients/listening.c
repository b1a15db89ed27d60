/* Listening (see listening.h). */
#include "listening.h"

#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_at(const struct addrinfo *at, int backlog);

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
