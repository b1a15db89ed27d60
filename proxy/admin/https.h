/* HTTPS: connections by TLS are decrypted here, and given to the HTTP server as plain ones. */
#ifndef PROXY_ADMIN_HTTPS_H
#define PROXY_ADMIN_HTTPS_H

#include "config/settings.h"

struct event_base;
struct https;
struct tls;

struct https_options {
	struct event_base *loop;
	const struct settings_address *address;
	struct tls *tls;
	/* Is given the plain side of a new connection, and the socket whose address is the client's. Owns the first. */
	void (*accept)(void *context, int plain, int client);
	void *context;
};

/* NULL: ERROR says what is wrong and what to do. */
struct https *https_new(const struct https_options *options, struct buffer *error);
void https_free(struct https *https);    /* NULL is fine */

#endif
