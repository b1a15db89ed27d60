/* Latent take: a latent write is read and enters the metadata, because its key is looked up (keyspace_recall, keyspace_key). No
 * change is being applied then, so there is nothing to save and restore. */
#include "apply_state.h"
#include "proxy/core/groups/group.h"
#include "proxy/core/wire/envelope.h"

#include <assert.h>

static const struct change *latent_read(struct apply *apply, const struct latent *latent)
{
	const struct latent_batch *batch = latent->batch;
	struct slice writes = buffer_slice(batch->group != NULL ? &batch->group->writes : &batch->bytes), raw;
	enum plan pending;
	writes.ptr += latent->at;
	writes.len -= latent->at;
	bool has_write = envelope_write_next(&writes, &pending, &apply->latent, &raw);
	assert(has_write && apply->latent.count == 1);
	return &apply->latent.items[0];
}

static struct slice key_of(void *context, const struct latent *latent, uint32_t *db)
{
	const struct change *change = latent_read(context, latent);
	*db = change->db;
	return change->key;
}

/* Builds the same metadata as if that had been done when the write was applied or answered: the store has it, and it met no other write. */
static void apply_latent(struct apply *apply, const struct stamp *stamp, const struct change *change)
{
	struct arriving_write write = { .mode = APPLY_LOCAL, .is_under_our_rules = true, .stamp = stamp, .facts = &apply->latent.facts };
	conflicts_apply(apply->conflicts, &write, change, keyspace_key(apply->keyspace, change->db, change->key));
}

/* A latent write under way is not applied yet. Its group gets the key, as if it had looked it up at once. */
static void give_key(struct apply *apply, const struct latent *latent, const struct change *change)
{
	struct group *group = latent->batch->group;
	struct key *key = keyspace_key(apply->keyspace, change->db, change->key);
	unsigned i = 0;
	while (group->members[i].plan == PLAN_NONE || group->members[i].write_at != latent->at)
		i++;
	group->keys[group->members[i].key_first] = key;
	/* The group is just looking up its keys, because another of its writes touches this key. It will count the key itself. */
	if (group->key_count == 0)
		return;
	key->under_way++;
	key->in_flight += group->is_sent;
}

static void take(void *context, const struct latent *latent)
{
	struct apply *apply = context;
	const struct change *change = latent_read(apply, latent);
	struct stamp stamp = latent->batch->stamp;
	stamp.seq += latent->index;
	stamp.hlc += latent->index;
	if (latent->state == LATENT_UNDER_WAY)
		give_key(apply, latent, change);
	else if (!mark_is_stable(apply->keyspace, stamp.origin, stamp.seq))
		apply_latent(apply, &stamp, change);
}

void latent_open(struct apply *apply)
{
	apply->keyspace->latents.reader = (struct latent_reader){ apply, key_of, take };
}
