/* Metrics: what /metrics prints is well-formed Prometheus text, has every metric that the interface promises, and keeps its promises
 * before anything was heard. The format checker knows only the format. */
#include "base/text.h"
#include "proxy/ops/metrics.h"

#include <CUnit/Basic.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_metrics(void);

/* ---- the format ---- */

static bool is_name_start(char byte)
{
	return isalpha((unsigned char)byte) || byte == '_' || byte == ':';
}

static const char *skip_name(const char *at)
{
	if (!is_name_start(*at))
		return NULL;
	while (is_name_start(*at) || isdigit((unsigned char)*at))
		at++;
	return at;
}

/* {name="value",…}: NULL where it is malformed. */
static const char *skip_labels(const char *at)
{
	if (*at != '{')
		return at;
	do {
		at = skip_name(at + 1);
		if (at == NULL || at[0] != '=' || at[1] != '"')
			return NULL;
		for (at += 2; *at != '"'; at++) {
			if (*at == '\0')
				return NULL;
			if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
				return NULL;
		}
		at++;
	} while (*at == ',');
	return *at == '}' ? at + 1 : NULL;
}

static bool is_value(const char *text)
{
	char *end;

	if (strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0 || strcmp(text, "NaN") == 0)
		return true;
	strtod(text, &end);
	return end != text && *end == '\0';
}

/* A sample's metric, without the endings of histograms, is the one the last HELP and TYPE named. */
static bool belongs(const char *line, const char *name_end, const char *metric, const char *type)
{
	size_t len = (size_t)(name_end - line), metric_len = strlen(metric);

	if (len < metric_len || strncmp(line, metric, metric_len) != 0)
		return false;
	if (strcmp(type, "histogram") != 0)
		return len == metric_len;
	const char *ending = line + metric_len;
	size_t ending_len = len - metric_len;

	return (ending_len == 7 && strncmp(ending, "_bucket", 7) == 0) || (ending_len == 4 && strncmp(ending, "_sum", 4) == 0) ||
	       (ending_len == 6 && strncmp(ending, "_count", 6) == 0);
}

/* The number of samples; -1: a line is malformed (and printed). */
static int check_format(char *text)
{
	char metric[128] = "", type[16] = "";
	int samples = 0;

	for (char *line = text, *next; *line != '\0'; line = next) {
		char *newline = strchr(line, '\n');

		if (newline == NULL)
			return -1;
		*newline = '\0';
		next = newline + 1;
		if (sscanf(line, "# TYPE %127s %15s", metric, type) == 2 || strncmp(line, "# HELP ", 7) == 0)
			continue;
		const char *name_end = skip_name(line);
		const char *labels_end = name_end != NULL ? skip_labels(name_end) : NULL;

		if (labels_end == NULL || *labels_end != ' ' || !is_value(labels_end + 1) || !belongs(line, name_end, metric, type)) {
			printf("\nmalformed: %s\n", line);
			return -1;
		}
		samples++;
	}
	return samples;
}

/* ---- what is promised ---- */

static const char *const promised[] = {
	"homeport_build_info",
	"homeport_replication_staleness_seconds",
	"homeport_replication_lag_events",
	"homeport_replication_latency_seconds",
	"homeport_heartbeat_age_seconds",
	"homeport_owed_events",
	"homeport_outbox_events",
	"homeport_conflicts_total",
	"homeport_conflicts_open",
	"homeport_applied_events_total",
	"homeport_duplicate_events_total",
	"homeport_gaps_total",
	"homeport_held_events",
	"homeport_unstable_elements",
	"homeport_clock_offset_seconds",
	"homeport_log_headroom_seconds",
	"homeport_commands_total",
	"homeport_command_duration_seconds",
	"homeport_loop_turn_seconds",
};

static const char *const dcs[] = { "eu", "us\"\\" };

static struct core *new_core(void)
{
	const char *error = NULL;
	struct core_options options = {
		.dcs = dcs,
		.dc_count = 2,
		.databases = 16,
		.reserved_db = 15,
		.heartbeat_ms = 500,
		.drift_ms_max = 500,
		.quarantine_ms = 3600000,
		.message_bytes_max = 900000,
		.inbox_bytes_max = 1 << 20,
		.outbox_bytes_max = 1 << 20,
		.metadata_bytes_max = 1 << 20,
		.group_commands_max = 1024,
		.forget_per_turn = 10000, .elements_per_turn = 4096,
	};

