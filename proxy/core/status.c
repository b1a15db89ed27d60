/* Status: the core's numbers for metrics and people, and its invariants. */
#include "proxy/core/records/episode.h"
#include "core_parts.h"

#include <assert.h>
#include <string.h>

const char *peer_state_text(enum peer_state state)
{
	static const char *const texts[PEER_STATE_COUNT] = {
		[PEER_RECALLING] = "recalling", [PEER_FOLLOWING] = "following", [PEER_HELD] = "held", [PEER_QUARANTINED] = "quarantined",
		[PEER_FOREIGN] = "foreign", [PEER_UNDECODABLE] = "undecodable", [PEER_NEEDS_RESYNC] = "needs-resync",
	};
	return texts[state];
}

const char *core_rule_text(unsigned rule)
{
	return rule_at(rule) != NULL ? rule_at(rule)->name : NULL;
}

const char *core_kind_text(unsigned kind)
{
	return kind < KIND_COUNT ? kind_text((enum kind)kind) : NULL;
}

const char *outcome_text(enum outcome outcome)
{
	static const char *const texts[OUTCOME_COUNT] = {
		[OUTCOME_NEWEST] = "newest", [OUTCOME_ADD_WINS] = "add-wins", [OUTCOME_SUM] = "sum", [OUTCOME_TYPE] = "type",
		[OUTCOME_PRIORITY] = "priority", [OUTCOME_OPEN] = "open",
	};
	return texts[outcome];
}

const char *move_result_text(enum move_result result)
{
	static const char *const texts[MOVE_RESULT_COUNT] = {
		[MOVE_DONE] = "done", [MOVE_UNCONFIRMED] = "unconfirmed", [MOVE_LATE] = "late", [MOVE_LOST] = "lost", [MOVE_REFUSED] = "refused", [MOVE_FORCED] = "forced", [MOVE_CLAIMED] = "claimed",
	};
	return texts[result];
}

/* The newest incarnation of a DC that has written anything; -1: none. */
static int newest_origin(const struct core *core, unsigned dc)
{
	int newest = -1;
	for (unsigned i = 0; i < core->causes.origins.count; i++)
		if (core->causes.origins.items[i].dc == dc &&
		    (newest < 0 || core->causes.origins.items[i].incarnation > core->causes.origins.items[newest].incarnation))
			newest = (int)i;
	return newest;
}

/* The newest write of a DC that our store has. The store knows it after a restart, too. */
static void fill_newest(const struct core *core, unsigned dc, struct core_peer_status *status)
{
	status->newest.incarnation = status->newest.seq = 0;
	for (unsigned i = 0; i < core->causes.origins.count; i++) {
		const struct origin *origin = &core->causes.origins.items[i];
		if (origin->dc != dc || origin->is_past || origin->confirmed == 0 || origin->incarnation < status->newest.incarnation)
			continue;
		status->newest.incarnation = origin->incarnation;
		status->newest.seq = origin->confirmed;
	}
}

static uint64_t owed_events(const struct core *core, unsigned dc)
{
	uint64_t owed = 0;
	for (unsigned i = 0; i < core->causes.origins.count; i++) {
		const struct origin *origin = &core->causes.origins.items[i];
		uint64_t known = origin->known[dc];
		if (origin->dc == 0 && !origin->is_past && origin->confirmed > known)
			owed += origin->confirmed - known;
	}
	return owed;
}

static void fill_peer(struct core *core, unsigned dc)
{
	struct peer *peer = &core->causes.peers[dc];
	struct core_peer_status *status = &peer->status;
	int origin = newest_origin(core, dc);
	status->state = peer->state;
	if (peer->state == PEER_RECALLING && core->causes.is_recalled)
		status->state = PEER_FOLLOWING;
	inbox_status(core->remote, dc, status);
	fill_newest(core, dc, status);
	status->applied_seq = origin < 0 ? 0 : core->causes.origins.items[origin].confirmed;
	status->owed_events = dc == 0 ? 0 : owed_events(core, dc);
	status->listening_since_ms = core->causes.is_open && peer->is_following && !status->is_paused ? peer->listening_since_ms : 0;
	status->rules_differ = status->rules_digest != 0 && status->rules_digest != core->policies.current->digest;
	status->log_position = peer->position;
	status->was_heard = status->id[0] != '\0' || status->heard_ms != 0 || peer->position != POSITION_BEGIN;
	core->step.status.peers[dc] = *status;
}

