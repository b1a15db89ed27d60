/* Group build: requests, their commands, slots and keys are added to a group. */
#include "group.h"

struct unit *group_add_unit(struct group *group, uint64_t token, uint32_t db)
{
	group->units = array_reserve(group->units, group->unit_count, &group->unit_cap, sizeof *group->units);
	struct unit *unit = &group->units[group->unit_count++];
	*unit = (struct unit){ .token = token, .db = db, .db_last = db, .protocol = group->protocol, .member_first = group->member_count };
	unit->command_at = group->bytes.len;
	return unit;
}

struct member *group_add_member(struct group *group)
{
	group->members = array_reserve(group->members, group->member_count, &group->member_cap, sizeof *group->members);
	struct member *member = &group->members[group->member_count++];
	*member = (struct member){ .reply_first = group->script.count, .write_at = group->writes.len, .key_first = group->name_count };
	return member;
}

void group_add_slot(struct group *group, uint64_t token, const struct member *member, unsigned request)
{
	group->slots = array_reserve(group->slots, group->slot_count, &group->slot_cap, sizeof *group->slots);
	group->slots[group->slot_count++] = (struct slot){
		.token = token, .reply = member->reply_first + member->answer, .request = request, .is_scripted = member->plan == PLAN_SCRIPT,
		.is_grouped = member->plan == PLAN_GROUP || member->plan == PLAN_GROUP_CLAIM || member->plan == PLAN_GROUP_READ, .is_reading = member->plan == PLAN_GROUP_READ,
		.is_listing = member->is_listing, .is_loading = member->is_loading && member->answer > 0, .is_id_chosen = member->choice != ID_GIVEN,
	};
}

static struct key_name *group_add_name(struct group *group, uint32_t db, struct slice name)
{
	group->names = array_reserve(group->names, group->name_count, &group->name_cap, sizeof *group->names);
	buffer_add(&group->name_bytes, name);
	struct key_name *added = &group->names[group->name_count++];
	*added = (struct key_name){ .db = db, .name = { NULL, name.len } };
	return added;
}

/* Must recovery read the keys back if we crash before the answer? Not if only a wrong type can stop the write: recovery can ask for the type. */
bool group_is_pending(enum plan plan, const struct changes *changes)
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
	/* Nobody knows its keys until it is answered. */
	member->is_flush |= member->plan == PLAN_SCRIPT;
	member->key_count = group->name_count - member->key_first;
	group->flush_count += member->is_flush;
	group->has_whole |= plan_is_whole(member->plan);
	/* The write can be latent only if it is shipped exactly as it was intended. */
	if (group->write_count > LATENT_INDEX_MAX || !changes_are_plain(changes) || group_is_pending(member->plan, changes))
		return;
	struct key_name *name = &group->names[member->key_first];
	name->at = (uint32_t)member->write_at;
	name->index = (uint16_t)group->write_count;
	name->is_plain = true;
}
