/* Metrics samples, in the order of metrics.def (see metrics_samples.h). */
#include "metrics_samples.h"

#include "base/text.h"
#include "process.h"
#include "ready.h"

#include <stdio.h>
#include <string.h>

#define FINDINGS_MAX 256

/* Runs the following statement for each other datacenter, I being its index; not at all before there is a core. */
#define FOR_EACH_PEER(samples, i) for (unsigned i = 1; (samples)->core != NULL && i < (samples)->core->peer_count; i++)

static struct label origin_of(const struct samples *samples, unsigned dc);
static struct label peer_of(const struct samples *samples, unsigned dc);
static void add_histogram(struct samples *samples, struct label label, const struct histogram *histogram);

void samples_build(struct samples *samples)
{
	sample_add_count(samples, (struct label){ "version", PACKAGE_VERSION }, 1);
}

void samples_start_time(struct samples *samples)
{
	sample_add_seconds(samples, NO_LABEL, (int64_t)samples->status->started.unix_ms);
}

void samples_config_successful(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, !samples->status->reading.has_failed);
}

void samples_config_success_timestamp(struct samples *samples)
{
	sample_add_seconds(samples, NO_LABEL, (int64_t)samples->status->reading.read.unix_ms);
}

void samples_ready(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, readiness_check(samples->status, samples->now, NULL, NULL) < FINDING_BROKEN);
}

/* One line for each check that found something, by the datacenter it is about. */
struct tally {
	struct {
		const char *check;
		enum finding_weight weight;
		const char *dc;         /* "": none in particular */
		uint64_t count;
	} lines[FINDINGS_MAX];
	unsigned count;
};

static void tally_finding(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text)
{
	struct tally *tally = context;
	unsigned i = 0;

	(void)text;
	if (dc == NULL)
		dc = "";
	while (i < tally->count && (tally->lines[i].weight != weight || strcmp(tally->lines[i].check, check) != 0 || strcmp(tally->lines[i].dc, dc) != 0))
		i++;
	if (i == FINDINGS_MAX)
		return;
	if (i == tally->count)
		tally->count++;
	tally->lines[i].check = check;
	tally->lines[i].weight = weight;
	tally->lines[i].dc = dc;
	tally->lines[i].count++;
}

void samples_findings(struct samples *samples)
{
	struct tally tally = { .count = 0 };

	readiness_check(samples->status, samples->now, tally_finding, &tally);
	for (unsigned i = 0; i < tally.count; i++) {
		struct label labels[] = {
			{ "check", tally.lines[i].check },
			{ "weight", finding_weight_text(tally.lines[i].weight) },
			{ "dc", tally.lines[i].dc },
		};
		char text[24];

		snprintf(text, sizeof(text), "%llu", (unsigned long long)tally.lines[i].count);
		sample_add(samples, "", labels, tally.lines[i].dc[0] != '\0' ? 3 : 2, text);
	}
}

void samples_stream_order(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		uint64_t told_ms = samples->core->peers[i].ordered_at_ms;

		if (samples->core->is_ordering && told_ms == 0)
			sample_add_infinity(samples, origin_of(samples, i));
		else if (samples->core->is_ordering)
			sample_add_seconds(samples, origin_of(samples, i), (int64_t)(samples->now->steady_ms - told_ms));
	}
}

void samples_staleness(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		int64_t staleness_ms = status_staleness_ms(&samples->core->peers[i], samples->now);

		if (staleness_ms < 0)
			sample_add_infinity(samples, origin_of(samples, i));
		else
			sample_add_seconds(samples, origin_of(samples, i), staleness_ms);
	}
}

void samples_lag(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		int64_t lag = status_lag_events(samples->status, &samples->core->peers[i], samples->now);

		if (lag >= 0)
			sample_add_count(samples, origin_of(samples, i), (uint64_t)lag);
	}
}

