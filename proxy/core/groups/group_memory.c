/* Group memory: many groups are needed each second, so a few empty ones of usual size are kept for reuse. */
#include "groups.h"

#define SPARE_GROUPS 8
#define SPARE_MEMBERS_MAX 4096

struct group *group_new(struct groups *groups, enum group_kind kind)
{
	struct group *group = groups->spare;
	if (group == NULL) {
		group = memory_new(sizeof *group);
	} else {
		groups->spare = group->next;
		groups->spare_count--;
		group->next = NULL;
	}
	group->kind = kind;
	group->id = ++groups->next_id;
	group->script.out = &group->bytes;
	group->script.pairs = &group->pairs;
	group->script.splices = &group->splices;
	group->script.reserved_db = groups->options->reserved_db;
	buffer_add(&group->bytes, SLICE("*1\r\n$5\r\nMULTI\r\n"));
	if (kind == GROUP_LOCAL)
		buffer_grow(&group->writes, GROUP_HEADER_ROOM);
	return group;
}

static void group_free_memory(struct group *group)
{
	buffer_free(&group->bytes);
	buffer_free(&group->writes);
	buffer_free(&group->payload);
	buffer_free(&group->pairs);
	buffer_free(&group->name_bytes);
	memory_free(group->splices.items);
	memory_free(group->pieces);
	memory_free(group->members);
	memory_free(group->units);
	memory_free(group->slots);
	memory_free(group->names);
	memory_free(group->keys);
	memory_free(group->remote.reaches);
	memory_free(group->remote.checks);
	memory_free(group);
}

/* Returns an empty group that reuses GROUP's memory. */
static struct group group_emptied(struct group *group)
{
	buffer_reset(&group->bytes);
	buffer_reset(&group->writes);
	buffer_reset(&group->payload);
	buffer_reset(&group->pairs);
	buffer_reset(&group->name_bytes);
	return (struct group){
		.bytes = group->bytes, .writes = group->writes, .payload = group->payload, .pairs = group->pairs,
		.name_bytes = group->name_bytes, .pieces = group->pieces, .piece_cap = group->piece_cap,
		.splices = { .items = group->splices.items, .cap = group->splices.cap },
		.members = group->members, .member_cap = group->member_cap, .units = group->units, .unit_cap = group->unit_cap,
		.slots = group->slots, .slot_cap = group->slot_cap, .names = group->names, .name_cap = group->name_cap,
		.keys = group->keys, .key_cap = group->key_cap,
		.remote = {
			.reaches = group->remote.reaches, .reach_cap = group->remote.reach_cap,
			.checks = group->remote.checks, .check_cap = group->remote.check_cap,
		},
	};
}

void group_free(struct groups *groups, struct group *group)
{
	group_release_keys(groups, group);
	if (group->stamp.context != NULL)
		context_drop(group->stamp.context);
	spills_free(&group->riders.spills);
	buffer_free(&group->riders.ends);
	buffer_free(&group->remote.homes.pairs);
	memory_free(group->remote.edits);
	for (unsigned i = 0; i < group->remote.check_count; i++)
		bytes_free(group->remote.checks[i].key);
	if (groups->spare_count == SPARE_GROUPS || group->member_cap > SPARE_MEMBERS_MAX || group->key_cap > SPARE_MEMBERS_MAX) {
		group_free_memory(group);
		return;
	}
	*group = group_emptied(group);
	group->next = groups->spare;
	groups->spare = group;
	groups->spare_count++;
}

void group_free_spare(struct groups *groups)
{
	while (groups->spare != NULL) {
		struct group *group = groups->spare;
		groups->spare = group->next;
		group_free_memory(group);
	}
	groups->spare_count = 0;
}
