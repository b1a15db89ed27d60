/* Admin isolation: POST /v1/homes/isolation, which cuts a datacenter off for a drill, keeps it so, or heals it. Private to this room. */
#ifndef PROXY_ADMIN_ISOLATION_H
#define PROXY_ADMIN_ISOLATION_H

#include "admin_request.h"

void admin_isolation(struct admin_request *request);

#endif
