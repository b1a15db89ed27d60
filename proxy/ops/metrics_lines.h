/* Metrics lines: writes single samples in the Prometheus text format: name{label="value"} number. Private to the metrics*.c files. */
#ifndef PROXY_METRICS_LINES_H
#define PROXY_METRICS_LINES_H

#include "status.h"

/* What one row of metrics.def is written from, and to. */
struct samples {
	const char *name;               /* of the metric */
	const struct sidecar_status *status;
	const struct core_status *core; /* NULL before the store was opened */
	const struct moment *now;
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

/* TEXT with backslashes and line ends escaped, in labels also quotes. */
void metrics_add_escaped(struct buffer *out, const char *text, bool is_label);

#endif
