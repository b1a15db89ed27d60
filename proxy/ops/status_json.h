/* Status JSON: the sidecar's status as the body of /v1/status. */
#ifndef PROXY_STATUS_JSON_H
#define PROXY_STATUS_JSON_H

#include "status.h"

void status_write_json(const struct sidecar_status *status, const struct moment *now, struct buffer *out);

#endif
