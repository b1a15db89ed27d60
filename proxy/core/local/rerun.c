/* Rerun: a group of local writes that the store aborted is run again, one request at a time, so that a bad command does not abort its neighbours. */
#include "finish.h"
#include "gathering.h"
#include "proxy/core/topology/moving.h"

/* Nobody repeats a write of our own that failed. So the keys that GROUP was to read back are noted again. */
void rerun_reread(struct local *local, const struct group *group)
{
	for (unsigned i = 0; group->kind == GROUP_LOCAL && i < group->unit_count; i++) {
		const struct unit *unit = &group->units[i];
		if (unit->token != 0)
			continue;
		const struct member *member = &group->members[unit->member_first];
		struct slice writes = { group->writes.ptr + member->write_at, member->write_len }, raw;
		enum plan pending;
		if (!envelope_write_next(&writes, &pending, &local->step->changes, &raw))
			continue;
		const struct change *change = &local->step->changes.items[0];
		rereads_add(local->rereads, change->db, change->key, change->kind == CHANGE_CLEAR && change->is_expiry);
	}
}

/* Copies one request of an aborted group into a group of its own. */
static void rerun_unit(struct local *local, const struct group *from, const struct unit *unit)
{
	struct group *group = group_new(local->groups, GROUP_LOCAL);
	group->protocol = unit->protocol;
	script_select(&group->script, unit->db);
	struct unit *copy = group_add_unit(group, unit->token, unit->db);
	const struct member *first = &from->members[unit->member_first];
	unsigned shift = group->script.count;
	for (unsigned i = 0; i < unit->member_count; i++) {
		const struct member *member = &first[i];
		struct member *added = group_add_member(group);
		struct slice writes = { from->writes.ptr + member->write_at, member->write_len }, raw;
		added->plan = member->plan;
		added->reply_first = member->reply_first - first->reply_first + shift;
		added->reply_count = member->reply_count;
		added->answer = member->answer;
		added->is_emptying = member->is_emptying;
		added->is_loading = member->is_loading;
		added->is_listing = member->is_listing;
		if (unit->token != 0)
			group_add_slot(group, unit->token, added, i);
		group->script.count = added->reply_first + member->reply_count;      /* SELECTs may stand in between */
		enum plan pending;
		if (member->plan == PLAN_NONE || !envelope_write_next(&writes, &pending, &local->step->changes, &raw))
			continue;
		envelope_add_write_raw(&group->writes, raw);
		added->write_len = group->writes.len - added->write_at;
		group_note_keys(group, added, &local->step->changes);
		group->write_count++;
	}
	copy->member_count = unit->member_count;
	copy->move = unit->move;
	group->move_count = unit->move != 0;
	const struct buffer *place = unit->is_plain_set ? &from->pairs : &from->bytes;
	if (unit->is_plain_set)
		buffer_add(&group->bytes, SLICE("*3\r\n$3\r\nSET\r\n"));
	buffer_add(&group->bytes, (struct slice){ place->ptr + unit->command_at, unit->command_len });
	copy->command_len = group->bytes.len - copy->command_at;
	copy->db_last = group->script.db = unit->db_last;
	gathering_close_group(local, group);
}

void rerun_pump(struct local *local)
{
	struct group *group = local->aborted;
	if (group == NULL || local->groups->unanswered_count > 0)
		return;
	if (local->units_rerun < group->unit_count) {
		rerun_unit(local, group, &group->units[local->units_rerun++]);
		return;
	}
	local->aborted = group->next;
	if (local->aborted == NULL)
		local->aborted_end = &local->aborted;
	local->units_rerun = 0;
	group_free(local->groups, group);
	rerun_pump(local);
}

/* ERR is Redis's word for a command that is wrong in itself: no limit was reached, and nobody is to be woken. */
static bool is_mistake(struct slice error)
{
	const struct slice start = SLICE("ERR ");
	return error.len > start.len && memcmp(error.ptr, start.ptr, start.len) == 0;
}

/* One bad command must not abort its neighbours: several requests are run again one by one, a single one gets its error. One that frees memory is run
 * again, too, now that the store is known to be full. */
void local_aborted(struct local *local, struct group *group, struct slice error)
{
	const struct unit *unit = &group->units[0];
	local->topology->is_asking |= group->asks;
	bool is_worth_trying = local->groups->is_store_full && group->guard == 0 && !group->is_for_full && group->ask == 0 && unit_runs_when_full(group, unit);
	if (group->unit_count == 1 && !is_worth_trying) {
		local->groups->is_store_refusing |= unit->token == 0 && !local->groups->is_store_full;
		rerun_reread(local, group);
		if (unit->move != 0)
			moving_flip_refused(local->topology, unit->move);
		/* The write of an ask has an asker who is told. */
		if (unit->token != 0 && group->ask == 0) {
			local->step->status.refused_writes += error.len > 0 && !is_mistake(error);
			step_refuse(local->step, unit->token, error);
		}
		group_free(local->groups, group);
		return;
	}
	group->next = NULL;
	*local->aborted_end = group;
	local->aborted_end = &group->next;
}

/* The groups do not run. Keys that they were to read back are noted again. */
static void drop_groups(struct local *local, struct group **list)
{
	while (*list != NULL) {
		struct group *group = *list;
		*list = group->next;
		rerun_reread(local, group);
		group_free(local->groups, group);
	}
}

static void let_go(void *context, const struct group *group)
{
	rerun_reread(context, group);
}

void local_close(struct local *local)
{
	for (unsigned lane = 0; lane < 2; lane++)
		drop_groups(local, &local->open[lane]);
	local->gathering++;
	groups_drop_unanswered(local->groups, local, let_go);
	drop_groups(local, &local->aborted);
	local->aborted_end = &local->aborted;
	local->units_rerun = 0;
	for (struct held *held; (held = held_list_take(&local->guarded)) != NULL;)
		memory_free(held);
	local->is_draining = false;
	finish_end(local);
}
