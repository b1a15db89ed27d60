/* Metrics: the rows of metrics.def, one after another (see metrics.h). */
#include "metrics.h"

#include "metrics_samples.h"

#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum metric_source { SOURCE_CORE, SOURCE_PEER, SOURCE_COUNTER, SOURCE_SAMPLES };

struct metric {
	const char *name;
	const char *type;
	const char *labels;
	const char *prose;
	enum metric_source source;
	size_t offset;                              /* of the member that is read; SOURCE_SAMPLES: 0 */
	void (*write)(struct samples *samples);     /* SOURCE_SAMPLES: writes the lines; else NULL */
};

/* Members are read as uint64_t: one of another size does not compile. */
#define OFFSET(type, member) offsetof(type, member) + 0 * sizeof(char[sizeof(((type *)NULL)->member) == sizeof(uint64_t) ? 1 : -1])
#define CORE(member) SOURCE_CORE, OFFSET(struct core_status, member), NULL
#define PEER(member) SOURCE_PEER, OFFSET(struct core_peer_status, member), NULL
#define COUNTER(member) SOURCE_COUNTER, OFFSET(struct sidecar_counters, member), NULL
#define SAMPLES(name) SOURCE_SAMPLES, 0, samples_##name
#define TYPE_GAUGE "gauge"
#define TYPE_COUNTER "counter"
#define TYPE_HISTOGRAM "histogram"
#define METRIC(name, type, labels, source, prose) { #name, TYPE_##type, labels, prose, source },
static const struct metric metrics[] = {
#include "metrics.def"
};
#undef METRIC

#define METRIC_COUNT (sizeof(metrics) / sizeof(metrics[0]))

static void write_member(const struct metric *metric, struct samples *samples);
static void write_peers(const struct metric *metric, struct samples *samples);

void metrics_write(const struct sidecar_status *status, const struct moment *now, struct buffer *out)
{
	struct samples samples = { .status = status, .core = status->core != NULL ? core_status(status->core) : NULL, .now = now, .out = out };

	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric *metric = &metrics[i];

		buffer_add_format(out, "# HELP %s ", metric->name);
		metrics_add_escaped(out, metric->prose, false);
		buffer_add_format(out, "\n# TYPE %s %s\n", metric->name, metric->type);
		samples.name = metric->name;
		if (metric->source == SOURCE_SAMPLES)
			metric->write(&samples);
		else
			write_member(metric, &samples);
	}
}

void metrics_describe(struct buffer *out)
{
	buffer_add_text(out, "<!-- Made by homeportd --describe-metrics: do not edit. -->\n# Metrics\n\n"
	                     "`GET /metrics` on the `admin` address, Prometheus text format. Times are seconds. Counters begin anew with the process.\n"
	                     "Alerts on them: `deploy/alerts/homeport.rules.yml`; a dashboard: `deploy/grafana/homeport.json`.\n\n"
	                     "| metric | type | labels | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < METRIC_COUNT; i++)
		buffer_add_format(out, "| `%s` | %s | %s | %s |\n", metrics[i].name, metrics[i].type, metrics[i].labels, metrics[i].prose);
	buffer_add_format(out, "\nBuckets of histograms double from %llu µs to %llu s.\n", (unsigned long long)histogram_bound_us(0),
	                  (unsigned long long)(histogram_bound_us(HISTOGRAM_BUCKETS - 1) / 1000000));
}

/* Before the store was opened for the first time there is no core, and the rows about it have no lines. */
static void write_member(const struct metric *metric, struct samples *samples)
{
	const char *base = metric->source == SOURCE_COUNTER ? (const char *)&samples->status->counters : (const char *)samples->core;
	uint64_t value;

	if (base == NULL)
		return;
	if (metric->source == SOURCE_PEER) {
		write_peers(metric, samples);
		return;
	}
	memcpy(&value, base + metric->offset, sizeof(value));
	sample_add_count(samples, NO_LABEL, value);
}

static void write_peers(const struct metric *metric, struct samples *samples)
{
	for (unsigned i = 1; i < samples->core->peer_count; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&samples->core->peers[i] + metric->offset, sizeof(value));
		sample_add_count(samples, (struct label){ metric->labels, samples->status->dcs[i] }, value);
	}
}
