/* Dial: a TCP or Unix socket that is connecting. */
#ifndef CONNECTORS_DIAL_H
#define CONNECTORS_DIAL_H

#include "base/bytes.h"

/* A non-blocking socket that is connecting to HOST:PORT (a HOST that starts with '/' is the path of a Unix socket). It becomes writable
 * once it is connected or has failed. If a name has several addresses, ATTEMPT 0, 1, … try them in turn. -1: *why says what is wrong. */
MUST_CHECK int dial(const char *host, uint16_t port, unsigned attempt, const char **why);

#endif
