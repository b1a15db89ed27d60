/* Readiness: the checks, and what each says and advises (see ready.h). */
#include "ready.h"

#include "base/text.h"
#include "config/value.h"

#include <stdarg.h>
#include <string.h>

#define NEARLY_FULL_PERCENT 80
#define UNHEARD_HEARTBEATS 10            /* of ours: so long a peer may tell nothing new, whatever its bound */

/* One round of all checks. */
struct round {
	const struct sidecar_status *status;
	const struct core_status *core;      /* NULL: there is none yet */
	const struct moment *now;
	finding_visit *visit;
	void *context;
	enum finding_weight gravest;
};

struct finding {
	enum finding_weight weight;
	const char *check;
	const char *dc;
};

static void check_process(struct round *round);
static void check_store(struct round *round);
static void check_memory(struct round *round, const struct store_facts *facts);
static void check_limits(struct round *round, const struct core_status *core);
static void check_limit(struct round *round, enum wait wait, uint64_t used, uint64_t limit);
static void check_refusals(struct round *round, const struct core_status *core);
static void check_recalling(struct round *round, const struct core_status *core);
static void check_log(struct round *round, unsigned dc);
static void check_resync(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_peer(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_clock(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_identity(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_held(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_hearing(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_freshness(struct round *round, const struct core_peer_status *peer, const char *dc);
static uint64_t age_of(const struct round *round, uint64_t since_ms);
static struct finding waiting(const struct round *round, enum wait wait, const char *dc, uint64_t since_ms);
static void find(struct round *round, struct finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum finding_weight readiness_check(const struct sidecar_status *status, const struct moment *now, finding_visit *visit, void *context)
{
	return readiness_find(status, status->core != NULL ? core_status(status->core) : NULL, now, visit, context);
}

enum finding_weight readiness_find(const struct sidecar_status *status, const struct core_status *core, const struct moment *now, finding_visit *visit, void *context)
{
	struct round round = { .status = status, .core = core, .now = now, .visit = visit, .context = context };

	check_process(&round);
	check_store(&round);
	for (unsigned i = 0; i < status->dc_count; i++)
		check_log(&round, i);
	if (core == NULL)
		return round.gravest;
	check_limits(&round, core);
	check_refusals(&round, core);
	check_recalling(&round, core);
	if (core->peers[0].state == PEER_NEEDS_RESYNC)
		find(&round, waiting(&round, WAIT_STOPPED, status->dcs[0], 0), "writes made here may be gone: %s", core->peers[0].why != NULL ? core->peers[0].why : "");
	for (unsigned i = 0; i < core->peer_count; i++)
		check_clock(&round, &core->peers[i], status->dcs[i]);
	for (unsigned i = 0; i < core->peer_count; i++)
		check_identity(&round, &core->peers[i], status->dcs[i]);
	for (unsigned i = 1; i < core->peer_count; i++) {
		check_hearing(&round, &core->peers[i], status->dcs[i]);
		check_freshness(&round, &core->peers[i], status->dcs[i]);
		check_peer(&round, &core->peers[i], status->dcs[i]);
	}
	return round.gravest;
}

static void check_process(struct round *round)
{
	if (round->status->is_draining)
		find(round, waiting(round, WAIT_DRAINING, NULL, 0), "a stop is under way, send clients elsewhere");
}

static void check_store(struct round *round)
{
	if (round->status->store == NULL || !store_is_open(round->status->store)) {
		struct buffer address = { 0 };

		value_add_address(&address, &round->status->settings->redis_address);
		find(round, waiting(round, WAIT_STORE_AWAY, NULL, 0), "Redis at %.*s is not connected: %s", (int)address.len, address.ptr,
		     round->status->store != NULL && store_trouble(round->status->store)[0] != '\0' ? store_trouble(round->status->store)
		                                                                                    : "it was not opened yet");
		buffer_free(&address);
		return;
	}
	const struct store_facts *facts = store_facts(round->status->store);

	if (facts->is_emptied)
		find(round, (struct finding){ FINDING_OUTAGE, "emptied", NULL },
		     "Redis lost what this sidecar keeps in it while it runs (FLUSHALL? eviction?), so data may be missing here and nothing says which: send no users "
		     "here, stop the sidecar, empty this Redis as a whole, and start the sidecar");
	if (!facts->is_aof_on)
		find(round, (struct finding){ FINDING_WARNING, "aof", NULL },
		     "Redis keeps no append-only file, a restart loses what the log had not taken yet: set appendonly yes");
	if (facts->is_evicting_all)
		find(round, (struct finding){ FINDING_OUTAGE, "eviction", NULL },
		     "Redis may evict what this sidecar keeps in it (maxmemory-policy %s), so writes are refused: set maxmemory-policy noeviction, or one of "
		     "the volatile-… policies, which spare keys without a deadline", facts->policy);
	else if (!facts->is_noeviction && facts->maxmemory > 0)
		find(round, (struct finding){ FINDING_WARNING, "eviction", NULL },
		     "Redis may evict keys (maxmemory-policy %s; %llu so far), which peers keep: set maxmemory-policy noeviction", facts->policy,
		     (unsigned long long)facts->evicted_keys);
	check_memory(round, facts);
	if (!facts->is_notifying)
		find(round, (struct finding){ FINDING_WARNING, "notifications", NULL },
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
		find(round, (struct finding){ FINDING_BROKEN, "memory", NULL },
		     "Redis is full (maxmemory %llu bytes): it refuses what adds with -OOM, of peers, too; what reads or removes is served: raise "
		     "maxmemory or remove keys", (unsigned long long)facts->maxmemory);
	else if (percent >= NEARLY_FULL_PERCENT && facts->is_noeviction)
		find(round, (struct finding){ FINDING_WARNING, "memory", NULL },
		     "Redis uses %llu %% of its maxmemory, and refuses writes once it is full: raise maxmemory or remove keys",
		     (unsigned long long)percent);
}

static const char *trouble_check(const char *trouble)
{
	if (strcmp(trouble, CORE_TROUBLE_EXCHANGED) == 0)
		return "identity";
	return strcmp(trouble, CORE_TROUBLE_INCARNATIONS) == 0 ? "incarnations" : "unreadable";
}

static void check_limits(struct round *round, const struct core_status *core)
{
	if (core->rival_ms != 0)
		find(round, waiting(round, WAIT_RIVAL, NULL, 0), "%s", CORE_TROUBLE_RIVAL + strlen("HOMEPORT "));
	if (core->trouble != NULL)
		find(round, (struct finding){ FINDING_OUTAGE, trouble_check(core->trouble), NULL }, "%s", core->trouble + strlen("HOMEPORT "));
	else if (core->incarnations >= CORE_INCARNATIONS_MAX)
		find(round, waiting(round, WAIT_INCARNATIONS, NULL, 0), "%s", CORE_REFUSAL_INCARNATIONS + strlen("HOMEPORT "));
	else if (core->incarnations >= CORE_INCARNATIONS_MAX / 2)
		find(round, (struct finding){ FINDING_WARNING, "incarnations", NULL },
		     "%llu incarnations of datacenters are remembered, with %u writes are refused: stop what restarts Redis again and again, "
		     "and see that every peer is heard", (unsigned long long)core->incarnations, CORE_INCARNATIONS_MAX);
	const struct settings *settings = round->status->settings;

	check_limit(round, WAIT_OUTBOX, core->outbox_bytes, settings->limits_outbox_bytes);
	check_limit(round, WAIT_METADATA, core->metadata_bytes, settings->limits_metadata_bytes);
}

static void check_limit(struct round *round, enum wait wait, uint64_t used, uint64_t limit)
{
	const struct wait_row *row = wait_row(wait);
	uint64_t percent = used / (limit / 100);

	if (used >= limit)
		find(round, (struct finding){ row->after, row->finding, NULL }, "limits.%s is reached, writes are refused: see which log or peer is away",
		     row->finding);
	else if (percent >= NEARLY_FULL_PERCENT)
		find(round, (struct finding){ row->before, row->finding, NULL },
		     "%llu %% of limits.%s are used, then writes are refused: see which log or peer is away", (unsigned long long)percent, row->finding);
}

/* A refusal that lasts needs a person; what Redis refuses for a moment it takes when it is asked again. */
static void check_refusals(struct round *round, const struct core_status *core)
{
	uint64_t since_ms = core->refused_since_ms;

	if (since_ms == 0)
		return;
	bool is_full = strstr(core->refusal, "OOM") != NULL;
	find(round, waiting(round, WAIT_STORE_REFUSING, NULL, since_ms),
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

	if (!core->is_recalling)
		return;
	add_names_of_recalled(round, core, &names);
	if (core->peers[0].is_recall_due)
		find(round, waiting(round, WAIT_READING, NULL, core->recalling_since_ms),
		     "remote writes wait until the own log was read to its end after the last connection to Redis, local ones are not shipped before that: "
		     "see that this log can be written and read");
	else if (names.len > 0)
		find(round, waiting(round, WAIT_RECALLING, NULL, core->recalling_since_ms),
		     "remote writes wait until the log of %.*s was read back after the last connection to Redis, local ones do not: see what is found about that log",
		     (int)names.len, names.ptr);
	else
		find(round, waiting(round, WAIT_SETTLING, NULL, core->recalling_since_ms),
		     "remote writes wait until Redis was connected and has said what became of the last local writes (%s): see what is found about Redis",
		     core->recovery != NULL ? core->recovery : "not opened");
	buffer_free(&names);
}

static void check_log(struct round *round, unsigned dc)
{
	const struct log_status *log = &round->status->logs[dc];

	if (log->is_connected)
		return;
	find(round, waiting(round, WAIT_LOG_AWAY, round->status->dcs[dc], 0), "%s (%s)",
	     dc == 0 ? "the own log cannot be written, writes wait in the outbox" : "this log cannot be read, its writes are not seen here",
	     log->text[0] != '\0' ? log->text : "connecting");
}

static void check_peer(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	switch (peer->state) {
	case PEER_UNDECODABLE:
		if (peer->is_beyond_incarnations)
			find(round, waiting(round, WAIT_UNDECODABLE, dc, 0),
			     "a message after position %lld of its log names more incarnations of datacenters than can be told apart (%u), nothing after it is "
			     "applied: stop what restarts Redis servers again and again, see that every datacenter hears the others, then restart this sidecar",
			     (long long)peer->log_position, CORE_INCARNATIONS_KNOWN_MAX);
		else
			find(round, waiting(round, WAIT_UNDECODABLE, dc, 0),
			     "a message after position %lld of its log cannot be read, nothing after it is applied: see the log for why; "
			     "upgrade this sidecar if the message is of a newer version", (long long)peer->log_position);
		break;
	case PEER_NEEDS_RESYNC:
		check_resync(round, peer, dc);
		break;
	case PEER_QUARANTINED:
		find(round, waiting(round, WAIT_QUARANTINED, dc, 0),
		     "its clock is at least %lld s ahead of this one (clock.quarantine), so nothing that it writes is applied: set its clock, and this ends "
		     "with its next message; if nobody does, what waits now is applied in %llu s", (long long)peer->clock_ahead.min_ms / 1000,
		     (unsigned long long)(peer->quarantine_until_ms > round->now->unix_ms ? peer->quarantine_until_ms - round->now->unix_ms : 0) / 1000);
		break;
	case PEER_HELD:
		check_held(round, peer, dc);
		break;
	case PEER_RECALLING:
	case PEER_FOLLOWING:
	case PEER_FOREIGN:
	case PEER_STATE_COUNT:
		break;
	}
	if (peer->is_paused)
		find(round, waiting(round, WAIT_PAUSED, dc, peer->waiting_since_ms),
		     "its log is not read on, as limits.inbox is reached and nothing of it could be applied for %llu s: see the other findings about it for the reason",
		     (unsigned long long)age_of(round, peer->waiting_since_ms) / 1000);
	if (peer->rules_differ)
		find(round, (struct finding){ FINDING_WARNING, "rules", dc }, "its conflict rules are not the ones here, make the rules equal everywhere");
}

/* Which clock is wrong, or that nobody can tell (proxy/core/causes/clock_verdict.c). */
static void check_clock(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	bool is_own = dc == round->status->dcs[0];
	bool is_exact = clock_span_is_known(&peer->clock_ahead);
	const char *side = peer->clock_off_ms < 0 ? "behind" : "ahead of";
	double seconds = (double)(peer->clock_off_ms < 0 ? -peer->clock_off_ms : peer->clock_off_ms) / 1000;

	if (peer->clock_verdict == CLOCK_WRONG && is_own)
		find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "the clock here is %.3f s %s those of the other datacenters, which agree: set this one, and see that NTP runs here (chronyc tracking)",
		     seconds, side);
	else if (peer->clock_verdict == CLOCK_WRONG)
		find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is %.3f s %s those of the other datacenters, which agree: set it, and see that NTP runs there (chronyc tracking)", seconds, side);
	else if (peer->clock_verdict == CLOCK_DIFFERS && is_exact)
		find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is %.3f s %s this one, and of two nobody can tell which is wrong: compare both with a third (chronyc tracking), set the wrong one",
		     seconds, side);
	else if (peer->clock_verdict == CLOCK_DIFFERS)
		find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is at least %.3f s ahead of this one, and it has not heard from here yet: compare both with a third (chronyc tracking), set the wrong one",
		     (double)peer->clock_ahead.min_ms / 1000);
}

/* Whose messages are read, of a peer or (the first) of this datacenter, and whom a peer reads in our place. */
static void check_identity(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	const char *own = round->status->dcs[0];
	bool is_own = dc == own;
	struct finding broken = waiting(round, WAIT_FOREIGN, dc, 0);

	if (peer->state == PEER_FOREIGN && is_own)
		find(round, broken, "the own log holds the messages of another datacenter, \"%s\", and is not read: correct `log` and restart this sidecar",
		     peer->foreign_dc);
	else if (peer->state == PEER_FOREIGN)
		find(round, broken, "what is read as its log is the log of %s%s\"%s\", nothing of it is applied: correct peers.%s.log and restart this sidecar",
		     strcmp(peer->foreign_dc, own) == 0 ? "this datacenter itself, " : "", strcmp(peer->foreign_dc, own) == 0 ? "" : "another datacenter, ",
		     peer->foreign_dc, dc);
	if (peer->stranger_ms != 0 && round->now->steady_ms < peer->stranger_ms + round->status->settings->alarms_heartbeat_age_ms)
		find(round, broken, "%s is written by another datacenter of the same name (id %s, not %s), nothing that it writes is applied: %s",
		     is_own ? "the own log" : "its log", peer->stranger_id, peer->id,
		     is_own ? "stop the one of the two that does not belong there, or correct `log`"
		            : "stop it, or correct where the log is read (peers); docs/operating.md says how to accept it as a new beginning");
	if (peer->is_following_other)
		find(round, broken, "it takes a datacenter with another id for \"%s\" (id %s) and does not apply what is written here: "
		     "correct there where this log is read (peers.%s.log), or stop the other sidecar that is called \"%s\"",
		     own, round->status->core == NULL ? "" : core_status(round->status->core)->peers[0].id, own, own);
}

/* What is here is the same before and after a restart, so that is what is named. */
static void check_resync(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	const char *why = peer->why != NULL ? peer->why : "";

	if (peer->newest.seq == 0)
		find(round, waiting(round, WAIT_NEEDS_RESYNC, dc, 0), "%s. No write of it is here", why);
	else
		find(round, waiting(round, WAIT_NEEDS_RESYNC, dc, 0), "%s. The last write of it that is here is %s/%llu/%llu", why, dc,
		     (unsigned long long)peer->newest.incarnation, (unsigned long long)peer->newest.seq);
}

static void check_held(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	struct finding finding = waiting(round, WAIT_HELD, dc, peer->waiting_since_ms);
	unsigned long long count = peer->held_events;

	if (peer->waiting_for == 0)
		find(round, finding, "what it sent (%llu writes so far) waits for writes of this datacenter that its Redis and its log no longer have: see needs-resync in docs/operating.md",
		     count);
	else
		find(round, finding, "what it sent (%llu writes so far) waits for writes of %s that it depends on and that are not here: see what is found about %s, here and there",
		     count, round->status->dcs[peer->waiting_for], round->status->dcs[peer->waiting_for]);
}

/* A peer that says nothing, or that does not hear what is said here. */
static void check_hearing(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	unsigned long long silent_s = status_heard_age_ms(round->status, peer, round->now) / 1000;
	uint64_t unheard_since_ms = peer->unheard_since_ms + UNHEARD_HEARTBEATS * round->status->settings->heartbeat_ms;
	struct finding silent = waiting(round, WAIT_SILENT, dc, 0);
	bool is_silent = status_is_silent(round->status, peer, round->now);
	bool is_understood = peer->unheard_since_ms == 0 || peer->listening_since_ms == 0 || peer->is_following_other || !round->status->logs[0].is_connected;

	if (is_silent && !peer->was_heard)
		find(round, silent, "it was never heard, and this sidecar started %llu s ago: see that peers.%s.log leads to its log, and that its sidecar runs",
		     silent_s, dc);
	else if (is_silent)
		find(round, silent, "nothing was heard from it %s %llu s%s, so how far this datacenter is behind it is unknown: see that its sidecar runs and that its "
		     "log can be reached, by it and from here", peer->heard_ms == 0 ? "since this sidecar started," : "for", silent_s,
		     peer->heard_ms == 0 ? " ago" : "");
	else if (!is_understood)
		find(round, waiting(round, WAIT_UNHEARD, dc, unheard_since_ms),
		     "it is heard, but has heard nothing from here for %llu s: see there that `peers` names this datacenter \"%s\" and leads to this log, and that "
		     "this log can be read from there", (unsigned long long)age_of(round, peer->unheard_since_ms) / 1000, round->status->dcs[0]);
}

/* Data that is old, for whatever reason. While our own Redis is away, that is the reason, and no peer is to blame. */
static void check_freshness(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	int64_t staleness_ms = status_staleness_ms(peer, round->now);
	uint64_t stale_ms = staleness_ms < 0 ? 0 : (uint64_t)staleness_ms;

	if (round->core->is_open && stale_ms > round->status->settings->alarms_staleness_ms)
		find(round, waiting(round, WAIT_STALE, dc, 0),
		     "its writes of the last %llu s may not be visible here: see the other findings about it, here and there, for the reason",
		     (unsigned long long)stale_ms / 1000);
}

static uint64_t age_of(const struct round *round, uint64_t since_ms)
{
	return since_ms > round->now->steady_ms ? 0 : round->now->steady_ms - since_ms;
}

/* SINCE_MS: 0 where whoever finds it has looked at the bound, or where there is none. */
static struct finding waiting(const struct round *round, enum wait wait, const char *dc, uint64_t since_ms)
{
	return (struct finding){ wait_weight(wait, round->status->settings, age_of(round, since_ms)), wait_row(wait)->finding, dc };
}

static void find(struct round *round, struct finding finding, const char *format, ...)
{
	struct buffer text = { 0 };
	va_list args;

	if (finding.weight > round->gravest)
		round->gravest = finding.weight;
	if (round->visit == NULL || finding.weight == FINDING_NONE)
		return;
	va_start(args, format);
	buffer_add_vformat(&text, format, args);
	va_end(args);
	buffer_add_byte(&text, '\0');
	round->visit(round->context, finding.weight, finding.check, finding.dc, text.ptr);
	buffer_free(&text);
}
