/* Episode finish: a conflict ends when all of its writes are stable and it waits for no decision. Then its record moves from the hash to the stream. */
#include "episode_writing.h"
#include "proxy/core/versions/forget.h"

#include <assert.h>

#define FINISH_MS 100
#define WARM_MAX 64

static bool is_stable(const struct books *books, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (!mark_is_stable(books->keyspace, episode->stretches[i].origin, episode->stretches[i].last_seq))
			return false;
	return true;
}

/* True if no write can still arrive that changes the record. The conflict may wait for a decision all the same. */
static bool is_final(const struct books *books, const struct episode *episode)
{
	if (!is_stable(books, episode))
		return false;
	/* An older write may still arrive that is concurrent with the resolution, and be named as the resolution instead. */
	if (episode->resolution.seq != 0 && !mark_is_stable(books->keyspace, episode->resolution.origin, episode->resolution.seq))
		return false;
	/* Without a resolution, the writes that covered sides must be stable, too. A write concurrent with them may have found the conflict open. */
	return episode->resolution.seq != 0 || episode_covers_are_stable(books->keyspace, episode);
}

static void add_final(struct books *books, struct writing *writing, struct episode *episode)
{
	writing_fill(writing, episode);
	episode_set_stored(episode, buffer_slice(writing->id));
	entries_add(books, &books->keyspace->episodes->finals, buffer_slice(writing->record));
}

static void finish(struct books *books, struct episode *episode)
{
	struct element *element = episode->element;
	episode_tell_merged(books, episode, episode->stored_id);
	books->step->status.records[episode_status(episode)]++;
	episode_free(books->keyspace, episode);
	keyspace_settle_element(books->keyspace, element);
}

/* Cache misses are batched: the keys of a pack are prefetched together before the first is looked at. */
static void pack_warm(const struct pack *pack)
{
	struct key *keys[WARM_MAX];
	unsigned count = 0;
	for (const struct episode *episode = pack->first; episode != NULL; episode = episode->packed_after) {
		memory_warm(episode->element, sizeof *episode->element);
		memory_warm(episode->sides, episode->side_count * sizeof *episode->sides);
	}
	for (const struct episode *episode = pack->first; episode != NULL && count < WARM_MAX; episode = episode->packed_after) {
		keys[count++] = episode->element->key;
		for (unsigned i = 0; i < episode->side_count; i++)
			memory_warm(episode->sides[i].note, 1);
	}
	keyspace_warm(keys, count);
}

/* When the last episode of a pack ends, the pack is removed, too. */
static void finish_pack(struct books *books, struct writing *writing, struct pack *pack)
{
	struct episodes *episodes = books->keyspace->episodes;
	pack_warm(pack);
	bool is_known = pack_is_known(pack, books->policies->current->digest);
	if (is_known) {
		entries_reserve(books, &episodes->finals, pack->records.len);
		buffer_add(&episodes->finals.last, pack->records);
		episodes->finals.last_count += pack->count;
	}
	pack_leave_store(episodes, pack);
	for (struct episode *episode = pack->first, *next; episode != NULL; episode = next) {
		next = episode->packed_after;
		if (!is_known)
			add_final(books, writing, episode);
		finish(books, episode);
	}
}

/* All records of a pack end together. If one of them waits for a person, the pack is broken up, so that the others do not. */
static bool is_pack_finished(struct books *books, struct pack *pack)
{
	for (const struct episode *episode = pack->first; episode != NULL; episode = episode->packed_after)
		if (!is_final(books, episode))
			return false;
	for (const struct episode *episode = pack->first; episode != NULL; episode = episode->packed_after) {
		if (!episode_is_kept(episode))
			continue;
		if (pack->count > 1)
			pack_break(books->keyspace, pack);
		return false;
	}
	return true;
}

/* The record of this conflict is not in the hash, and need not be written there any more. */
static void finish_unpacked(struct books *books, struct writing *writing, struct episode *episode)
{
	bool is_waiting = episode->element != NULL && episode->pack == NULL && episode->list == EPISODES_WAITING;
	if (!is_waiting || !is_final(books, episode) || episode_is_kept(episode))
		return;
	add_final(books, writing, episode);
	finish(books, episode);
}

/* Very many conflicts may wait for a person. So we look only until all that remember covers were found. */
static void forget_covers(struct books *books)
{
	uint64_t left = books->keyspace->episodes->covered_count;
	for (struct episode *episode = books->keyspace->episodes->lists[EPISODES_KEPT]; left > 0; episode = episode->listed_after) {
		assert(episode != NULL);
		if (episode->cover_count == 0)
			continue;
		left--;
		if (is_stable(books, episode) && episode_forget_covers(books->keyspace, episode))
			episode_touch(books->keyspace, episode);
	}
}

/* Ends the conflicts whose writes are all stable. Does nothing before more became stable, and at most every FINISH_MS. */
void episodes_pump(struct books *books, bool is_moved)
{
	struct episodes *episodes = books->keyspace->episodes;
	episodes->is_pruned &= !is_moved;
	bool is_due = books->step->steady_ms - episodes->pruned_ms >= FINISH_MS;
	if (episodes->is_pruned || !is_due)
		return;
	forget_covers(books);
	struct writing writing;
	writing_begin(&writing, books, true);
	for (unsigned i = 0; i < episodes->dirty_count; i++)
		finish_unpacked(books, &writing, episodes->dirty[i]);
	for (struct pack *pack = episodes->packs[EPISODES_WAITING], *next; pack != NULL; pack = next) {
		next = pack->after;
		if (is_pack_finished(books, pack))
			finish_pack(books, &writing, pack);
	}
	writing_end(&writing);
	episodes->is_pruned = true;
	episodes->pruned_ms = books->step->steady_ms;
}
