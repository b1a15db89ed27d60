/* Group keys: the metadata of the keys that a group's writes touch. They count as under way until the store has answered. */
#include "groups.h"

/* Remote batches that touch these keys wait until the store has answered. */
void group_find_keys(struct groups *groups, struct group *group)
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
	group_begin_latent(groups, group);
	keyspace_keys(groups->keyspace, group->names, group->name_count, group->latents, group->keys);
	group->latent_count = groups->keyspace->latents.next - group->latent_first;
	if (group->latent_count == 0)
		group_drop_latent(groups, group);
	group->key_count = group->name_count;
	for (unsigned i = 0; i < group->key_count; i++)
		if (group->keys[i] != NULL)
			group->keys[i]->under_way++;
}

void group_release_keys(struct groups *groups, struct group *group)
{
	group_drop_latent(groups, group);
	for (unsigned i = 0; i < group->key_count; i++) {
		if (group->keys[i] == NULL)
			continue;
		group->keys[i]->in_flight -= group->is_sent;
		group->keys[i]->under_way--;
		keyspace_release_key(groups->keyspace, group->keys[i]);
	}
	groups->flushes_in_flight -= group->is_sent ? group->flush_count : 0;
	group->key_count = group->flush_count = 0;
}
