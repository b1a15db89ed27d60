/* Metrics: the sidecar's status as Prometheus text (format 0.0.4). The rows are in metrics.def. */
#ifndef PROXY_METRICS_H
#define PROXY_METRICS_H

#include "status.h"

/* The body of /metrics. */
void metrics_write(const struct sidecar_status *status, const struct moment *now, struct buffer *out);
/* docs/metrics.md. */
void metrics_describe(struct buffer *out);

#endif
