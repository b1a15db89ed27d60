/* Listening: a TCP socket that takes connections at a configured address. */
#ifndef PROXY_LISTENING_H
#define PROXY_LISTENING_H

#include "config/settings.h"

/* A non-blocking listening socket. -1: ERROR says what is wrong and what to do. */
MUST_CHECK int listening_open(const struct settings_address *address, int backlog, struct buffer *error);

/* Likewise, of a Unix socket at PATH. PERMISSIONS: each decimal digit is one of chmod's. A socket at which nobody answers is replaced. */
MUST_CHECK int listening_open_path(const char *path, unsigned permissions, int backlog, struct buffer *error);

#endif
