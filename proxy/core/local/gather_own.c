/* Gather own: writes of the core itself join a group. Read-backs execute reads and ship what they found; asks write what was decided. */
#include "gather_member.h"
#include "gathering.h"
#include "promise.h"
#include "proxy/core/conflicts/fraction.h"

#include <assert.h>

static struct group *begin_internal(struct local *local, uint64_t token, uint32_t db)
{
	struct group *group = gathering_group(local, 0);
	script_select(&group->script, db);
	script_end_run(&group->script);
	group_add_unit(group, token, db);
	return group;
}

static void add_internal(struct local *local, struct group *group, uint32_t db, const struct planned *planned)
{
	struct unit *unit = &group->units[group->unit_count - 1];
	struct member *member = group_add_member(group);
	group->script.count += planned->replies;
	gather_planned(local, group, member, planned);
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
	assert(group->script.db == db);
}

void gather_readback(struct local *local, uint32_t db, struct slice key, bool is_expired)
{
	struct group *group = begin_internal(local, 0, db);
	struct plan_world world = gather_world(local, db);
	struct planned planned;
	changes_reset(&local->step->changes);
	plan_readback(&world, key, is_expired, &(struct plan_output){ group->script.out, &local->step->changes, &planned });
	add_internal(local, group, db, &planned);
	promise_note_ids(group, IDS_OF_ANY_TIME);
}

void gather_untimed(struct local *local, uint32_t db, struct slice key)
{
	struct group *group = begin_internal(local, 0, db);
	struct planned planned = { .plan = PLAN_UNTIMED, .replies = 1 };
	changes_reset(&local->step->changes);
	changes_add(&local->step->changes, CHANGE_EXPIRE, db, key);
	resp_add_command(&group->bytes, 2, (struct slice[]){ SLICE("PERSIST"), key });
	add_internal(local, group, db, &planned);
}

void gather_asked(struct local *local, uint64_t token, uint32_t db, const struct told_command *command)
{
	struct group *group = begin_internal(local, token, db);
	struct unit *unit = &group->units[group->unit_count - 1];
	struct member *member = group_add_member(group);
	struct planned planned = { .plan = command->plan, .replies = 1 };
	script_add(&group->script, command->argc, command->argv);
	gather_planned(local, group, member, &planned);
	for (unsigned i = 0; i < member->key_count; i++)
		group->names[member->key_first + i].is_plain = false;
	group->ask = token;
	gather_emptiness_check(local, group, member);
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
	local->step->status.local_writes++;
}

void gather_roundings(struct local *local)
{
	for (unsigned i = 0; i < local->conflicts->rounding_count; i++) {
		struct rounding *rounding = &local->conflicts->roundings[i];
		struct group *group = begin_internal(local, 0, rounding->db);
		struct plan_world world = gather_world(local, rounding->db);
		struct planned planned;
		changes_reset(&local->step->changes);
		plan_round(&world, rounding->kind, rounding->key, rounding->element, &(struct plan_output){ group->script.out, &local->step->changes, &planned });
		add_internal(local, group, rounding->db, &planned);
		rounding_free(rounding);
	}
	local->conflicts->rounding_count = 0;
}