bool core_has_lost_metadata(const struct core *core)
{
	return core->step.status.has_lost_metadata;
}

const struct core_status *core_status(struct core *core)
{
	struct core_status *status = &core->step.status;
	status->is_open = core->causes.is_open;
	status->trouble = core->causes.trouble;
	status->lost_parts = core->causes.lost_parts;
	status->rival_ms = core->causes.identity.rival_ms;
	status->incarnations = origins_remembered(&core->causes.origins);
	status->indexes = origins_indexed(&core->causes.origins);
	status->is_recalling = !core->causes.is_recalled;
	status->is_store_refusing = core->groups.is_store_refusing;
	status->incarnation = core->causes.is_open ? core->causes.origins.items[core->causes.self].incarnation : 0;
	status->seq = core->causes.answered_seq;
	status->hlc = core->causes.hlc;
	status->rules_digest = core->policies.current->digest;
	status->is_ordering = core->policies.current->is_ordering;
	status->groups_unanswered = core->groups.unanswered_count;
	status->outbox_events = core->outbox.events;
	status->outbox_bytes = core->outbox.bytes;
	status->unstable_keys = core->keyspace.keys.count - core->keyspace.kept_keys + core->keyspace.latents.waiting;
	status->unstable_elements = core->keyspace.elements.count - core->keyspace.kept_elements;
	status->kept_keys = core->keyspace.kept_keys;
	status->metadata_bytes = keyspace_bytes(&core->keyspace);
	status->episodes = core->keyspace.episodes->count;
	const struct episodes *episodes = core->keyspace.episodes;
	status->unsettled_episodes = episodes->count - episodes->kept_count + episodes->finals.command_count + episodes->finals.last_count;
	status->open_conflicts = core->keyspace.episodes->open_count;
	status->episode_bytes = core->keyspace.episodes->bytes;
	status->stranded_writes = core->conflicts.stranded;
	memcpy(status->conflicts, core->conflicts.counts, sizeof status->conflicts);
	status->peer_count = core->options.dc_count;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++)
		fill_peer(core, dc);
	status->scripts = core->scripts.count;
	status->scripts_bytes = core->scripts.bytes;
	status->scripts_dropped = core->scripts.dropped;
	struct slice refused = { "", 0 };
	status->libraries_refused = libraries_refused(&core->scripts.libraries, &refused);
	slice_to_text(status->library_refused, sizeof status->library_refused, refused);
	slice_to_text(status->library_refusal, sizeof status->library_refusal, slice_of(core->scripts.libraries.refusal));
	topology_status(core->topology, status);
	recovery_status(core->recovery, status);
	return status;
}

static uint64_t append_list_events(const struct append_list *list)
{
	uint64_t events = 0;
	for (const struct append *append = list->first; append != NULL; append = append->next)
		events += append->events;
	return events;
}

void core_check(const struct core *core)
{
	keyspace_check(&core->keyspace);
	unsigned unanswered = 0, local = 0;
	uint64_t bytes = 0;
	for (const struct group *group = core->groups.unanswered; group != NULL; group = group->next) {
		unanswered++;
		local += group->kind == GROUP_LOCAL;
		bytes += group->sent_bytes;
	}
	assert(unanswered == core->groups.unanswered_count && local == core->groups.local_unanswered && bytes == core->groups.unanswered_bytes);
	for (unsigned i = 0; i < core->causes.origins.count; i++) {
		const struct origin *origin = &core->causes.origins.items[i];
		assert(origin->stable <= origin->applied && origin->recalled <= origin->applied);
		assert(origin->floor <= origin->kept && origin->kept <= origin->stable);
	}
	uint64_t events = 0, last_id = 0;
	for (const struct append *append = core->outbox.sent.first; append != NULL; append = append->next) {
		assert(append->id > last_id);
		last_id = append->id;
		events += append->events;
	}
	events += append_list_events(&core->outbox.waiting) + recovery_check(core->recovery);
	assert(events == core->outbox.events);
	assert(!core->causes.is_open || core->causes.next_seq > core->causes.answered_seq);
}
