/* Gather: a client's write joins the group (one transaction for the store) that is sent at the end of the turn. */
#include "gather_member.h"
#include "gathering.h"
#include "proxy/core/commands/command.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/topology/admission.h"

#include <assert.h>
#include <string.h>

static void add_facts(struct local *local, const struct command *row)
{
	local->step->changes.facts.command = slice_of(row->name);
	local->step->changes.facts.client = local->client;
}

/* A script is a write whose keys are told by its answer; that it is loaded is one that changes nothing. */
static const char *add_scripted(struct local *local, struct group *group, const struct request *request, const struct command *row, uint32_t db)
{
	struct member *member = group_add_member(group);
	struct scripts_place place = { db, local->options->reserved_db, local->books->is_whole, gather_world(local, db).ids };
	struct scripted scripted;
	const char *error = NULL;
	if (libraries_are_meant(row))
		error = libraries_command(&local->scripts->libraries, row, request, &place, group->script.out, &scripted);
	else
		scripts_command(local->scripts, row, request, &place, group->script.out, &scripted);
	if (error != NULL)
		return error;
	group->script.count += scripted.replies;
	struct planned planned = { .plan = PLAN_NONE, .replies = scripted.replies, .answer = scripted.answer };
	member->is_listing = scripted.is_listing;
	if (scripted.is_write && scripted.by_text[0] != '\0')
		planned.plan = PLAN_SCRIPT;
	else if (row->class == COMMAND_WRITE || scripted.is_new)
		planned.plan = PLAN_SCRIPT_LOAD;
	member->reply_count = planned.replies;
	member->answer = planned.answer;
	member->is_loading = scripted.is_new;
	if (planned.plan == PLAN_NONE)
		return NULL;
	changes_reset(&local->step->changes);
	add_facts(local, row);
	local->step->changes.facts.by = slice_of(scripted.by_text);
	gather_planned(local, group, member, &planned);
	return NULL;
}

/* What changes part of a string, where its rule keeps every value. */
static bool ships_whole(const struct local *local, const struct command *row, struct slice key)
{
	const struct policy *policy = local->keyspace->policy_for(local->keyspace->policy_context, key);
	return policy->is_keeping && !(policy->is_bits_merged && plan_is_bits(row->plan));
}

static const char *add_command(struct local *local, struct group *group, const struct request *request, const struct command *row, uint32_t db)
{
	if (scripts_are_meant(row) || libraries_are_meant(row))
		return add_scripted(local, group, request, row, db);
	struct member *member = group_add_member(group);
	if (row->class != COMMAND_WRITE) {
		if (request->raw.len > 0)
			buffer_add(group->script.out, request->raw);
		else
			resp_add_command(group->script.out, request->argc, request->argv);
		member->reply_count = 1;
		group->script.count++;
		return NULL;
	}
	struct plan_world world = gather_world(local, db);
	world.is_careful = local->is_careful;
	if (plan_is_patch(row->plan))
		world.is_whole = ships_whole(local, row, request->argv[1]);
	struct planned planned;
	changes_reset(&local->step->changes);
	const char *error = plan_command(row, request, &world, &(struct plan_output){ group->script.out, &local->step->changes, &planned });
	if (error == NULL) {
		add_facts(local, row);
		group->script.count += planned.replies;
		gather_planned(local, group, member, &planned);
		gather_emptiness_check(local, group, member);
	}
	return error;
}

/* The bytes of the key and the value, as the client sent them. */
static struct slice raw_pair(const struct request *request)
{
	const char *start = request->argv[0].ptr + request->argv[0].len + strlen("\r\n");
	return (struct slice){ start, (size_t)(request->raw.ptr + request->raw.len - start) };
}

static void add_plain_set(struct local *local, struct group *group, const struct request *request, const struct command *row, uint32_t db)
{
	struct member *member = group_add_member(group);
	struct plan_world world = gather_world(local, db);
	struct planned planned;
	changes_reset(&local->step->changes);
	plan_plain_set(request, &world, &local->step->changes, &planned);
	add_facts(local, row);
	if (request->raw.len > 0)
		member->reply_first = script_set(&group->script, raw_pair(request));
	else
		member->reply_first = script_set_value(&group->script, request->argv[1], request->argv[2]);
	gather_planned(local, group, member, &planned);
}

/* The sizes of a group before a request joined it, so that a refused request can be taken back as a whole. */
struct checkpoint { size_t bytes, pairs, writes, name_bytes; unsigned members, units, slots, names, flushes, write_count, splices; struct script script; };

static struct checkpoint checkpoint_take(const struct group *group)
{
	return (struct checkpoint){ group->bytes.len,    group->pairs.len,   group->writes.len, group->name_bytes.len,
		                    group->member_count, group->unit_count,  group->slot_count, group->name_count,
		                    group->flush_count,  group->write_count, group->splices.count, group->script };
}

static void checkpoint_restore(struct group *group, const struct checkpoint *checkpoint)
{
	group->name_count = checkpoint->names;
	group->name_bytes.len = checkpoint->name_bytes;
	group->bytes.len = checkpoint->bytes;
	group->splices.count = checkpoint->splices;
	group->pairs.len = checkpoint->pairs;
	group->writes.len = checkpoint->writes;
	group->member_count = checkpoint->members;
	group->unit_count = checkpoint->units;
	group->slot_count = checkpoint->slots;
	group->flush_count = checkpoint->flushes;
	group->write_count = checkpoint->write_count;
	group->script = checkpoint->script;
}

