/* Endpoint: where a server is, and whether it is spoken to by TLS. One that moves is shared, and changed where it is known. */
#ifndef CONNECTORS_ENDPOINT_H
#define CONNECTORS_ENDPOINT_H

#include "base/bytes.h"

#define ENDPOINT_HOST_SIZE 256

struct tls;

struct endpoint {
	char host[ENDPOINT_HOST_SIZE];       /* starts with '/': a Unix socket's path. Empty: it is not known yet */
	uint16_t port;
	struct tls *tls;                     /* NULL: plain; borrowed */
	char name[ENDPOINT_HOST_SIZE];       /* whom its certificate must name; empty: HOST */
	bool is_found;                       /* by Sentinels: it must say itself that it is the primary */
	const char *unknown;                 /* why HOST is empty; borrowed */
	unsigned changes;                    /* how often HOST and PORT became others: connections made before that lead elsewhere */
};

/* HOST and NAME are copied; NAME may be NULL. False: one is too long. */
MUST_CHECK bool endpoint_set(struct endpoint *endpoint, const char *host, uint16_t port, struct tls *tls, const char *name);

#endif
