/* Conflicts access: who may resolve conflicts and see redacted values, by the settings conflicts.users and conflicts.password. */
#ifndef PROXY_CONFLICTS_ACCESS_H
#define PROXY_CONFLICTS_ACCESS_H

#include "config/settings.h"

/* May a client of this ACL user do so? */
bool conflicts_user_is_allowed(const struct settings *settings, struct slice user);
/* May an HTTP request with this header Authorization (empty: without one) do so? The time that the answer takes tells nothing about the password. */
bool conflicts_bearer_is_allowed(const struct settings *settings, struct slice authorization);

#endif
