/* Gather: a local write joins the group that goes to the store at the end of the turn (data path, steps 2 to 4). */
#include "proxy/core/commands/command.h"
#include "proxy/core/state.h"
#include "proxy/core/conflicts/fraction.h"

#include <assert.h>
#include <string.h>

/* The group that requests of this protocol join; 0: any, for our own writes. */
static struct group *open_group(struct core *core, unsigned protocol)
{
	unsigned lane = protocol == 3 || (protocol == 0 && core->open[0] == NULL) ? 1 : 0;
	if (core->open[lane] == NULL) {
		core->open[lane] = group_new(core, GROUP_LOCAL);
		core->open[lane]->protocol = lane == 1 ? 3 : 2;
	}
	return core->open[lane];
}

void gather_close(struct core *core)
{
	for (unsigned lane = 0; lane < 2; lane++) {
		struct group *group = core->open[lane];
		core->open[lane] = NULL;
		if (group != NULL)
			group_close_local(core, group);
	}
	core->gathering++;
}

struct unit *group_add_unit(struct group *group, uint64_t token, uint32_t db)
{
	if (group->unit_count == group->unit_cap) {
		group->unit_cap = group->unit_cap ? group->unit_cap * 2 : 16;
		group->units = memory_resize(group->units, group->unit_cap * sizeof(struct unit));
	}
	struct unit *unit = &group->units[group->unit_count++];
	*unit = (struct unit){ .token = token, .db = db, .protocol = group->protocol, .member_first = group->member_count };
	unit->command_at = group->bytes.len;
	return unit;
}

struct member *group_add_member(struct group *group)
{
	if (group->member_count == group->member_cap) {
		group->member_cap = group->member_cap ? group->member_cap * 2 : 16;
		group->members = memory_resize(group->members, group->member_cap * sizeof(struct member));
	}
	struct member *member = &group->members[group->member_count++];
	*member = (struct member){ .reply_first = group->script.count, .write_at = group->writes.len, .key_first = group->name_count };
	return member;
}

void group_add_slot(struct group *group, uint64_t token, unsigned reply, unsigned request)
{
	if (group->slot_count == group->slot_cap) {
		group->slot_cap = group->slot_cap ? group->slot_cap * 2 : 16;
		group->slots = memory_resize(group->slots, group->slot_cap * sizeof(struct slot));
	}
	group->slots[group->slot_count++] = (struct slot){ token, reply, request };
}

static struct key_name *group_add_name(struct group *group, uint32_t db, struct slice name)
{
	if (group->name_count == group->name_cap) {
		group->name_cap = group->name_cap ? group->name_cap * 2 : 16;
		group->names = memory_resize(group->names, group->name_cap * sizeof(struct key_name));
	}
	buffer_add(&group->name_bytes, name);
	struct key_name *added = &group->names[group->name_count++];
	*added = (struct key_name){ .db = db, .name = { NULL, name.len } };
	return added;
}

/* Must a crash before the answer make recovery read the keys back? Where only a wrong type can stop the write, recovery can tell. */
static bool is_pending(enum plan plan, const struct changes *changes)
{
	if (plan_certainty(plan) != CERTAINTY_CHECKED)
		return plan_certainty(plan) == CERTAINTY_PENDING;
	for (unsigned i = 0; i < changes->count; i++)
		if (changes->items[i].kind == CHANGE_SET || changes->items[i].kind == CHANGE_CLEAR)
			return true;
	return false;
}

void group_note_keys(struct group *group, struct member *member, const struct changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		if (changes->items[i].kind == CHANGE_FLUSH)
			member->is_flush = true;
		else
			group_add_name(group, changes->items[i].db, changes->items[i].key);
	}
	member->key_count = group->name_count - member->key_first;
	group->flush_count += member->is_flush;
	/* Is it shipped as it stands? */
	if (group->write_count > LATENT_INDEX_MAX || !changes_are_plain(changes) || is_pending(member->plan, changes))
		return;
	struct key_name *name = &group->names[member->key_first];
	name->at = (uint32_t)member->write_at;
	name->index = (uint16_t)group->write_count;
	name->is_plain = true;
}

