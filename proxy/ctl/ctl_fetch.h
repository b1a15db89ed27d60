/* Asking a sidecar over HTTP, for homeportctl. */
#ifndef PROXY_CTL_FETCH_H
#define PROXY_CTL_FETCH_H

#include "config/settings.h"

struct ctl_request {
	const char *path;
	const char *body;                /* JSON to be posted; NULL: the path is only read */
	const char *password;            /* NULL: none */
	const char *cacert, *cert, *key; /* files, for an address by TLS; NULL: none */
};

/* The HTTP status, with the body added to BODY. 0: no answer; ERROR says why and what to do. */
MUST_CHECK int ctl_fetch(const struct settings_address *address, const struct ctl_request *asked, struct buffer *body, struct buffer *error);

#endif
