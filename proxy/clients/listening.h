/* Listening: a TCP socket that takes connections at a configured address. */
#ifndef PROXY_LISTENING_H
#define PROXY_LISTENING_H

#include "config/settings.h"

/* A non-blocking listening socket. -1: ERROR says what is wrong and what to do. */
MUST_CHECK int listening_open(const struct settings_address *address, int backlog, struct buffer *error);

#endif