void samples_latency(struct samples *samples)
{
	for (unsigned i = 1; i < samples->status->dc_count; i++)
		add_histogram(samples, origin_of(samples, i), &samples->status->counters.replication_latency[i]);
}

void samples_received_bytes(struct samples *samples)
{
	for (unsigned i = 1; i < samples->status->dc_count; i++)
		sample_add_count(samples, origin_of(samples, i), samples->status->counters.received_bytes[i]);
}

void samples_heartbeat_age(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		uint64_t heard_ms = samples->core->peers[i].heard_ms;

		if (heard_ms == 0)
			sample_add_infinity(samples, origin_of(samples, i));
		else
			sample_add_seconds(samples, origin_of(samples, i), (int64_t)status_heard_age_ms(samples->status, &samples->core->peers[i], samples->now));
	}
}

void samples_peer_state(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		for (enum peer_state state = 0; state < PEER_STATE_COUNT; state++) {
			struct label labels[] = { origin_of(samples, i), { "state", peer_state_text(state) } };

			sample_add(samples, "", labels, 2, samples->core->peers[i].state == state ? "1" : "0");
		}
	}
}

void samples_hybrid_clock_lead(struct samples *samples)
{
	if (samples->core == NULL)
		return;
	uint64_t hlc_ms = samples->core->hlc >> 16;

	sample_add_seconds(samples, NO_LABEL, hlc_ms > samples->now->unix_ms ? (int64_t)(hlc_ms - samples->now->unix_ms) : 0);
}

/* Absent while it is not known. */
void samples_clock_offset(struct samples *samples)
{
	FOR_EACH_PEER(samples, i)
		if (clock_span_is_known(&samples->core->peers[i].clock_ahead))
			sample_add_seconds(samples, peer_of(samples, i), clock_span_middle(&samples->core->peers[i].clock_ahead));
}

void samples_clock_error(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		if (clock_span_is_known(&samples->core->peers[i].clock_ahead))
			sample_add_seconds(samples, peer_of(samples, i), clock_span_error(&samples->core->peers[i].clock_ahead));
		else
			sample_add_infinity(samples, peer_of(samples, i));
	}
}

void samples_rules_differ(struct samples *samples)
{
	FOR_EACH_PEER(samples, i)
		sample_add_count(samples, peer_of(samples, i), samples->core->peers[i].rules_differ);
}

void samples_log_headroom(struct samples *samples)
{
	FOR_EACH_PEER(samples, i) {
		uint64_t retention_ms = samples->status->logs[0].retention_ms;

		if (retention_ms == 0)
			sample_add_infinity(samples, peer_of(samples, i));
		else
			sample_add_seconds(samples, peer_of(samples, i), (int64_t)retention_ms - (int64_t)status_heard_age_ms(samples->status, &samples->core->peers[i], samples->now));
	}
}

void samples_log_connected(struct samples *samples)
{
	for (unsigned i = 0; i < samples->status->dc_count; i++)
		sample_add_count(samples, (struct label){ "dc", samples->status->dcs[i] }, samples->status->logs[i].is_connected);
}

/* All rules and types have a line from the beginning, so that a first conflict shows as an increase. */
void samples_conflicts(struct samples *samples)
{
	if (samples->core == NULL)
		return;
	for (unsigned rule = 0; core_rule_text(rule) != NULL; rule++)
		for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
			for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
				struct label labels[] = {
					{ "rule", core_rule_text(rule) },
					{ "type", core_kind_text(kind) },
					{ "outcome", outcome_text(outcome) },
				};
				char text[24];

				snprintf(text, sizeof(text), "%llu", (unsigned long long)samples->core->conflicts[rule][kind][outcome]);
				sample_add(samples, "", labels, 3, text);
			}
}

/* By how they ended, so open ones are left out. */
void samples_conflict_records(struct samples *samples)
{
	for (unsigned status = 1; samples->core != NULL && status < RECORD_STATUS_COUNT; status++) {
		if (status != RECORD_OPEN)
			sample_add_count(samples, (struct label){ "status", record_status_text((enum record_status)status) }, samples->core->records[status]);
	}
}

