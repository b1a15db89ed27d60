/* Client listener: accepts connections of clients, and prepares their sockets. */
#ifndef PROXY_CLIENT_LISTENER_H
#define PROXY_CLIENT_LISTENER_H

#include "config/settings.h"

struct client_listener;
struct event_base;

struct client_listener_options {
	const struct settings_address *address; /* a path: a Unix socket */
	bool is_tls;
	unsigned permissions;              /* of a Unix socket, each decimal digit as one of chmod's */
	/* Is given each connection's descriptor (non-blocking, close-on-exec) and owns it. */
	void (*accept)(void *context, int fd, bool is_tls);
	void *context;
};

/* NULL: ERROR says what is wrong and what to do. */
struct client_listener *client_listener_new(struct event_base *loop, const struct client_listener_options *options, struct buffer *error);
void client_listener_free(struct client_listener *listener);

/* Sets TCP_NODELAY, and keep-alive probes after KEEPALIVE_MS of silence; 0: none. */
void client_listener_tune(int fd, uint64_t keepalive_ms);
/* Writes both ends as "address:port". PEER and LOCAL have CLIENT_ADDRESS_LEN bytes each. */
void client_listener_addresses(int fd, char *peer, char *local);

#endif
