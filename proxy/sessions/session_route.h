/* Session route: where each request of a client goes: reads to the store, writes to the core, and what concerns the conversation itself to
 * the sidecar's own commands. */
#ifndef PROXY_SESSION_ROUTE_H
#define PROXY_SESSION_ROUTE_H

#include "session.h"

/* As client_callbacks.request. */
void session_request(void *context, struct client *client, const struct request *request);

#endif
