/* Admin: the HTTP side: /livez /healthz /readyz /metrics /v1/status. Runs on the loop's thread; only reads the status. */
#ifndef PROXY_ADMIN_H
#define PROXY_ADMIN_H

#include "status.h"

struct event_base;
struct admin;

/* Listens at settings.admin. NULL: ERROR says what is wrong and what to do. STATUS is borrowed as long as the admin lives. */
struct admin *admin_new(struct event_base *loop, const struct sidecar_status *status, struct buffer *error);
void admin_free(struct admin *admin);

#endif
