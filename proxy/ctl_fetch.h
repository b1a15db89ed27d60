/* Fetching one page of a sidecar's HTTP side, for homeportctl. */
#ifndef PROXY_CTL_FETCH_H
#define PROXY_CTL_FETCH_H

#include "../config/settings.h"

/* The HTTP status, with the body added to BODY. 0: no answer; ERROR says why and what to do. */
MUST_CHECK int ctl_fetch(const struct settings_address *address, const char *path, struct buffer *body, struct buffer *error);

#endif
