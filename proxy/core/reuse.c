/* Reuse: indexes of past incarnations that nothing names any more are given to new ones. What may name one: contexts; dots in metadata, in
 * conflict records and on their way to the store; messages. All of that is looked through, so it is done seldom: once as many incarnations are past as
 * would be worth it. */
#include "core_parts.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/versions/sequence.h"

#define PAST_MANY 8

static void mark_contexts(const struct origins *origins, bool *is_used)
{
	for (const struct context *context = origins->contexts; context != NULL; context = context->next)
		for (uint32_t i = 0; i < context->count; i++)
			is_used[i] |= context->seqs[i] != 0;
}

static void mark_episode(const struct episode *episode, bool *is_used)
{
	for (unsigned i = 0; i < episode->side_count; i++)
		is_used[episode->sides[i].stamp.origin] = true;
	for (unsigned i = 0; i < episode->stretch_count; i++)
		is_used[episode->stretches[i].origin] = true;
	for (unsigned i = 0; i < episode->cover_count; i++)
		is_used[episode->covers[i].origin] = is_used[episode->covers[i].by_origin] = true;
	for (unsigned i = 0; i < episode->other_count; i++)
		is_used[episode->others[i].origin] = true;
	is_used[episode->first.origin] = is_used[episode->resolution.origin] = is_used[episode->pop_origin] = true;
}

static void mark_key(void *context, struct key *key)
{
	bool *is_used = context;
	for (unsigned i = 0; i < KIND_TYPES; i++)
		is_used[key->tops[i].origin] = true;
	for (const struct element *element = key->elements; element != NULL; element = element->next) {
		for (unsigned i = 0; i < element->version_count; i++)
			is_used[element->versions[i].stamp.origin] = true;
		for (unsigned i = 0; i < element->history_count; i++)
			is_used[element->histories[i].origin] = true;
		for (uint32_t i = 0; element->sequence != NULL && i < element->sequence->count; i++)
			is_used[element->sequence->ops[i]->stamp.origin] = true;
		for (const struct episode *episode = element->episodes; episode != NULL; episode = episode->next)
			mark_episode(episode, is_used);
	}
}

static void mark_keyspace(struct keyspace *keyspace, bool *is_used)
{
	const struct latents *latents = &keyspace->latents;
	keyspace_visit_taken(keyspace, mark_key, is_used);
	for (uint32_t at = latents->first; at != latents->next; at++)
		if (latents->ring[at & (latents->cap - 1)].batch != NULL)
			is_used[latents->ring[at & (latents->cap - 1)].batch->stamp.origin] = true;
	for (unsigned i = 0; i < keyspace->flush_count; i++)
		is_used[keyspace->flushes[i].stamp.origin] = true;
	for (unsigned i = 0; i < keyspace->take_over_count; i++)
		is_used[keyspace->take_overs[i].stamp.origin] = true;
	for (unsigned i = 0; i < keyspace->spills.count; i++)
		is_used[keyspace->spills.items[i].origin] = true;
}

static void mark_appends(const struct append_list *list, bool *is_used)
{
	for (const struct append *append = list->first; append != NULL; append = append->next)
		is_used[append->origin] = true;
}

static void mark_groups(const struct core *core, bool *is_used)
{
	for (const struct group *group = core->groups.unanswered; group != NULL; group = group->next)
		for (unsigned i = 0; i < group->remote.reach_count; i++)
			is_used[group->remote.reaches[i].origin] = true;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++)
		for (unsigned i = 0; i < core->books.roads[dc].mile_count; i++)
			is_used[core->books.roads[dc].miles[core->books.roads[dc].mile_head + i].origin] = true;
}

static unsigned count_past(const struct origins *origins)
{
	unsigned count = 0;
	for (unsigned i = 0; i < origins->count; i++)
		count += origins->items[i].is_past && !origins->items[i].is_unused;
	return count;
}

void reuse_pump(struct core *core)
{
	struct origins *origins = &core->causes.origins;
	core->causes.is_crowded = origins->count >= core->options.incarnations_max && origins_remembered(origins) >= core->options.incarnations_max;
	if (!core->causes.is_recalled || count_past(origins) < PAST_MANY + 2 * core->past_kept || !asks_are_idle(core->asks))
		return;
	bool *is_used = memory_new(origins->count * sizeof *is_used);
	mark_contexts(origins, is_used);
	mark_keyspace(&core->keyspace, is_used);
	mark_appends(&core->outbox.sent, is_used);
	mark_appends(&core->outbox.waiting, is_used);
	mark_appends(&core->outbox.kept, is_used);
	mark_groups(core, is_used);
	remote_mark_used(core->remote, is_used);
	for (unsigned i = 0; i < origins->count; i++)
		origins->items[i].is_unused = origins->items[i].is_past && !is_used[i] && i != core->causes.self;
	core->past_kept = count_past(origins);
	memory_free(is_used);
}
