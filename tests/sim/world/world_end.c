/* The end of a run: everything is healed, the world comes to rest, and the auditor judges. */
#include "sidecar.h"

#include <string.h>

#include "client_ask.h"
#include "client_home.h"
#include "client_session.h"
#include "clock_trial.h"
#include "generator.h"
#include "world_clocks.h"
#include "world_homes.h"
#include "world_rules.h"

#include <string.h>

#define SETTLE_US_MAX UINT64_C(1800000000)
#define LOOK_US 400000
#define LOOKS 3                      /* quiet ones in a row: an expiry may still be on its way to its sidecar at the first */
#define APART_US 60000000
#define SWEEP_LOOKS 13               /* meanwhile dots of what is gone are found and dropped */

/* Where one DC has new rules all get them. */
static void spread_rules(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (world->dcs[i].has_new_rules)
			auditor_rules_changed(world->auditor, world_rule_changes);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (auditor_has_changed_rules(world->auditor))
			sidecar_new_rules(world, &world->dcs[i]);
}

void world_heal(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		struct dc *dc = &world->dcs[i];

		fault_heal(world, dc, FAULT_LOG_CUT, 0);
		fault_heal(world, dc, FAULT_REFUSAL, 0);
		if (world->plan.has_faults[FAULT_CLOCK])
			world_set_clock(world, dc, 0);
		fault_heal(world, dc, FAULT_FULL, 0);
		for (unsigned peer = 0; peer < world->plan.dc_count; peer++)
			fault_heal(world, dc, FAULT_LINK_CUT, peer);
		fault_store_start(world, dc, false);
		if (dc->core == NULL)
			sidecar_start(world, dc);
	}
	spread_rules(world);
}

static bool dc_is_quiet(const struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);

	if (!dc->is_open || dc->lane.count > 0 || dc->log.append_count > 0 || status->is_recalling || status->outbox_events > 0)
		return false;
	if (status->held_writes > 0 || status->moves > 0)
		return false;
	if (status->unstable_keys > 0 || status->unstable_elements > 0)
		return false;
	/* Records that ended leave within a second. */
	if (status->unsettled_episodes > 0)
		return false;
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (status->peers[i].held_events > 0)
			return false;
	return world_clock_ms(world, dc) > world->deadline_ms_max;
}

static bool world_is_quiet(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		if (!dc_is_quiet(world, &world->dcs[i]))
			return false;
	return true;
}

static bool world_rest(struct world *world, unsigned looks)
{
	uint64_t limit_us = world->now_us + SETTLE_US_MAX;
	unsigned quiet = 0;

	while (quiet < looks && world->now_us < limit_us && auditor_findings(world->auditor) == 0) {
		world_advance(world, LOOK_US);
		quiet = world_is_quiet(world) ? quiet + 1 : 0;
		/* Handlers are asked again after a while. */
		if (quiet == looks && auditor_unmerged(world->auditor) > 0)
			quiet = 0;
	}
	return quiet == looks;
}

bool world_settle(struct world *world)
{
	return world_rest(world, LOOKS);
}

static bool world_needs_resync(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		for (unsigned peer = 0; peer < world->plan.dc_count; peer++)
			if (core_status(world->dcs[i].core)->peers[peer].state == PEER_NEEDS_RESYNC)
				return true;
	return false;
}

/* Whatever a log has lost, the others are read on. But where nobody can tell what may be shipped, nothing is. */
static void judge_recovery(struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);

	/* A full log takes nothing as long as somebody does not read on. */
	if (status->is_recalling && strcmp(status->recovery, "stopped") != 0 && !(dc->limit.is_full && strcmp(status->recovery, "torn") == 0))
		auditor_find(world->auditor, "%s waits for ever (%s) for what a log has lost", world_dc_names[dc->index], status->recovery);
}

/* What can still be applied is, and each store is judged by that. */
static void audit_apart(struct world *world)
{
	bool is_blind[WORLD_DCS_MAX] = { false };

	world_advance(world, APART_US);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		judge_recovery(world, &world->dcs[i]);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		/* A trim names an id. So what a log lost of the entries below, nobody there knows to keep. */
		is_blind[i] = world->dcs[i].has_lost_metadata || (world->plan.has_streams && core_status(world->dcs[i].core)->peers[0].state == PEER_NEEDS_RESYNC);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		auditor_store_final(world->auditor, i, world->dcs[i].store, world_clock_ms(world, &world->dcs[i]));
	auditor_conclude_apart(world->auditor, is_blind);
}

/* A truncated log may leave a DC behind for good, but never silently. */
static bool truncation_ends_run(struct world *world)
{
	bool is_truncated = false, is_loud = false;

	for (unsigned i = 0; i < world->plan.dc_count; i++)
		is_truncated = is_truncated || world->dcs[i].is_truncated || world->dcs[i].limit.is_trimmed;
	if (!is_truncated)
		return false;
	world_advance(world, 5000000);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		is_loud = is_loud || world->dcs[i].alarms > 0;
	if (!world_needs_resync(world))
		return false;
	if (!is_loud)
		auditor_find(world->auditor, "a peer needs a resync and nobody raised an alarm");
	audit_apart(world);
	return true;
}

