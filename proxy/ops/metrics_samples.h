/* Samples: what one row of metrics.def prints: its lines, values read from the status. Private to metrics.c and metrics_samples.c. */
#ifndef PROXY_METRICS_SAMPLES_H
#define PROXY_METRICS_SAMPLES_H

#include "status.h"

struct samples {
	const char *name;               /* of the metric */
	const struct sidecar_status *status;
	const struct core_status *core; /* NULL before the store was opened */
	uint64_t now_ms;
	struct buffer *out;
};

/* A label's value is escaped; a NULL label ends the list early. */
struct label {
	const char *name, *value;
};

void sample_add_count(struct samples *samples, struct label label, uint64_t value);
void sample_add_seconds(struct samples *samples, struct label label, int64_t ms);
void sample_add_infinity(struct samples *samples, struct label label);
/* Any number of labels; SUFFIX is added to the name ("_bucket"), or "". */
void sample_add(struct samples *samples, const char *suffix, const struct label *labels, unsigned label_count, const char *value);

#define NO_LABEL ((struct label){ NULL, NULL })

/* Those of the rows with SAMPLES. */
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
