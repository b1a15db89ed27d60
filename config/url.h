/* URL: an address: HOST:PORT, a path, or as clients of Redis write it: redis://, rediss:// (by TLS), unix://, with user and password before the host. */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "settings.h"

/* HOST:PORT, and the path of a Unix socket. They fill an *address that is empty. */
MUST_CHECK bool address_read_host(const char *text, struct settings_address *address);
MUST_CHECK bool address_read_path(const char *text, struct settings_address *address);
void address_free(struct settings_address *address);     /* and empties it */
/* Is TEXT a URL of one of those schemes, right or wrong? */
bool url_is_one(const char *text);
/* False: it is wrong, or names a database, and *address is as it was. */
MUST_CHECK bool url_read(const char *text, struct settings_address *address);
/* TEXT without what may be a password, to be shown. Owned. */
char *url_hide_secret(const char *text);

#endif
