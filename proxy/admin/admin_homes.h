/* Admin homes: /v1/homes, /v1/homes/changes and /v1/homes/USER: where users live, what has changed, moving them; and /v1/homes/drill. Private to this room. */
#ifndef PROXY_ADMIN_HOMES_H
#define PROXY_ADMIN_HOMES_H

#include "admin_request.h"

bool admin_homes_own(const char *url);
/* All of the request was read: answers it, or has it wait. */
void admin_homes_begin(struct admin_request *request, const char *url, const char *method);
/* Its connection is gone: nobody waits any more. */
void admin_homes_forget(struct admin_request *request);

#endif
