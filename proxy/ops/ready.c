/* Readiness: the checks of this datacenter, and what each says and advises (see ready.h). Those of its peers: ready_peers.c. */
#include "ready_round.h"
#include "ready_peers.h"

#include "base/text.h"
#include "config/value.h"
#include "connectors/sentinel/sentinel.h"
#include "connectors/tls/tls.h"

#include <string.h>

#define NEARLY_FULL_PERCENT 80
#define DELETED_TOLD_MS 3600000U

static void check_process(struct round *round);
static void check_certificates(struct round *round);
static void check_sentinels(struct round *round);
static void check_store(struct round *round);
static void check_memory(struct round *round, const struct store_facts *facts);
static void check_torn(struct round *round, const struct core_status *core);
static void check_limits(struct round *round, const struct core_status *core);
static void check_deleted(struct round *round, const struct core_status *core);
static void check_libraries(struct round *round, const struct core_status *core);
static void check_libraries(struct round *round, const struct core_status *core)
{
	if (core->libraries_refused > 0)
		round_find(round, (struct finding){ FINDING_WARNING, "functions", NULL },
		     "Redis did not take %llu libraries of functions, the first is %s (\"%s\"): where two register one function, the one whose name comes first has it, in every "
		     "datacenter; FUNCTION DELETE one of them, or load one with another name of that function", (unsigned long long)core->libraries_refused, core->library_refused, core->library_refusal);
}

static void check_homes(struct round *round, const struct core_status *core);
static void check_limit(struct round *round, enum wait wait, uint64_t used, uint64_t limit);
static void check_refusals(struct round *round, const struct core_status *core);
static void check_recalling(struct round *round, const struct core_status *core);
static void check_settings(struct round *round);
static void check_log(struct round *round, unsigned dc);

enum finding_weight readiness_check(const struct sidecar_status *status, const struct moment *now, finding_visit *visit, void *context)
{
	return readiness_find(status, status->core != NULL ? core_status(status->core) : NULL, now, visit, context);
}

enum finding_weight readiness_find(const struct sidecar_status *status, const struct core_status *core, const struct moment *now, finding_visit *visit, void *context)
{
	struct round round = { .status = status, .core = core, .now = now, .visit = visit, .context = context };

	check_process(&round);
	check_certificates(&round);
	check_settings(&round);
	check_sentinels(&round);
	check_store(&round);
	for (unsigned i = 0; i < status->dc_count; i++)
		check_log(&round, i);
	if (core == NULL)
		return round.gravest;
	check_limits(&round, core);
	check_deleted(&round, core);
	check_libraries(&round, core);
	check_homes(&round, core);
	check_refusals(&round, core);
	check_recalling(&round, core);
	if (core->peers[0].state == PEER_NEEDS_RESYNC)
		round_find(&round, round_waiting(&round, WAIT_STOPPED, status->dcs[0], 0), "writes made here may be gone: %s", core->peers[0].why != NULL ? core->peers[0].why : "");
	ready_check_peers(&round);
	return round.gravest;
}

static void check_process(struct round *round)
{
	if (round->status->is_draining)
		round_find(round, round_waiting(round, WAIT_DRAINING, NULL, 0), "a stop is under way, send clients elsewhere");
	const struct isolation_status *isolation = &round->status->isolation;

	if (isolation->id != 0)
		round_find(round, round_waiting(round, WAIT_ISOLATED, NULL, isolation->since_ms),
		     "a drill has cut this datacenter off (by %s): clients are refused, and nothing goes to others or comes from them. It heals by itself in %llu s at the "
		     "latest; at once if the drill is stopped (Ctrl-C), or this sidecar restarted", isolation->by,
		     (unsigned long long)(isolation->until_ms > round->now->steady_ms ? isolation->until_ms - round->now->steady_ms : 0) / 1000);
}

static void check_certificates(struct round *round)
{
	const char *file;
	int64_t expiry, now = (int64_t)(round->now->unix_ms / 1000), early = (int64_t)(round->status->settings->alarms_certificate_ms / 1000);

	for (unsigned i = 0; round->status->tls != NULL && (expiry = tls_expiry(round->status->tls, i, &file)) != 0; i++) {
		if (expiry <= now)
			round_find(round, (struct finding){ FINDING_BROKEN, "certificate", NULL },
			     "the certificate in %s is no longer valid, so nobody connects by TLS: put a new one there and send SIGHUP", file);
		else if (expiry - now < early)
			round_find(round, (struct finding){ FINDING_WARNING, "certificate", NULL },
			     "the certificate in %s is valid for %lld hours more: put a new one there and send SIGHUP", file, (long long)((expiry - now) / 3600));
	}
}

