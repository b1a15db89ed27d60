/* Gather script: what becomes of scripts joins a group: the store keeps them, and the log tells them. */
#include "gather_member.h"
#include "gathering.h"

static void gather_news(struct local *local, struct slice field, struct slice body)
{
	struct group *group = gathering_group(local, 0);
	bool is_removal = body.ptr == NULL;
	struct planned planned = { is_removal ? PLAN_FIELDS_REMOVE : PLAN_FIELDS_SET, 1, 0 };
	script_select(&group->script, DB_RESERVED);
	script_end_run(&group->script);
	struct unit *unit = group_add_unit(group, 0, DB_RESERVED);
	struct member *member = group_add_member(group);
	struct slice words[] = { is_removal ? SLICE("HDEL") : SLICE("HSET"), SLICE(CORE_HOMES_KEY), field, body };
	script_add(&group->script, is_removal ? 3 : 4, words);
	changes_reset(&local->step->changes);
	struct change *change = changes_add(&local->step->changes, is_removal ? CHANGE_FIELD_REMOVE : CHANGE_FIELD_SET, DB_RESERVED, SLICE(CORE_HOMES_KEY));
	change->element = field;
	change->value = body;
	gather_planned(local, group, member, &planned);
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
}

void gather_scripts_pump(struct local *local)
{
	char field[sizeof SCRIPTS_FIELD + SHA1_HEX];
	struct slice body;
	for (unsigned i = 0; i < local->options->group_commands_max && scripts_next_news(local->scripts, field, &body); i++)
		gather_news(local, slice_of(field), body);
}
