/* Rerun above: the id that we chose for a stream's entry was not above what the stream holds (a client chose one of the future, or a clock was set back). Redis
 * refused it, which its client was not told (release.h). It is run again, with a script that finds an id. */
#include "gather_member.h"
#include "gathering.h"
#include "proxy/core/commands/command.h"
#include "proxy/core/wire/envelope.h"
#include "promise.h"
#include "release.h"

#include <assert.h>

/* The XADD among the unit's commands: what is read beside it stands there, too. The caller frees its ARGV. False: there is none. */
static bool read_command(const struct group *group, const struct unit *unit, struct request *request)
{
	struct slice cursor = { group->bytes.ptr + unit->command_at, unit->command_len };
	struct reply list, word;
	while (reply_read(&cursor, &list) && list.type == REPLY_ARRAY) {
		struct slice arguments = cursor;
		bool is_it = reply_read(&cursor, &word) && slice_equal_nocase(word.text, SLICE("XADD"));
		for (int64_t i = 1; i < list.integer; i++)
			if (!reply_skip(&cursor))
				return false;
		if (!is_it)
			continue;
		*request = (struct request){ .argc = (uint32_t)list.integer, .argv = memory_new((size_t)list.integer * sizeof(struct slice)) };
		for (uint32_t i = 0; i < request->argc; i++) {
			bool has_word = reply_read(&arguments, &word);
			assert(has_word);
			request->argv[i] = word.text;
		}
		return true;
	}
	return false;
}

static void run_again(struct local *local, const struct group *from, const struct unit *unit, const struct request *request)
{
	const struct member *old = &from->members[unit->member_first];
	struct slice writes = { from->writes.ptr + old->write_at, old->write_len }, raw;
	enum plan pending;
	bool has_write = envelope_write_next(&writes, &pending, &local->step->changes, &raw);
	assert(has_write);
	struct write_facts facts = local->step->changes.facts;
	struct group *group = gathering_group(local, unit->protocol);
	script_end_run(&group->script);
	script_select(&group->script, unit->db);
	struct unit *added = group_add_unit(group, unit->token, unit->db);
	struct member *member = group_add_member(group);
	struct plan_world world = gather_world(local, unit->db);
	struct planned planned;
	world.is_careful = true;
	world.again = old->choice;
	changes_reset(&local->step->changes);
	const char *error = plan_command(command_find(request->argc, request->argv), request, &world,
	                                 &(struct plan_output){ group->script.out, &local->step->changes, &planned });
	assert(error == NULL);
	local->step->changes.facts = facts;
	group->script.count += planned.replies;
	gather_planned(local, group, member, &planned);
	promise_note_ids(group, from->ids_from_ms);
	group_add_slot(group, unit->token, member, 0);
	added->member_count = 1;
	added->command_len = group->bytes.len - added->command_at;
	added->db_last = group->script.db;
	local->step->status.raised_ids++;
}

void rerun_above(struct local *local, const struct group *group, const struct event *event)
{
	for (unsigned i = 0; i < group->unit_count; i++) {
		const struct unit *unit = &group->units[i];
		const struct member *member = &group->members[unit->member_first];
		struct request request = { .argv = NULL };
		if (unit->token == 0 || unit->member_count != 1 || member->choice == ID_GIVEN ||
		    !release_is_too_small(event->answered.replies[member->reply_first + member->answer]))
			continue;
		if (read_command(group, unit, &request))
			run_again(local, group, unit, &request);
		memory_free(request.argv);
	}
}
