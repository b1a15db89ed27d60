/* Admin drill: POST /v1/homes/drill: homeportctl gives its report of a drill, for metrics. Private to this room. */
#ifndef PROXY_ADMIN_DRILL_H
#define PROXY_ADMIN_DRILL_H

#include "admin_request.h"

void admin_drill(struct admin_request *request);

#endif