void samples_commands(struct samples *samples)
{
	for (enum command_result result = 0; result < COMMAND_RESULT_COUNT; result++)
		sample_add_count(samples, (struct label){ "result", command_result_text(result) }, samples->status->counters.commands[result]);
}

void samples_command_duration(struct samples *samples)
{
	add_histogram(samples, NO_LABEL, &samples->status->counters.command_duration);
}

void samples_turn_duration(struct samples *samples)
{
	add_histogram(samples, NO_LABEL, &samples->status->counters.turn_duration);
}

void samples_clients_closed(struct samples *samples)
{
	sample_add_count(samples, (struct label){ "reason", "query" }, samples->status->counters.clients_closed_query);
	sample_add_count(samples, (struct label){ "reason", "output" }, samples->status->counters.clients_closed_output);
}

void samples_store_open(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, samples->status->store != NULL && store_is_open(samples->status->store));
}

void samples_store_silence(struct samples *samples)
{
	if (samples->status->store != NULL)
		sample_add_seconds(samples, NO_LABEL, (int64_t)store_silence_ms(samples->status->store));
}

void samples_store_memory(struct samples *samples)
{
	if (samples->status->store != NULL)
		sample_add_count(samples, NO_LABEL, store_facts(samples->status->store)->used_memory);
}

void samples_store_memory_max(struct samples *samples)
{
	if (samples->status->store != NULL)
		sample_add_count(samples, NO_LABEL, store_facts(samples->status->store)->maxmemory);
}

void samples_store_queued(struct samples *samples)
{
	uint64_t bytes = 0, due = 0;

	if (samples->status->store != NULL)
		store_load(samples->status->store, &bytes, &due);
	sample_add_count(samples, NO_LABEL, bytes);
}

void samples_store_due(struct samples *samples)
{
	uint64_t bytes = 0, due = 0;

	if (samples->status->store != NULL)
		store_load(samples->status->store, &bytes, &due);
	sample_add_count(samples, NO_LABEL, due);
}

void samples_store_evicted(struct samples *samples)
{
	if (samples->status->store != NULL)
		sample_add_count(samples, NO_LABEL, store_facts(samples->status->store)->evicted_keys);
}

void samples_process_cpu(struct samples *samples)
{
	sample_add_seconds(samples, NO_LABEL, (int64_t)process_cpu_ms());
}

void samples_process_resident(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, process_resident_bytes());
}

void samples_process_virtual(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, process_virtual_bytes());
}

void samples_process_open_fds(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, process_open_fds());
}

void samples_process_fds_max(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, process_fds_max());
}

static struct label origin_of(const struct samples *samples, unsigned dc)
{
	return (struct label){ "origin", samples->status->dcs[dc] };
}

static struct label peer_of(const struct samples *samples, unsigned dc)
{
	return (struct label){ "peer", samples->status->dcs[dc] };
}

static void add_histogram(struct samples *samples, struct label label, const struct histogram *histogram)
{
	struct label labels[2] = { label };
	unsigned label_count = label.name != NULL ? 1 : 0;
	uint64_t total = 0;
	char bound[32], text[32];

	labels[label_count] = (struct label){ "le", bound };
	for (unsigned i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		total += histogram->counts[i];
		if (i < HISTOGRAM_BUCKETS)
			snprintf(bound, sizeof(bound), "%.9g", (double)histogram_bound_us(i) / 1e6);
		else
			strcpy(bound, "+Inf");
		snprintf(text, sizeof(text), "%llu", (unsigned long long)total);
		sample_add(samples, "_bucket", labels, label_count + 1, text);
	}
	snprintf(text, sizeof(text), "%.6f", (double)histogram->sum_us / 1e6);
	sample_add(samples, "_sum", labels, label_count, text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)total);
	sample_add(samples, "_count", labels, label_count, text);
}