bool gather_touches(const struct core *core, uint32_t db, struct slice key)
{
	for (unsigned lane = 0; lane < 2; lane++) {
		const struct group *group = core->open[lane];
		size_t at = 0;
		for (unsigned i = 0; group != NULL && i < group->name_count; i++) {
			struct slice name = { group->name_bytes.ptr + at, group->names[i].name.len };
			if (group->names[i].db == db && slice_equal(name, key))
				return true;
			at += name.len;
		}
	}
	return false;
}

/* The writes' keys count as under way until the store answers: a remote batch that touches them waits. */
void group_find_keys(struct core *core, struct group *group)
{
	const char *at = buffer_slice(&group->name_bytes).ptr;
	for (unsigned i = 0; i < group->name_count; i++) {
		group->names[i].name.ptr = at;
		at += group->names[i].name.len;
	}
	if (group->name_count > group->key_cap) {
		group->key_cap = group->name_count;
		group->keys = memory_resize(group->keys, group->key_cap * sizeof(struct key *));
	}
	group_begin_latent(core, group);
	keyspace_keys(&core->keyspace, group->names, group->name_count, group->latents, group->keys);
	group->latent_count = core->keyspace.latents.next - group->latent_first;
	if (group->latent_count == 0)
		group_drop_latent(core, group);
	group->key_count = group->name_count;
	for (unsigned i = 0; i < group->key_count; i++)
		if (group->keys[i] != NULL)
			group->keys[i]->under_way++;
}

/* Finishes MEMBER with what was planned: its store commands are in place. */
static void add_planned(struct core *core, struct group *group, struct member *member, const struct planned *planned)
{
	member->plan = planned->plan;
	member->reply_count = planned->replies;
	member->answer = planned->answer;
	enum plan pending = is_pending(planned->plan, &core->changes) ? planned->plan : PLAN_NONE;
	envelope_add_write(&group->writes, pending, &core->changes);
	member->write_len = group->writes.len - member->write_at;
	group_note_keys(group, member, &core->changes);
	group->write_count++;
}

static struct plan_world world_of(const struct core *core, uint32_t db)
{
	return (struct plan_world){
		.now_ms = core->now_ms, .db = db, .reserved_db = core->options.reserved_db, .databases = core->options.databases,
	};
}

/* A collection that runs empty loses its deadline: nobody else would know (docs/replication-model.md, rule 8). */
static void add_emptiness_check(struct core *core, struct group *group, struct member *member)
{
	if (!plan_can_empty(member->plan) || core->changes.count == 0)
		return;
	script_add(&group->script, 2, (struct slice[]){ SLICE("EXISTS"), core->changes.items[0].key });
	member->reply_count++;
	member->is_emptying = true;
}

static void add_facts(struct core *core, const struct command *row)
{
	core->changes.facts.command = slice_of(row->name);
	core->changes.facts.client = core->client;
}

static const char *add_command(struct core *core, struct group *group, const struct request *request, const struct command *row, uint32_t db)
{
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
	struct plan_world world = world_of(core, db);
	struct planned planned;
	changes_reset(&core->changes);
	const char *error = plan_command(row, request, &world, group->script.out, &core->changes, &planned);
	if (error == NULL) {
		add_facts(core, row);
		group->script.count += planned.replies;
		add_planned(core, group, member, &planned);
		add_emptiness_check(core, group, member);
	}
	return error;
}

/* What follows the command's name, as it came. */
static struct slice raw_pair(const struct request *request)
{
	const char *start = request->argv[0].ptr + request->argv[0].len + strlen("\r\n");
	return (struct slice){ start, (size_t)(request->raw.ptr + request->raw.len - start) };
}

