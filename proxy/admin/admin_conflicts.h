/* Admin conflicts: /v1/conflicts… and /v1/explain. Private to this room. */
#ifndef PROXY_ADMIN_CONFLICTS_H
#define PROXY_ADMIN_CONFLICTS_H

#include "admin_request.h"

/* Is URL about conflicts? */
bool admin_conflicts_own(const char *url);
/* The whole request was received. It is answered now or later, by admin_request_end. */
void admin_conflicts_begin(struct admin_request *request, const char *url, const char *method);

#endif
