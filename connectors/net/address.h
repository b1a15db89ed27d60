/* Address: "host:port", "[IPv6]:port", or the path of a Unix socket. */
#ifndef CONNECTORS_ADDRESS_H
#define CONNECTORS_ADDRESS_H

#include "base/bytes.h"

/* HOST has room for HOST_SIZE bytes. A path leaves *port 0. *IS_TLS: "rediss://" stood before it. */
MUST_CHECK bool address_parse(const char *text, char *host, size_t host_size, uint16_t *port, bool *is_tls);

#endif
