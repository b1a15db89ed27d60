#include "ready_peers.h"

#include "ready_round.h"

#include <string.h>

#define UNHEARD_HEARTBEATS 10            /* of ours: so long a peer may tell nothing new, whatever its bound */

static void check_clock(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_identity(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_hearing(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_freshness(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_order(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_peer(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_resync(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_quarantine(struct round *round, const struct core_peer_status *peer, const char *dc);
static void check_held(struct round *round, const struct core_peer_status *peer, const char *dc);

void ready_check_peers(struct round *round)
{
	const struct core_status *core = round->core;
	const char *const *dcs = round->status->dcs;

	for (unsigned i = 0; i < core->peer_count; i++)
		check_clock(round, &core->peers[i], dcs[i]);
	for (unsigned i = 0; i < core->peer_count; i++)
		check_identity(round, &core->peers[i], dcs[i]);
	for (unsigned i = 1; i < core->peer_count; i++) {
		check_hearing(round, &core->peers[i], dcs[i]);
		check_freshness(round, &core->peers[i], dcs[i]);
		check_order(round, &core->peers[i], dcs[i]);
		check_peer(round, &core->peers[i], dcs[i]);
	}
}

static void check_peer(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	switch (peer->state) {
	case PEER_UNDECODABLE:
		if (peer->is_beyond_incarnations)
			round_find(round, round_waiting(round, WAIT_UNDECODABLE, dc, 0),
			     "a message after position %lld of its log names more incarnations of datacenters than can be told apart (%u), nothing after it is "
			     "applied: stop what restarts Redis servers again and again, see that every datacenter hears the others, then restart this sidecar",
			     (long long)peer->log_position, CORE_INCARNATIONS_KNOWN_MAX);
		else
			round_find(round, round_waiting(round, WAIT_UNDECODABLE, dc, 0),
			     "a message after position %lld of its log cannot be read, nothing after it is applied: see the log for why; "
			     "upgrade this sidecar if the message is of a newer version", (long long)peer->log_position);
		break;
	case PEER_NEEDS_RESYNC:
		check_resync(round, peer, dc);
		break;
	case PEER_QUARANTINED:
		check_quarantine(round, peer, dc);
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
	if (peer->is_paused && peer->waiting_since_ms != 0)
		round_find(round, round_waiting(round, WAIT_PAUSED, dc, peer->waiting_since_ms),
		     "its log is not read on, as limits.inbox is reached and nothing of it could be applied for %llu s: see the other findings about it for the reason",
		     (unsigned long long)round_age_ms(round, peer->waiting_since_ms) / 1000);
	if (peer->rules_differ)
		round_find(round, (struct finding){ FINDING_WARNING, "rules", dc }, "its conflict rules are not the ones here, make the rules equal everywhere");
}

/* A log that is paused does not tell that its writer's clock was set right. */
static void check_quarantine(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	const char *end = peer->is_paused ? "set its clock; as limits.inbox is reached, its log is not read on, and that is not seen here: raise limits.inbox, and restart this sidecar"
	                                  : "set its clock, and this ends with its next message";

	round_find(round, round_waiting(round, WAIT_QUARANTINED, dc, 0),
	     "its clock was at least %lld s ahead of this one (clock.quarantine), so nothing that it writes is applied: %s; if nobody does, what waits now is "
	     "applied in %llu s", (long long)peer->clock_ahead.min_ms / 1000, end,
	     (unsigned long long)(peer->quarantine_until_ms > round->now->unix_ms ? peer->quarantine_until_ms - round->now->unix_ms : 0) / 1000);
}

/* Which clock is wrong, or that nobody can tell (proxy/core/causes/clock_verdict.c). */
static void check_clock(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	bool is_own = dc == round->status->dcs[0];
	bool is_exact = clock_span_is_known(&peer->clock_ahead);
	const char *side = peer->clock_off_ms < 0 ? "behind" : "ahead of";
	double seconds = (double)(peer->clock_off_ms < 0 ? -peer->clock_off_ms : peer->clock_off_ms) / 1000;

	if (peer->clock_verdict == CLOCK_WRONG && is_own)
		round_find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "the clock here is %.3f s %s those of the other datacenters, which agree: set this one, and see that NTP runs here (chronyc tracking)",
		     seconds, side);
	else if (peer->clock_verdict == CLOCK_WRONG)
		round_find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is %.3f s %s those of the other datacenters, which agree: set it, and see that NTP runs there (chronyc tracking)", seconds, side);
	else if (peer->clock_verdict == CLOCK_DIFFERS && is_exact)
		round_find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is %.3f s %s this one, and of two nobody can tell which is wrong: compare both with a third (chronyc tracking), set the wrong one",
		     seconds, side);
	else if (peer->clock_verdict == CLOCK_DIFFERS)
		round_find(round, (struct finding){ FINDING_WARNING, "drift", dc },
		     "its clock is at least %.3f s ahead of this one, and it has not heard from here yet: compare both with a third (chronyc tracking), set the wrong one",
		     (double)peer->clock_ahead.min_ms / 1000);
}

/* Whose messages are read, of a peer or (the first) of this datacenter, and whom a peer reads in our place. */
static void check_identity(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	const char *own = round->status->dcs[0];
	bool is_own = dc == own;
	struct finding broken = round_waiting(round, WAIT_FOREIGN, dc, 0);

	if (peer->state == PEER_FOREIGN && is_own)
		round_find(round, broken, "the own log holds the messages of another datacenter, \"%s\", and is not read: correct `log` and restart this sidecar",
		     peer->foreign_dc);
	else if (peer->state == PEER_FOREIGN)
		round_find(round, broken, "what is read as its log is the log of %s%s\"%s\", nothing of it is applied: correct peers.%s.log and restart this sidecar",
		     strcmp(peer->foreign_dc, own) == 0 ? "this datacenter itself, " : "", strcmp(peer->foreign_dc, own) == 0 ? "" : "another datacenter, ",
		     peer->foreign_dc, dc);
	if (peer->stranger_ms != 0 && round->now->steady_ms < peer->stranger_ms + round->status->settings->alarms_heartbeat_age_ms)
		round_find(round, broken, "%s is written by another datacenter of the same name (id %s, not %s), nothing that it writes is applied: %s",
		     is_own ? "the own log" : "its log", peer->stranger_id, peer->id,
		     is_own ? "stop the one of the two that does not belong there, or correct `log`"
		            : "stop it, or correct where the log is read (peers); docs/operating.md says how to accept it as a new beginning");
	if (peer->is_following_other)
		round_find(round, broken, "it takes a datacenter with another id for \"%s\" (id %s) and does not apply what is written here: "
		     "correct there where this log is read (peers.%s.log), or stop the other sidecar that is called \"%s\"",
		     own, round->status->core == NULL ? "" : core_status(round->status->core)->peers[0].id, own, own);
}

/* What is here is the same before and after a restart, so that is what is named. */
static void check_resync(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	const char *why = peer->why != NULL ? peer->why : "";

	if (peer->newest.seq == 0)
		round_find(round, round_waiting(round, WAIT_NEEDS_RESYNC, dc, 0), "%s. No write of it is here", why);
	else
		round_find(round, round_waiting(round, WAIT_NEEDS_RESYNC, dc, 0), "%s. The last write of it that is here is %s/%llu/%llu", why, dc,
		     (unsigned long long)peer->newest.incarnation, (unsigned long long)peer->newest.seq);
}

static void check_held(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	struct finding finding = round_waiting(round, WAIT_HELD, dc, peer->waiting_since_ms);
	unsigned long long count = peer->held_events;

	if (peer->waiting_for == 0)
		round_find(round, finding, "what it sent (%llu writes so far) waits for writes of this datacenter that its Redis and its log no longer have: see needs-resync in docs/operating.md",
		     count);
	else
		round_find(round, finding, "what it sent (%llu writes so far) waits for writes of %s that it depends on and that are not here: see what is found about %s, here and there",
		     count, round->status->dcs[peer->waiting_for], round->status->dcs[peer->waiting_for]);
}

/* A peer that says nothing, or that does not hear what is said here. */
static void check_hearing(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	unsigned long long silent_s = status_heard_age_ms(round->status, peer, round->now) / 1000;
	uint64_t unheard_since_ms = peer->unheard_since_ms + UNHEARD_HEARTBEATS * round->status->settings->heartbeat_ms;
	struct finding silent = round_waiting(round, WAIT_SILENT, dc, 0);
	bool is_silent = status_is_silent(round->status, peer, round->now);
	bool is_understood = peer->unheard_since_ms == 0 || peer->listening_since_ms == 0 || peer->is_following_other || !round->status->logs[0].is_connected;

	if (is_silent && !peer->was_heard)
		round_find(round, silent, "it was never heard, and this sidecar started %llu s ago: see that peers.%s.log leads to its log, and that its sidecar runs",
		     silent_s, dc);
	else if (is_silent)
		round_find(round, silent, "nothing was heard from it %s %llu s%s, so how far this datacenter is behind it is unknown: see that its sidecar runs and that its "
		     "log can be reached, by it and from here", peer->heard_ms == 0 ? "since this sidecar started," : "for", silent_s,
		     peer->heard_ms == 0 ? " ago" : "");
	else if (!is_understood)
		round_find(round, round_waiting(round, WAIT_UNHEARD, dc, unheard_since_ms),
		     "it is heard, but has heard nothing from here for %llu s: see there that `peers` names this datacenter \"%s\" and leads to this log, and that "
		     "this log can be read from there", (unsigned long long)round_age_ms(round, peer->unheard_since_ms) / 1000, round->status->dcs[0]);
}

/* Data that is old, for whatever reason. While our own Redis is away, that is the reason, and no peer is to blame. */
static void check_freshness(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	int64_t staleness_ms = status_staleness_ms(peer, round->now);
	uint64_t stale_ms = staleness_ms < 0 ? 0 : (uint64_t)staleness_ms;

	if (round->core->is_open && stale_ms > round->status->settings->alarms_staleness_ms)
		round_find(round, round_waiting(round, WAIT_STALE, dc, 0),
		     "its writes of the last %llu s may not be visible here: see the other findings about it, here and there, for the reason",
		     (unsigned long long)stale_ms / 1000);
}

/* Nothing newer is shown of streams that are read in order. */
static void check_order(struct round *round, const struct core_peer_status *peer, const char *dc)
{
	uint64_t since_ms = peer->ordered_at_ms > peer->listening_since_ms ? peer->ordered_at_ms : peer->listening_since_ms;

	if (!round->core->is_ordering || !round->core->is_open || peer->listening_since_ms == 0)
		return;
	round_find(round, round_waiting(round, WAIT_ORDER, dc, since_ms),
	     "it has not said for %llu s up to when its entries of streams are here, so XREAD shows nothing newer of streams that a rule reads in order (stream: ordered): "
	     "see the other findings about it for the reason; if it is gone for good, take it out of `peers`, or take `stream: ordered` out of the rules",
	     (unsigned long long)round_age_ms(round, since_ms) / 1000);
}