static void check_sentinels(struct round *round)
{
	unsigned all, answering;

	if (round->status->sentinel == NULL)
		return;
	sentinel_count(round->status->sentinel, &all, &answering);
	if (answering <= all / 2)
		round_find(round, (struct finding){ FINDING_WARNING, "sentinel", NULL },
		     "%u of %u Sentinels answer, so a fail-over may go unnoticed: bring them back (%s)", answering, all, sentinel_trouble(round->status->sentinel));
}

static void check_store(struct round *round)
{
	if (round->status->store == NULL || !store_is_open(round->status->store)) {
		struct buffer address = { 0 };

		if (round->status->sentinel == NULL)
			value_add_address(&address, &round->status->settings->redis_address);
		else
			buffer_add_format(&address, "%s:%u (master %s)", round->status->redis.host, round->status->redis.port, round->status->settings->redis_master);
		round_find(round, round_waiting(round, WAIT_STORE_AWAY, NULL, 0), "Redis at %.*s is not connected: %s", (int)address.len, address.ptr,
		     round->status->store != NULL && store_trouble(round->status->store)[0] != '\0' ? store_trouble(round->status->store)
		                                                                                    : "it was not opened yet");
		buffer_free(&address);
		return;
	}
	const struct store_facts *facts = store_facts(round->status->store);

	if (!facts->is_aof_on)
		round_find(round, (struct finding){ FINDING_WARNING, "aof", NULL },
		     "Redis keeps no append-only file, a restart loses what the log had not taken yet: set appendonly yes");
	if (facts->is_evicting_all)
		round_find(round, (struct finding){ FINDING_OUTAGE, "eviction", NULL },
		     "Redis may evict what this sidecar keeps in it (maxmemory-policy %s), so writes are refused: set maxmemory-policy noeviction, or one of "
		     "the volatile-… policies, which spare keys without a deadline", facts->policy);
	else if (!facts->is_noeviction && facts->maxmemory > 0)
		round_find(round, (struct finding){ FINDING_WARNING, "eviction", NULL },
		     "Redis may evict keys (maxmemory-policy %s; %llu so far), which peers keep: set maxmemory-policy noeviction", facts->policy,
		     (unsigned long long)facts->evicted_keys);
	check_memory(round, facts);
	if (!facts->is_notifying)
		round_find(round, (struct finding){ FINDING_WARNING, "notifications", NULL },
		     "Redis does not notify of expired keys, writes that race with a deadline may differ between datacenters: "
		     "set notify-keyspace-events Ex");
}

/* Where Redis may evict keys, it is usual that it comes near its maxmemory. Beyond it it is only when it finds nothing to evict. */
static void check_memory(struct round *round, const struct store_facts *facts)
{
	if (facts->is_evicting_all || facts->maxmemory == 0)
		return;
	uint64_t percent = facts->used_memory * 100 / facts->maxmemory;

	if (facts->used_memory > facts->maxmemory)
		round_find(round, (struct finding){ FINDING_BROKEN, "memory", NULL },
		     "Redis is full (maxmemory %llu bytes): it refuses what adds with -OOM, of peers, too; what reads or removes is served: raise "
		     "maxmemory or remove keys", (unsigned long long)facts->maxmemory);
	else if (percent >= NEARLY_FULL_PERCENT && facts->is_noeviction)
		round_find(round, (struct finding){ FINDING_WARNING, "memory", NULL },
		     "Redis uses %llu %% of its maxmemory, and refuses writes once it is full: raise maxmemory or remove keys",
		     (unsigned long long)percent);
}

static const char *trouble_check(const char *trouble)
{
	if (strcmp(trouble, CORE_TROUBLE_EXCHANGED) == 0)
		return "identity";
	return strcmp(trouble, CORE_TROUBLE_INCARNATIONS) == 0 ? "incarnations" : "unreadable";
}