static void add_plain_set(struct core *core, struct group *group, const struct request *request, const struct command *row, uint32_t db)
{
	struct member *member = group_add_member(group);
	struct plan_world world = world_of(core, db);
	struct planned planned;
	changes_reset(&core->changes);
	plan_plain_set(request, &world, &core->changes, &planned);
	add_facts(core, row);
	if (request->raw.len > 0)
		member->reply_first = script_set(&group->script, raw_pair(request));
	else
		member->reply_first = script_set_value(&group->script, request->argv[1], request->argv[2]);
	add_planned(core, group, member, &planned);
}

static void refuse(struct core *core, uint64_t token, const char *text)
{
	struct effect *effect = effects_add(core->effects, EFFECT_REFUSE);
	effect->refuse.token = token;
	effect->refuse.error = slice_of(text);
	core->status.refused_writes++;
}

/* What the group looked like, to take a request back whole. */
struct checkpoint { size_t bytes, pairs, writes, name_bytes; unsigned members, units, slots, names, flushes, write_count; struct script script; };

static struct checkpoint checkpoint_take(const struct group *group)
{
	return (struct checkpoint){ group->bytes.len, group->pairs.len, group->writes.len, group->name_bytes.len, group->member_count, group->unit_count,
		                    group->slot_count, group->name_count, group->flush_count, group->write_count, group->script };
}

static void checkpoint_restore(struct group *group, const struct checkpoint *checkpoint)
{
	group->name_count = checkpoint->names;
	group->name_bytes.len = checkpoint->name_bytes;
	group->bytes.len = checkpoint->bytes;
	group->pairs.len = checkpoint->pairs;
	group->writes.len = checkpoint->writes;
	group->member_count = checkpoint->members;
	group->unit_count = checkpoint->units;
	group->slot_count = checkpoint->slots;
	group->flush_count = checkpoint->flushes;
	group->write_count = checkpoint->write_count;
	group->script = checkpoint->script;
}

/* Limits: what would grow without bound is refused instead, with the remedy. */
const char *gather_limit(const struct core *core)
{
	if (core->outbox_bytes > core->options.outbox_bytes_max)
		return "OOM Homeport: the log has been unreachable for too long and the outbox is full (limits.outbox); bring the log back";
	if (keyspace_bytes(&core->keyspace) > core->options.metadata_bytes_max)
		return "OOM Homeport: too much is not yet applied by every peer (limits.metadata); bring the peers back or remove a lost one";
	return NULL;
}

static bool has_write(const struct event *event)
{
	for (unsigned i = 0; i < event->request.count; i++)
		if (event->request.rows[i]->class == COMMAND_WRITE)
			return true;
	return false;
}

/* The request's commands, each with its client's slot. Returns why not. */
static const char *add_commands(struct core *core, struct group *group, const struct event *event, bool is_plain_set)
{
	core->client = event->request.client;
	if (core->client.len > NOTE_CLIENT_MAX)
		core->client.len = NOTE_CLIENT_MAX;
	for (unsigned i = 0; i < event->request.count; i++) {
		const struct request *command = &event->request.commands[i];
		const struct command *row = event->request.rows[i];
		const char *error = NULL;
		if (is_plain_set)
			add_plain_set(core, group, command, row, event->request.db);
		else
			error = add_command(core, group, command, row, event->request.db);
		if (error != NULL)
			return error;
		const struct member *member = &group->members[group->member_count - 1];
		group_add_slot(group, event->request.token, member->reply_first + member->answer, i);
	}
	return NULL;
}

