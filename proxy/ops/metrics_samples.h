/* Metrics samples: the rows of metrics.def whose source is SAMPLES, which are more than one member read as it is: one function a row.
 * Private to the metrics*.c files. */
#ifndef PROXY_METRICS_SAMPLES_H
#define PROXY_METRICS_SAMPLES_H

#include "metrics_lines.h"

/* Declares samples_name() for each row with SAMPLES(name). */
#define CORE(member)
#define PEER(member)
#define COUNTER(member)
#define SAMPLES(name) void samples_##name(struct samples *samples);
#define METRIC(name, type, labels, source, prose) source
#include "metrics.def"
#undef METRIC
#undef SAMPLES
#undef COUNTER
#undef PEER
#undef CORE

#endif
