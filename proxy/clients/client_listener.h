/* Listener: where clients connect, and the sockets they get. */
#ifndef PROXY_CLIENT_LISTENER_H
#define PROXY_CLIENT_LISTENER_H

#include "config/settings.h"

struct client_listener;
struct event_base;

/* ACCEPT takes over the descriptor of each connection: non-blocking, closed on exec. NULL: ERROR says what and what to do. */
struct client_listener *client_listener_new(struct event_base *loop, const struct settings_address *address,
                                            void (*accept)(void *context, int fd), void *context, struct buffer *error);
void client_listener_free(struct client_listener *listener);

/* No delay for small answers; probes a quiet peer after KEEPALIVE_MS, 0: never. */
void client_listener_tune(int fd, uint64_t keepalive_ms);
/* Both ends as "address:port". PEER and LOCAL have CLIENT_ADDRESS_LEN bytes. */
void client_listener_addresses(int fd, char *peer, char *local);

#endif
