#include "episode_end.h"

#include "episode.h"

void episode_drop_resolution(struct keyspace *keyspace, struct episode *episode)
{
	note_drop(keyspace, episode->resolution_note);
	if (episode->resolution.context != NULL)
		context_drop(episode->resolution.context);
	episode->resolution_note = NULL;
	episode->resolution = (struct stamp){ 0 };
}

static bool is_resolution(const struct episode *episode, const struct stamp *stamp)
{
	return episode->resolution.seq == stamp->seq && episode->resolution.origin == stamp->origin;
}

static bool sees_all(const struct stamp *stamp, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (stamp_sees(stamp, episode->stretches[i].origin) < episode->stretches[i].last_seq)
			return false;
	return true;
}

static bool is_earlier(const struct keyspace *keyspace, const struct stamp *stamp, const struct episode *episode)
{
	return episode->resolution.seq == 0 || stamp_compare(keyspace->origins, stamp, &episode->resolution) < 0;
}

/* More is known of the episode than when it was ended. It may have more writes, which what ended it has not seen. (But that may have seen a write that its
 * store lost and got back.) And what a write of ours counts as having seen, though our store had lost it, may turn out to have covered a side. */
void episode_recheck_resolution(struct keyspace *keyspace, struct episode *episode)
{
	const struct stamp *resolution = &episode->resolution;
	if (resolution->seq == 0 || (resolution->context != NULL && sees_all(resolution, episode) && episode_was_disputed(episode, resolution)))
		return;
	episode_drop_resolution(keyspace, episode);
	episode_touch(keyspace, episode);
}

/* BY has covered or killed a side. If what ended the episode had seen BY, it may not have found a decision open. */
static void recheck_after(struct keyspace *keyspace, struct episode *episode, const struct stamp *by)
{
	const struct stamp *resolution = &episode->resolution;
	if (resolution->seq == 0 || resolution->context == NULL || is_resolution(episode, by) || stamp_sees(resolution, by->origin) < by->seq)
		return;
	episode_recheck_resolution(keyspace, episode);
	episode_find_resolution(keyspace, episode);
}

void episode_take_resolution(struct keyspace *keyspace, struct episode *episode, struct episode *other)
{
	if (other->resolution.seq == 0 || !is_earlier(keyspace, &other->resolution, episode))
		return;
	episode_drop_resolution(keyspace, episode);
	episode->resolution = other->resolution;
	episode->resolution_note = other->resolution_note;
	other->resolution = (struct stamp){ 0 };
	other->resolution_note = NULL;
}

static void resolve(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	note_hold(party->note);
	episode_drop_resolution(keyspace, episode);
	episode->resolution = *party->stamp;
	context_hold(episode->resolution.context);
	episode->resolution_note = party->note;
	episode_touch(keyspace, episode);
}

/* PARTY is none of the episode's sides. The write that ends the episode may change the element twice: then its last change is the one that is told. */
static void try_to_end(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	bool is_end = is_resolution(episode, party->stamp)
		? note_is_better(party->note, episode->resolution_note, episode->element->kind)
		: episode_is_keeping(episode) && is_earlier(keyspace, party->stamp, episode) && sees_all(party->stamp, episode) && episode_was_disputed(episode, party->stamp);
	if (is_end)
		resolve(keyspace, episode, party);
}

/* A write of ours that counts as having seen what our store had lost is applied before that comes back. */
static bool consider(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct party *party)
{
	(void)side;
	if (episode_side(keyspace, episode, party->stamp) == NULL)
		try_to_end(keyspace, episode, party);
	return false;
}

/* A side tells more, or something else, than before: a write may change an element twice, and the last of it counts. What ended the episode may not have
 * found a decision open, or something may have after all. */
static void recheck_told(struct keyspace *keyspace, struct episode *episode)
{
	const struct stamp *resolution = &episode->resolution;
	if (!episode_is_keeping(episode) || (resolution->seq != 0 && resolution->context == NULL))
		return;
	episode_recheck_resolution(keyspace, episode);
	episode_visit_writes(keyspace, episode, consider, NULL);
}

static void compete(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	const struct side *side = episode_side(keyspace, episode, party->stamp);
	if (side != NULL) {
		/* The side may have been known by a mention that told less of it. And when the write is recalled, its version comes back, perhaps after what
		 * covered or killed it. */
		if (episode_upgrade_side(keyspace, episode, party)) {
			episode_find_covers(keyspace, episode, side);
			recheck_told(keyspace, episode);
		}
		episode_touch(keyspace, episode);
	} else {
		try_to_end(keyspace, episode, party);
	}
	if (episode->list == EPISODES_KEPT)
		episode_touch(keyspace, episode);
}

void episode_find_resolution(struct keyspace *keyspace, struct episode *episode)
{
	bool has_lost = false;
	for (unsigned i = 0; i < keyspace->origins->count; i++)
		has_lost |= keyspace->origins->items[i].before != NULL;
	if (!has_lost || !episode_is_keeping(episode))
		return;
	episode_visit_writes(keyspace, episode, consider, NULL);
}

void episodes_compete(struct keyspace *keyspace, struct element *element, const struct party *party)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		compete(keyspace, episode, party);
		if (!episode_is_keeping(episode))
			continue;
		episode_note_covers(keyspace, episode, party);
		recheck_after(keyspace, episode, party->stamp);
	}
}

void episodes_kill(struct keyspace *keyspace, struct element *element, const struct party *party)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		if (episode->list == EPISODES_KEPT)
			episode_touch(keyspace, episode);
		for (unsigned i = 0; episode_is_keeping(episode) && i < episode->side_count; i++) {
			const struct side *side = &episode->sides[i];
			if (!note_is_removal(side->note, element->kind) && stamp_compare(keyspace->origins, &side->stamp, party->stamp) < 0)
				episode_note_kill(keyspace, episode, side, party->stamp);
		}
		recheck_after(keyspace, episode, party->stamp);
	}
}
