/* Conflicts access: who may resolve conflicts, and see values that are redacted: the settings conflicts.users and conflicts.password. */
#ifndef PROXY_CONFLICTS_ACCESS_H
#define PROXY_CONFLICTS_ACCESS_H

#include "config/settings.h"

/* A client of this ACL user. */
bool conflicts_user_is_allowed(const struct settings *settings, struct slice user);
/* An HTTP request with this header Authorization, empty without. The time it takes tells nothing about the password. */
bool conflicts_bearer_is_allowed(const struct settings *settings, struct slice authorization);

#endif