	return core_new(&options, &error);
}

/* NUL-terminated. */
static void write_metrics(struct core *core, uint64_t now_ms, struct buffer *out)
{
	static struct settings settings = { .redis_address = { .host = "127.0.0.1", .port = 6379 }, .limits_outbox_bytes = 1 << 20, .limits_metadata_bytes = 1 << 20 };
	struct sidecar_status status = { .settings = &settings, .core = core, .dcs = dcs, .dc_count = 2, .started = { 1, 1 } };

	histogram_observe(&status.counters.command_duration, 100, 3);
	histogram_observe(&status.counters.command_duration, UINT64_C(1) << 40, 1);
	metrics_write(&status, &(struct moment){ now_ms, now_ms }, out);
	buffer_add_byte(out, '\0');
}

static void text_is_well_formed_with_and_without_a_core(void)
{
	struct buffer out = { 0 };
	struct core *core = new_core();

	CU_ASSERT_PTR_NOT_NULL_FATAL(core);
	write_metrics(core, 1000000, &out);
	CU_ASSERT(check_format(out.ptr) > 100);
	buffer_reset(&out);
	write_metrics(NULL, 1000000, &out);
	CU_ASSERT(check_format(out.ptr) > 20);
	core_free(core);
	buffer_free(&out);
}

static void every_promised_metric_is_there_and_documented(void)
{
	struct buffer out = { 0 }, docs = { 0 };

	write_metrics(NULL, 1000000, &out);
	metrics_describe(&docs);
	buffer_add_byte(&docs, '\0');
	for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++) {
		char type_line[128], row[128];

		snprintf(type_line, sizeof(type_line), "# TYPE %s ", promised[i]);
		snprintf(row, sizeof(row), "| `%s` |", promised[i]);
		if (strstr(out.ptr, type_line) == NULL || strstr(docs.ptr, row) == NULL) {
			printf("\nmissing: %s\n", promised[i]);
			CU_FAIL("a promised metric is missing");
		}
	}
	buffer_free(&out);
	buffer_free(&docs);
}

static void staleness_is_infinite_before_anything_was_heard(void)
{
	struct buffer out = { 0 };
	struct core *core = new_core();

	CU_ASSERT_PTR_NOT_NULL_FATAL(core);
	write_metrics(core, 1000000, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "homeport_replication_staleness_seconds{origin=\"us\\\"\\\\\"} +Inf\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "homeport_heartbeat_age_seconds{origin=\"us\\\"\\\\\"} +Inf\n"));
	/* The lag behind a peer that was never heard is unknown: no sample, rather than 0. */
	CU_ASSERT_PTR_NULL(strstr(out.ptr, "\nhomeport_replication_lag_events{"));
	core_free(core);
	buffer_free(&out);
}

static void histogram_counts_each_observation_in_the_first_bucket_that_holds_it(void)
{
	struct histogram histogram = { .sum_us = 0 };

	histogram_observe(&histogram, 0, 1);
	histogram_observe(&histogram, 64, 1);
	histogram_observe(&histogram, 65, 2);
	histogram_observe(&histogram, 128, 1);
	histogram_observe(&histogram, histogram_bound_us(HISTOGRAM_BUCKETS - 1), 1);
	histogram_observe(&histogram, histogram_bound_us(HISTOGRAM_BUCKETS - 1) + 1, 1);
	CU_ASSERT_EQUAL(histogram.counts[0], 2);
	CU_ASSERT_EQUAL(histogram.counts[1], 3);
	CU_ASSERT_EQUAL(histogram.counts[HISTOGRAM_BUCKETS - 1], 1);
	CU_ASSERT_EQUAL(histogram.counts[HISTOGRAM_BUCKETS], 1);
}

void suite_metrics(void)
{
	CU_pSuite suite = CU_add_suite("metrics", NULL, NULL);

	CU_add_test(suite, "text_is_well_formed_with_and_without_a_core", text_is_well_formed_with_and_without_a_core);
	CU_add_test(suite, "every_promised_metric_is_there_and_documented", every_promised_metric_is_there_and_documented);
	CU_add_test(suite, "staleness_is_infinite_before_anything_was_heard", staleness_is_infinite_before_anything_was_heard);
	CU_add_test(suite, "histogram_counts_each_observation_in_the_first_bucket_that_holds_it",
	            histogram_counts_each_observation_in_the_first_bucket_that_holds_it);
}