/* There is one datacenter of each name, whatever became of its store. */
static void judge_identities(struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct core_status *status = core_status(world->dcs[i].core);

		if (status->rival_ms != 0)
			auditor_find(world->auditor, "%s takes somebody for a second writer of its log", world_dc_names[i]);
		for (unsigned j = 0; j < status->peer_count; j++) {
			const struct dc *other = &world->dcs[world_global_index(&world->dcs[i], j)];
			const char *known = status->peers[j].id, *real = core_status(other->core)->peers[0].id;

			if (known[0] != '\0' && strcmp(known, real) != 0)
				auditor_find(world->auditor, "%s is %s, and %s takes it for %s", world_dc_names[other->index], real, world_dc_names[i], known);
			if (status->peers[j].stranger_ms != 0)
				auditor_find(world->auditor, "%s takes %s for a stranger", world_dc_names[i], world_dc_names[other->index]);
		}
	}
}

static void world_audit(struct world *world)
{
	judge_identities(world);
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct core_status *status = core_status(world->dcs[i].core);
		struct told_status told = { .keys = status->unstable_keys, .elements = status->unstable_elements, .outbox_events = status->outbox_events };

		for (unsigned j = 0; j < status->peer_count; j++) {
			told.held_events += status->peers[j].held_events;
			told.peers_with_other_rules += j > 0 && status->peers[j].rules_differ;
		}
		auditor_status_final(world->auditor, i, &told);
		auditor_store_final(world->auditor, i, world->dcs[i].store, world_clock_ms(world, &world->dcs[i]));
	}
	if (world->plan.has_homes)
		client_home_judge(world);
	auditor_conclude(world->auditor);
}

static void describe_peers(const struct world *world, const struct dc *dc)
{
	const struct core_status *status = core_status(dc->core);

	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct core_peer_status *peer = &status->peers[i];

		auditor_find(world->auditor, "    of %s: %s, applied %llu, known %llu, held %llu, gaps %llu, at %lld of %u", world_dc_names[world_global_index(dc, i)],
		             peer_state_text(peer->state), (unsigned long long)peer->applied_seq, (unsigned long long)peer->known_seq,
		             (unsigned long long)peer->held_events, (unsigned long long)peer->gaps, (long long)peer->log_position,
		             world->dcs[world_global_index(dc, i)].log.count);
	}
}

static void describe_unsettled(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		const struct dc *dc = &world->dcs[i];
		const struct core_status *status = core_status(dc->core);

		auditor_find(world->auditor, "%s never comes to rest: open %d, recalling %d, lane %u, appends %u, outbox %llu, keys %llu, elements %llu, records %llu, open %llu, seq %llu",
		             world_dc_names[i], dc->is_open, status->is_recalling, dc->lane.count, dc->log.append_count,
		             (unsigned long long)status->outbox_events, (unsigned long long)status->unstable_keys,
		             (unsigned long long)status->unstable_elements, (unsigned long long)status->episodes,
		             (unsigned long long)status->open_conflicts, (unsigned long long)status->seq);
		describe_peers(world, dc);
	}
}

/* Each DC takes a write again, and the world comes to rest after it: no limit is still met. Conflicts that stay open keep their metadata. */
static bool world_takes_writes(struct world *world)
{
	const struct world_limits *limits = &world->plan.limits;

	if (limits->log_bytes + limits->outbox_bytes + limits->inbox_bytes + limits->metadata_bytes == 0)
		return true;
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		/* This one has no home elsewhere. */
		uint64_t token = generator_say(world, &world->dcs[i], world->plan.has_homes ? "SET l:t0 last" : "SET l:s0 last", false);

		if (requests_find(&world->requests, token)->state == REQUEST_REFUSED && core_status(world->dcs[i].core)->open_conflicts == 0)
			auditor_find(world->auditor, "%s refuses writes although all is at rest", world_dc_names[i]);
	}
	return world_settle(world);
}

/* A clock is set wrong and right again, and the world comes to rest after it. */
static bool world_knows_clocks(struct world *world)
{
	if (!world->plan.has_faults[FAULT_CLOCK])
		return true;
	world_try_clocks(world);
	return world_settle(world);
}

void world_conclude(struct world *world)
{
	world->is_ending = true;
	world_heal(world);
	trace_line(world->trace, WORLD_DCS_MAX, "everything is healed");
	if (auditor_findings(world->auditor) > 0 || truncation_ends_run(world))
		return;
	if (world_settle(world) && world_takes_writes(world) && world_knows_clocks(world)) {
		if (world->plan.has_all_rules)
			client_ask_everything(world);
		auditor_session_rest(world->auditor);
		client_session_everywhere(world);
		world_rest(world, SWEEP_LOOKS);
		world_audit(world);
	} else if (auditor_findings(world->auditor) == 0 && !truncation_ends_run(world)) {
		describe_unsettled(world);
	}
}

bool world_run(struct world *world)
{
	uint64_t faults_us = world->plan.load_us * 5 / 4;

	for (unsigned i = 0; i < world->plan.dc_count; i++)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_LOAD, .dc = i }, dice_below(&world->dice, 20000));
	for (unsigned i = 0; i < world->plan.fault_events; i++)
		world_plan_next(world, &(struct happening){ .type = HAPPENING_FAULT }, dice_below(&world->dice, faults_us));
	world_advance(world, faults_us);
	world_conclude(world);
	for (unsigned i = 0; i < world->plan.dc_count; i++)
		client_home_count(world, &world->dcs[i]);
	world->homes_met.flips = auditor_flips(world->auditor);
	world->homes_met.unanswered = auditor_flips_unanswered(world->auditor);
	return auditor_findings(world->auditor) == 0;
}
