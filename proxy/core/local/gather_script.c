/* Gather script: what becomes of scripts joins a group: the store keeps them, and the log tells them. */
#include "gather_member.h"
#include "gathering.h"
#include "proxy/core/scripting/libraries.h"

static void gather_news(struct local *local, struct slice field, struct slice body)
{
	struct group *group = gathering_group(local, 0);
	bool is_removal = body.ptr == NULL;
	struct planned planned = { .plan = is_removal ? PLAN_FIELDS_REMOVE : PLAN_FIELDS_SET, .replies = 1, .answer = 0 };
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

/* The store gets the libraries that came from elsewhere, or that it may have lost. */
static void gather_library_orders(struct local *local)
{
	struct buffer command = { 0 };
	char by_text[SCRIPTED_BY];
	while (libraries_next_order(&local->scripts->libraries, &command, by_text)) {
		struct group *group = gathering_group(local, 0);
		script_end_run(&group->script);
		script_select(&group->script, local->options->reserved_db);
		struct unit *unit = group_add_unit(group, 0, local->options->reserved_db);
		struct member *member = group_add_member(group);
		buffer_add(group->script.out, buffer_slice(&command));
		group->script.count++;
		if (by_text[0] == '\0') {
			member->reply_count = 1;
		} else {
			struct planned planned = { .plan = PLAN_SCRIPT_LOAD, .replies = 1 };
			changes_reset(&local->step->changes);
			local->step->changes.facts.by = slice_of(by_text);
			gather_planned(local, group, member, &planned);
		}
		unit->member_count = 1;
		unit->command_len = group->bytes.len - unit->command_at;
		command.len = 0;
	}
	buffer_free(&command);
}

void gather_scripts_pump(struct local *local)
{
	char field[sizeof SCRIPTS_FIELD + SHA1_HEX];
	struct slice body;
	struct buffer name = { 0 };
	gather_library_orders(local);
	for (unsigned i = 0; i < local->options->group_commands_max && libraries_next_news(&local->scripts->libraries, &name, &body); i++)
		gather_news(local, buffer_slice(&name), body);
	buffer_free(&name);
	for (unsigned i = 0; i < local->options->group_commands_max && scripts_next_news(local->scripts, field, &body); i++)
		gather_news(local, slice_of(field), body);
}