/* What is gone, and what to do: once all that the outbox held is in the log. */
static void check_torn(struct round *round, const struct core_status *core)
{
	static const char *const names[PART_COUNT] = {
		[PART_POSITIONS] = CORE_POSITIONS_KEY, [PART_EPISODES] = CORE_EPISODES_KEY, [PART_VERSIONS] = CORE_VERSIONS_KEY, [PART_HOMES] = CORE_HOMES_KEY,
		[PART_OUTBOX] = CORE_OUTBOX_KEY,
	};
	struct buffer lost = { 0 };
	bool is_shipped = strcmp(core->recovery, "torn") == 0 && core->outbox_events == 0;

	for (unsigned part = 0; part < PART_COUNT; part++) {
		if ((core->lost_parts >> part & 1) == 0)
			continue;
		buffer_add_text(&lost, lost.len > 0 ? ", " : "");
		buffer_add_text(&lost, names[part]);
	}
	if (strcmp(core->trouble, CORE_TROUBLE_ADOPTING) == 0)
		round_find(round, round_waiting(round, WAIT_TORN, NULL, 0),
		     "Redis holds data and nothing of this sidecar: the own log is read first, to see whether this datacenter is new, and clients are refused "
		     "meanwhile: see that this log can be written and read");
	else if (is_shipped)
		round_find(round, round_waiting(round, WAIT_TORN, NULL, 0),
		     "Redis lost a part of what this sidecar keeps in it (%.*s), so nobody can tell whether its data is right, and clients are refused: send users "
		     "elsewhere, and remove the data (FLUSHDB in each database but %llu); then all that the logs hold comes back by itself",
		     (int)lost.len, lost.ptr, (unsigned long long)round->status->settings->redis_database);
	else
		round_find(round, round_waiting(round, WAIT_TORN, NULL, 0),
		     "Redis lost a part of what this sidecar keeps in it (%.*s), and clients are refused: send users elsewhere; the own log is read, and gets what "
		     "the outbox still holds, before it is said here what to do: see that this log can be written and read", (int)lost.len, lost.ptr);
	buffer_free(&lost);
}

static void check_limits(struct round *round, const struct core_status *core)
{
	if (core->rival_ms != 0)
		round_find(round, round_waiting(round, WAIT_RIVAL, NULL, 0), "%s", CORE_TROUBLE_RIVAL + strlen("HOMEPORT "));
	if (core->lost_parts != 0)
		check_torn(round, core);
	else if (core->trouble != NULL)
		round_find(round, (struct finding){ FINDING_OUTAGE, trouble_check(core->trouble), NULL }, "%s", core->trouble + strlen("HOMEPORT "));
	else if (core->incarnations >= CORE_INCARNATIONS_MAX)
		round_find(round, round_waiting(round, WAIT_INCARNATIONS, NULL, 0), "%s", CORE_REFUSAL_INCARNATIONS + strlen("HOMEPORT "));
	else if (core->incarnations >= CORE_INCARNATIONS_MAX / 2)
		round_find(round, (struct finding){ FINDING_WARNING, "incarnations", NULL },
		     "%llu incarnations of datacenters are remembered, with %u writes are refused: stop what restarts Redis again and again, "
		     "and see that every peer is heard", (unsigned long long)core->incarnations, CORE_INCARNATIONS_MAX);
	const struct settings *settings = round->status->settings;

	check_limit(round, WAIT_OUTBOX, core->outbox_bytes, settings->limits_outbox_bytes);
	check_limit(round, WAIT_METADATA, core->metadata_bytes, settings->limits_metadata_bytes);
}

static bool is_told(const struct round *round, uint64_t deleted_ms)
{
	return deleted_ms != 0 && round_age_ms(round, deleted_ms) < DELETED_TOLD_MS;
}

/* What is gone is gone. It is said for an hour, so that somebody hears of it. */
static void check_deleted(struct round *round, const struct core_status *core)
{
	const struct finding finding = { FINDING_WARNING, "deleted", NULL };
	unsigned long long db = (unsigned long long)round->status->settings->redis_database;

	if (is_told(round, core->log_deleted_ms))
		round_find(round, finding,
		     "somebody deleted " CORE_LOG_KEY " in Redis: if a peer says needs-resync, follow docs/operating.md there; see who touches database %llu, which is this sidecar's own", db);
	if (is_told(round, core->history_deleted_ms))
		round_find(round, finding,
		     "somebody deleted homeport:conflicts in Redis: the conflict records of this datacenter are lost (peers hold the same), open conflicts stay; see who touches database %llu, which is this sidecar's own", db);
}