void gather_request(struct core *core, const struct event *event)
{
	const char *error = has_write(event) ? gather_limit(core) : NULL;
	if (error != NULL) {
		refuse(core, event->request.token, error);
		return;
	}
	assert(!event->request.is_guarded || !core_is_holding(core));
	if (event->request.is_guarded)
		gather_close(core);
	struct group *group = open_group(core, event->request.protocol);
	bool is_plain_set = event->request.count == 1 && plan_is_plain_set(event->request.rows[0], &event->request.commands[0]);
	if (!is_plain_set)
		script_end_run(&group->script);
	struct checkpoint checkpoint = checkpoint_take(group);
	script_select(&group->script, event->request.db);
	const struct buffer *place = is_plain_set ? &group->pairs : &group->bytes;
	struct unit *unit = group_add_unit(group, event->request.token, event->request.db);
	unit->is_plain_set = is_plain_set;
	unit->command_at = place->len;
	error = add_commands(core, group, event, is_plain_set);
	if (error != NULL) {
		checkpoint_restore(group, &checkpoint);
		refuse(core, event->request.token, error);
		return;
	}
	unit->member_count = group->member_count - unit->member_first;
	unit->command_len = place->len - unit->command_at;
	core->status.local_writes += group->write_count - checkpoint.write_count;
	if (event->request.is_guarded || (group->member_count >= core->options.group_commands_max && !core_is_holding(core)))
		gather_close(core);
}

/* ---- our own writes: they execute reads and ship what they found ---- */

static struct group *begin_internal(struct core *core, uint64_t token, uint32_t db)
{
	struct group *group = open_group(core, 0);
	script_select(&group->script, db);
	script_end_run(&group->script);
	group_add_unit(group, token, db);
	return group;
}

static void add_internal(struct core *core, struct group *group, uint32_t db, const struct planned *planned)
{
	struct unit *unit = &group->units[group->unit_count - 1];
	struct member *member = group_add_member(group);
	group->script.count += planned->replies;
	add_planned(core, group, member, planned);
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
	assert(group->script.db == db);
}

void gather_readback(struct core *core, uint32_t db, struct slice key, bool is_expired)
{
	struct group *group = begin_internal(core, 0, db);
	struct plan_world world = world_of(core, db);
	struct planned planned;
	changes_reset(&core->changes);
	plan_readback(&world, key, is_expired, group->script.out, &core->changes, &planned);
	add_internal(core, group, db, &planned);
}

void gather_untimed(struct core *core, uint32_t db, struct slice key)
{
	struct group *group = begin_internal(core, 0, db);
	struct planned planned = { PLAN_UNTIMED, 1, 0 };
	changes_reset(&core->changes);
	changes_add(&core->changes, CHANGE_EXPIRE, db, key);
	resp_add_command(&group->bytes, 2, (struct slice[]){ SLICE("PERSIST"), key });
	add_internal(core, group, db, &planned);
}

void gather_asked(struct core *core, const struct asked *asked, enum plan plan, unsigned argc, const struct slice *argv)
{
	struct group *group = begin_internal(core, asked->token, asked->db);
	struct unit *unit = &group->units[group->unit_count - 1];
	struct member *member = group_add_member(group);
	struct planned planned = { plan, 1, 0 };
	script_add(&group->script, argc, argv);
	add_planned(core, group, member, &planned);
	for (unsigned i = 0; i < member->key_count; i++)
		group->names[member->key_first + i].is_plain = false;
	member->ask = asked->token;
	add_emptiness_check(core, group, member);
	unit->member_count = 1;
	unit->command_len = group->bytes.len - unit->command_at;
	core->status.local_writes++;
}

void gather_settles(struct core *core)
{
	for (unsigned i = 0; i < core->conflicts.settle_count; i++) {
		struct settle *settle = &core->conflicts.settles[i];
		struct group *group = begin_internal(core, 0, settle->db);
		struct plan_world world = world_of(core, settle->db);
		struct planned planned;
		changes_reset(&core->changes);
		plan_settle(&world, settle->kind, settle->key, settle->element, group->script.out, &core->changes, &planned);
		add_internal(core, group, settle->db, &planned);
		settle_free(settle);
	}
	core->conflicts.settle_count = 0;
}
