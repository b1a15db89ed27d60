/* Answers: the store's answer to a group is given to the room that sent the group. */
#include "core_parts.h"
#include "proxy/core/ledger/parts.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/leaving.h"
#include "proxy/core/local/release.h"

#include <assert.h>
#include <string.h>

/* The key is gone, or has no deadline. Either the deadline was lost when the key ran empty, or the key expired without our hearing of it. */
static void check_answered(struct core *core, const struct check *check, struct slice reply)
{
	bool is_gone = slice_equal(reply, SLICE(":-2\r\n"));
	bool is_known = check->deadline_ms != 0;
	if (!is_gone && !(is_known && slice_equal(reply, SLICE(":-1\r\n"))))
		return;
	if (is_known && check->deadline_ms <= (int64_t)core->step.now_ms)
		rereads_add(&core->rereads, check->db, check->key, true);
	else
		gather_untimed(core->local, check->db, check->key);
}

static void remote_answered(struct core *core, const struct group *group, const struct event *event)
{
	for (unsigned i = 0; i < group->remote.check_count; i++)
		check_answered(core, &group->remote.checks[i], event->answered.replies[group->remote.checks[i].reply]);
	for (unsigned i = 0; i < group->remote.reach_count; i++)
		core->causes.origins.items[group->remote.reaches[i].origin].confirmed = group->remote.reaches[i].seq;
	for (unsigned i = 0; i < group->remote.edit_count; i++)
		core->step.status.late_entries += reply_count(event->answered.replies[group->remote.edits[i]]);
	core->topology->is_answer_due |= group->remote.has_question;
	leaving_end(core->topology);
	homes_learn_all(core->topology, &group->remote.homes);
	for (unsigned dc = 0; dc < core->options.dc_count; dc++) {
		if (group->remote.visible_writes[dc] == 0)
			continue;
		core->causes.peers[dc].status.applied_events += group->remote.visible_writes[dc];
		if (group->remote.fresh[dc].clock != 0)
			peer_note_fresh(&core->causes, dc, &group->remote.fresh[dc]);
		struct effect *effect = effects_add(core->step.effects, EFFECT_VISIBLE);
		effect->visible.dc = dc;
		effect->visible.written_ms = group->remote.written_ms[dc];
		effect->visible.writes = group->remote.visible_writes[dc];
	}
}

static void positions_answered(struct core *core, const struct group *group)
{
	core->books.is_run_due &= !group->positions.has_run;
	if (group->positions.has_homes)
		core->topology->stored_digest = core->topology->patterns.digest;
	if (group->positions.id_changes > 0)
		core->causes.identity.stored_changes = group->positions.id_changes;
}

static void remote_aborted(struct core *core)
{
	core->groups.is_store_refusing = true;
	effects_add(core->step.effects, EFFECT_REOPEN);
}

/* Somebody emptied the store, or deleted the outbox. These writes ran there, but an outbox entry does not tell of them, so they count as never answered. */
static bool has_lost_outbox(const struct group *group, const struct event *event)
{
	return group->write_count > 0 && !release_has_entry(event->answered.replies[group->entry_reply]);
}

static void answers_take_abort(struct core *core, struct group *group, struct slice error)
{
	bool is_full = groups_note_refusal(&core->groups, group, error);
	core->step.status.aborted_groups += error.len > 0;
	if (group->kind == GROUP_REMOTE)
		groups_note_waiting(&core->groups);
	if (is_full && group->kind == GROUP_REMOTE && !group->is_for_full) {
		groups_hold_refused(&core->groups, group);
		return;
	}
	switch (group->kind) {
	case GROUP_REMOTE: remote_aborted(core); break;
	case GROUP_PROBE: settle_refused(core->recovery); break;
	case GROUP_POSITIONS:
		if (parts_refused(group))
			effects_add(core->step.effects, EFFECT_REOPEN);
		episodes_unwritten(&core->books, group);
		suspects_unwritten(&core->suspects);
		break;
	case GROUP_ASK: ask_refused(core->asks, group->ask, error); break;
	case GROUP_SWEEP: sweep_refused(core->asks); break;
	case GROUP_LOOK: torn_refused(core->recovery); break;
	case GROUP_LOCAL: case GROUP_TRIAL: break;
	}
	riders_refused(core, group);
	group_release_keys(&core->groups, group);
	group->is_sent = false;
	if (group->kind == GROUP_LOCAL && group->ask != 0)
		ask_refused(core->asks, group->ask, error);
	if (group->kind == GROUP_LOCAL)
		local_aborted(core->local, group, error);
	else
		group_free(&core->groups, group);
}

bool answers_are_ready(struct core *core, const struct event *event, unsigned *most)
{
	struct group *group = core->groups.unanswered;
	bool is_kept = event->answered.replies != NULL && group->kind == GROUP_LOCAL && !has_lost_outbox(group, event);
	return !is_kept || local_finish_some(core->local, group, event, most);
}

void answers_take(struct core *core, const struct event *event)
{
	struct group *group = groups_take_answered(&core->groups, event->answered.id);
	if (event->answered.replies == NULL) {
		answers_take_abort(core, group, event->answered.error);
		/* No group is under way. The last seqs were never used by a write that took place, so they are given out again. */
		if (core->groups.unanswered_count == 0)
			core->causes.next_seq = core->causes.answered_seq + 1;
		return;
	}
	assert(event->answered.reply_count == group->script.count);
	if (has_lost_outbox(group, event)) {
		rerun_reread(core->local, group);
		groups_add_done(&core->groups, group);
		effects_add(core->step.effects, EFFECT_REOPEN);
		return;
	}
	core->groups.is_overtaken |= core->groups.refused != NULL;
	retention_answered(&core->books, group, event);
	positions_stored(&core->books, group);
	switch (group->kind) {
	case GROUP_LOCAL:
		local_answered(core->local, group, event);
		if (group->ask != 0)
			ask_written(core->asks, group->ask, event->answered.replies[group->members[0].reply_first + group->members[0].answer]);
		break;
	case GROUP_REMOTE: remote_answered(core, group, event); break;
	case GROUP_PROBE: settle_answered(core->recovery, event); break;
	case GROUP_ASK: ask_answered(core->asks, group, event); break;
	case GROUP_SWEEP: sweep_answered(core->asks, event); break;
	case GROUP_LOOK: torn_answered(core->recovery, event); break;
	case GROUP_TRIAL: core->groups.is_store_refusing = core->groups.is_store_full = false; break;
	case GROUP_POSITIONS: positions_answered(core, group); break;
	}
	parts_made(&core->books, group);
	/* The event loop may still look at the slots. */
	groups_add_done(&core->groups, group);
}