static void check_homes(struct round *round, const struct core_status *core)
{
	struct buffer names = { 0 };

	if (core->homes_doubted_ms == 0)
		return;
	for (unsigned i = 1; i < core->peer_count; i++)
		if (core->peers[i].homes_doubt != HOMES_AGREE)
			buffer_add_format(&names, "%s%s %s", names.len > 0 ? ", " : "", round->status->dcs[i],
			                  core->peers[i].homes_doubt == HOMES_DIFFER ? "has others" : "was not heard");
	round_find(round, round_waiting(round, WAIT_HOMES_DIFFER, NULL, core->homes_doubted_ms),
	     "this datacenter came up with other `homes` than before, and not every peer has the same (%.*s): writes of users who live here by default "
	     "are refused: make `homes` equal in all datacenters, and restart those that differ", (int)names.len, names.len > 0 ? names.ptr : "");
	buffer_free(&names);
}

static void check_limit(struct round *round, enum wait wait, uint64_t used, uint64_t limit)
{
	const struct wait_row *row = wait_row(wait);
	uint64_t percent = used / (limit / 100);

	if (used >= limit)
		round_find(round, (struct finding){ row->after, row->finding, NULL }, "limits.%s is reached, writes are refused: see which log or peer is away",
		     row->finding);
	else if (percent >= NEARLY_FULL_PERCENT)
		round_find(round, (struct finding){ row->before, row->finding, NULL },
		     "%llu %% of limits.%s are used, then writes are refused: see which log or peer is away", (unsigned long long)percent, row->finding);
}

/* A refusal that lasts needs a person; what Redis refuses for a moment it takes when it is asked again. */
static void check_refusals(struct round *round, const struct core_status *core)
{
	uint64_t since_ms = core->refused_since_ms;

	if (since_ms == 0)
		return;
	bool is_full = strstr(core->refusal, "OOM") != NULL;
	round_find(round, round_waiting(round, WAIT_STORE_REFUSING, NULL, since_ms),
	     "Redis refuses the writes of other datacenters with \"%s\", so nothing new of them is visible here: %s", core->refusal,
	     is_full ? "raise maxmemory or remove keys" : "let Redis take writes");
}

static void add_names_of_recalled(const struct round *round, const struct core_status *core, struct buffer *out)
{
	for (unsigned i = 0; i < core->peer_count; i++) {
		if (!core->peers[i].is_recall_due)
			continue;
		if (out->len > 0)
			buffer_add_text(out, ", ");
		buffer_add_text(out, round->status->dcs[i]);
	}
}

/* Remote writes wait for the own log until our hello was read, then for the logs that still owe metadata. */
static void check_recalling(struct round *round, const struct core_status *core)
{
	struct buffer names = { 0 };

	if (!core->is_recalling || core->lost_parts != 0)
		return;
	add_names_of_recalled(round, core, &names);
	if (core->peers[0].is_recall_due)
		round_find(round, round_waiting(round, WAIT_READING, NULL, core->recalling_since_ms),
		     "remote writes wait until the own log was read to its end after the last connection to Redis, local ones are not shipped before that: "
		     "see that this log can be written and read");
	else if (names.len > 0)
		round_find(round, round_waiting(round, WAIT_RECALLING, NULL, core->recalling_since_ms),
		     "remote writes wait until the log of %.*s was read back after the last connection to Redis, local ones do not: see what is found about that log",
		     (int)names.len, names.ptr);
	else
		round_find(round, round_waiting(round, WAIT_SETTLING, NULL, core->recalling_since_ms),
		     "remote writes wait until Redis was connected and has said what became of the last local writes (%s): see what is found about Redis",
		     core->recovery != NULL ? core->recovery : "not opened");
	buffer_free(&names);
}

static void check_settings(struct round *round)
{
	const struct settings_status *reading = &round->status->reading;

	if (reading->has_failed)
		round_find(round, (struct finding){ FINDING_WARNING, "configuration", NULL },
		     "the configuration file has a mistake and was not taken over (%s): what was read %llu s ago still counts, and a restart would fail: "
		     "correct the file, send SIGHUP", reading->text, (unsigned long long)(round_age_ms(round, reading->read.steady_ms) / 1000));
}

static void check_log(struct round *round, unsigned dc)
{
	const struct log_status *log = &round->status->logs[dc];

	if (log->is_connected)
		return;
	round_find(round, round_waiting(round, WAIT_LOG_AWAY, round->status->dcs[dc], 0), "%s (%s)",
	     dc == 0 ? "the own log cannot be written, writes wait in the outbox" : "this log cannot be read, its writes are not seen here",
	     log->text[0] != '\0' ? log->text : "connecting");
}
