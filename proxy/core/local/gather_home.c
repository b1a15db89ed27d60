/* Gather home: what moves of users write joins a group, and what has waited for them is looked at again (topology/). */
#include "gather_member.h"
#include "gathering.h"
#include "proxy/core/topology/admission.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/moving.h"
#include "proxy/core/topology/waiting.h"

/* An ordinary write of a hash field: the log carries the home behind the user's writes. */
static void gather_flip(struct local *local, const struct move *move)
{
	struct buffer value = { 0 };
	struct group *group = gathering_group(local, 0);
	struct planned planned = { .plan = PLAN_FIELDS_SET, .replies = 1 };
	homes_write(local->topology, &value, move->epoch, move->dc, move->is_forced);
	script_select(&group->script, DB_RESERVED);
	script_end_run(&group->script);
	struct unit *unit = group_add_unit(group, 0, DB_RESERVED);
	struct member *member = group_add_member(group);
	unit->move = move->number;
	group->move_count++;
	script_add(&group->script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_HOMES_KEY), move->user, buffer_slice(&value) });
	changes_reset(&local->step->changes);
	struct change *change = changes_add(&local->step->changes, CHANGE_FIELD_SET, DB_RESERVED, SLICE(CORE_HOMES_KEY));
	change->element = move->user;
	change->value = buffer_slice(&value);
	gather_planned(local, group, member, &planned);
	/* As long as a take-over is under way, nothing may be applied here that it has not seen. */
	group->flush_count += move->is_forced && !member->is_flush;
	member->is_flush |= move->is_forced;
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
	buffer_free(&value);
}

void gather_homes_pump(struct local *local)
{
	const struct move *move;
	struct held *held;
	/* As many as clients' commands go into one group: the store does nothing else meanwhile. */
	for (unsigned i = 0; i < local->options->group_commands_max && (move = moving_next_flip(local->topology)) != NULL; i++)
		gather_flip(local, move);
	while ((held = waiting_take_ready(local->topology)) != NULL) {
		if (!admission_ask(local->topology, &held->event, held))
			continue;
		gather_admitted(local, &held->event);
		waiting_let_go(local->topology, held);
	}
}

void gather_homes_answered(struct local *local, const struct group *group, const struct event *event)
{
	uint64_t seq = group->stamp.seq;
	unsigned at = 0;
	for (unsigned i = 0; group->move_count > 0 && i < group->unit_count; i++) {
		const struct unit *unit = &group->units[i];
		const struct member *member = &group->members[unit->member_first];
		for (; at < unit->member_first; at++)
			seq += group->members[at].plan != PLAN_NONE;
		if (unit->move == 0)
			continue;
		if (reply_is_error(event->answered.replies[member->reply_first + member->answer]))
			moving_flip_refused(local->topology, unit->move);
		else
			moving_flipped(local->topology, unit->move, seq);
	}
}
