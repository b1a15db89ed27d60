/* Group latent: which of a local group's writes need no metadata until somebody asks (latent.h). What is plain about a write alone was noted when it
 * joined the group (gather.c). */
#include "groups.h"

#include <assert.h>

/* True if the writes of the group count as having seen all that is applied, and we know all that is applied. */
static bool can_be_latent(const struct groups *groups, const struct group *group)
{
	return groups->causes->is_recalled && causes_are_caught_up(groups->causes) && !groups->suspects->is_suspecting &&
	       groups->keyspace->flush_count == 0 && group->flush_count == 0;
}

void group_begin_latent(struct groups *groups, struct group *group)
{
	group->latent_first = groups->keyspace->latents.next;
	if (!can_be_latent(groups, group))
		return;
	group->latents = latent_batch_new(&groups->keyspace->latents);
	group->latents->group = group;
}

bool group_is_latent(struct groups *groups, const struct group *group, const struct member *member, const struct slice *replies)
{
	if (member->key_count != 1 || group->keys[member->key_first] != NULL)
		return false;
	if (groups->onlookers->first == NULL && !group->is_lifted && !reply_is_error(replies[member->reply_first + member->answer]))
		return true;
	/* The write did not take place, or somebody has to be told that the key changed: its metadata is built now. */
	const struct key_name *name = &group->names[member->key_first];
	keyspace_key(groups->keyspace, name->db, name->name);
	assert(group->keys[member->key_first] != NULL);
	return false;
}

void group_keep_latent(struct groups *groups, struct group *group, struct shared *shared)
{
	struct latents *latents = &groups->keyspace->latents;
	if (group->latents == NULL)
		return;
	if (shared != NULL)
		latent_batch_share(latents, group->latents, shared, &group->stamp);
	else
		latent_batch_end(latents, group->latents, &group->writes, &group->stamp);
	latent_batch_drop(latents, group->latents);
	group->latents = NULL;
}

void group_drop_latent(struct groups *groups, struct group *group)
{
	struct latents *latents = &groups->keyspace->latents;
	if (group->latents == NULL)
		return;
	latents_cancel(latents, group->latent_first, group->latent_count);
	group->latents->group = NULL;
	latent_batch_drop(latents, group->latents);
	group->latents = NULL;
}