/* Where something would grow without bound, writes are refused, with a text that names the remedy. */
const char *gather_limit(const struct local *local, bool is_freeing_metadata)
{
	if (local->causes->identity.rival_ms != 0)
		return CORE_TROUBLE_RIVAL;
	if (local->outbox->bytes > local->options->outbox_bytes_max)
		return "OOM Homeport: the outbox is full (limits.outbox), as the own log takes nothing: /readyz?verbose says which log or peer is away";
	if (!is_freeing_metadata && keyspace_bytes(local->keyspace) > local->options->metadata_bytes_max)
		return "OOM Homeport: too much is not yet applied by every peer (limits.metadata), or waits for a decision: /readyz?verbose says which peer is away, HOMEPORT CONFLICTS STATUS open what is undecided";
	if (local->causes->is_crowded)
		return CORE_REFUSAL_INCARNATIONS;
	return NULL;
}

static bool has_script(const struct event *event)
{
	for (unsigned i = 0; i < event->request.count; i++)
		if (scripts_are_meant(event->request.rows[i]))
			return true;
	return false;
}

static bool has_write(const struct event *event)
{
	for (unsigned i = 0; i < event->request.count; i++)
		if (event->request.rows[i]->class == COMMAND_WRITE)
			return true;
	return false;
}

/* Adds the commands of a request and their slots. Returns NULL, or why the request is refused. */
static const char *add_commands(struct local *local, struct group *group, const struct event *event, bool is_plain_set, unsigned *mistake)
{
	local->client = event->request.client;
	local->is_careful = event->request.count > 1 || event->request.is_transaction || event->request.guard != 0;
	if (local->client.len > NOTE_CLIENT_MAX)
		local->client.len = NOTE_CLIENT_MAX;
	for (unsigned i = 0; i < event->request.count; i++) {
		const struct request *command = &event->request.commands[i];
		const struct command *row = event->request.rows[i];
		uint32_t db = event->request.dbs != NULL ? event->request.dbs[i] : event->request.db;
		const char *error = NULL;
		if (event->request.dbs != NULL)
			script_select(&group->script, db);
		if (is_plain_set)
			add_plain_set(local, group, command, row, db);
		else
			error = add_command(local, group, command, row, db);
		*mistake = event->request.is_transaction && error != NULL ? i + 1 : 0;
		if (error != NULL)
			return error;
		const struct member *member = &group->members[group->member_count - 1];
		group_add_slot(group, event->request.token, member, i);
	}
	return NULL;
}

/* Without homes this is one branch. */
void gather_request(struct local *local, const struct event *event)
{
	if (!local->topology->is_on || local->causes->trouble != NULL || admission_ask(local->topology, event, NULL))
		gather_admitted(local, event);
}

/* It goes alone, and what is gathered already may not be sent now. */
static void hold_guarded(struct local *local, const struct event *event)
{
	held_list_add(&local->guarded, held_new(event));
	effects_add(local->step->effects, EFFECT_HELD)->held.token = event->request.token;
}

void gather_guarded_pump(struct local *local)
{
	struct held *held;
	while (!local_is_holding(local) && (held = held_list_take(&local->guarded)) != NULL) {
		gather_request(local, &held->event);
		memory_free(held);
	}
}

void gather_admitted(struct local *local, const struct event *event)
{
	const char *error = local->causes->trouble;
	if (error == NULL && has_write(event))
		error = gather_limit(local, false);
	if (error != NULL) {
		local->step->status.refused_writes++;
		step_refuse(local->step, event->request.token, slice_of(error));
		return;
	}
	if (event->request.guard != 0 && local_is_holding(local)) {
		hold_guarded(local, event);
		return;
	}
	if (event->request.guard != 0)
		gathering_close(local);
	/* It may not run: it brings its scripts with it, and others do not rely on that. */
	bool brings_scripts = event->request.guard != 0 && has_script(event);
	if (brings_scripts)
		scripts_unload(local->scripts);
	struct group *group = gathering_group(local, event->request.protocol);
	group->guard = event->request.guard;
	bool is_plain_set = event->request.count == 1 && plan_is_plain_set(event->request.rows[0], &event->request.commands[0]);
	if (!is_plain_set)
		script_end_run(&group->script);
	struct checkpoint checkpoint = checkpoint_take(group);
	script_select(&group->script, event->request.db);
	const struct buffer *place = is_plain_set ? &group->pairs : &group->bytes;
	struct unit *unit = group_add_unit(group, event->request.token, event->request.db);
	unit->is_plain_set = is_plain_set;
	unit->command_at = place->len;
	unsigned mistake = 0;
	error = add_commands(local, group, event, is_plain_set, &mistake);
	if (error != NULL) {
		checkpoint_restore(group, &checkpoint);
		group->guard = 0;
		if (has_script(event))
			scripts_unload(local->scripts);
		step_refuse(local->step, event->request.token, slice_of(error))->refuse.mistake = mistake;
		return;
	}
	unit->member_count = group->member_count - unit->member_first;
	unit->command_len = place->len - unit->command_at;
	unit->db_last = group->script.db;
	if (brings_scripts)
		scripts_unload(local->scripts);
	local->step->status.local_writes += group->write_count - checkpoint.write_count;
	if (event->request.guard != 0 || (group->member_count >= local->options->group_commands_max && !local_is_holding(local)))
		gathering_close(local);
}
