/* Episode store: writes the records of conflicts to the store. Changed records go with the next group of remote writes, in its transaction, or within a
 * second with a group that saves positions. So no saved position lets the log forget a write that a record still has to tell of. When a conflict
 * has ended, one transaction moves its record from the hash to the conflicts stream. */
#include "episode_writing.h"
#include "proxy/core/versions/forget.h"

#include <assert.h>
#include <string.h>

/* As many records are kept until they are over: that soon all will be, and memory need not be had for more where a datacenter lags. */
#define FINALS_MAX 10000
#define PACKED_LEN_MAX 1024          /* longer records are not packed */

/* ---- the hash ---- */

static bool is_to_be_kept(const struct books *books, const struct episode *episode)
{
	return books->keyspace->episodes->count <= FINALS_MAX && episode_is_told_for_good(episode);
}

static void filling_close(struct books *books, struct writing *writing, struct filling *filling)
{
	if (filling->pack == NULL)
		return;
	struct slice records = buffer_slice(&filling->records);
	pack_keep_records(books->keyspace, filling->pack, filling->is_known ? records : SLICE(""), books->policies->current->digest);
	resp_add_bulk(writing->pairs, filling->pack->name);
	resp_add_bulk(writing->pairs, records);
	writing->pair_count++;
	filling->pack = NULL;
	filling->records.len = 0;
}

/* Adds the episode's present record to the pack that is being filled. */
static void filling_add(struct books *books, struct writing *writing, struct filling *filling, struct episode *episode)
{
	if (filling->pack == NULL) {
		/* It stands alone, under its name, and has changed. */
		filling->pack = episode->pack != NULL ? episode->pack : pack_new(books->keyspace, buffer_slice(writing->id), episode->list);
		filling->is_known = true;
		pack_move(books->keyspace->episodes, filling->pack, episode->list);
	}
	if (episode->pack != filling->pack)
		pack_add(filling->pack, episode);
	episode->packed_policy = episode->element->key->policy;
	filling->pack->changed = 0;
	filling->is_known &= is_to_be_kept(books, episode);
	records_add(&filling->records, buffer_slice(writing->record));
}

static void place(struct books *books, struct writing *writing, struct episode *episode)
{
	struct filling *filling = &writing->fillings[episode->list];
	if (episode->pack == NULL && episode->has_company && writing->record->len <= PACKED_LEN_MAX) {
		if (filling->records.len + writing->record->len > RECORDS_LEN_MAX)
			filling_close(books, writing, filling);
		filling_add(books, writing, filling, episode);
		return;
	}
	struct filling alone = { .records = { 0 } };
	filling_add(books, writing, &alone, episode);
	filling_close(books, writing, &alone);
	buffer_free(&alone.records);
}

static void write_one(struct books *books, struct writing *writing, struct episode *episode)
{
	writing_fill(writing, episode);
	enum record_status status = writing->telling.status;
	struct slice id = buffer_slice(writing->id);
	if (episode->pack != NULL && (episode->pack->count > 1 || !slice_equal(episode->pack->name, id)))
		pack_break(books->keyspace, episode->pack);
	episode_set_stored(episode, id);
	episode_tell_merged(books, episode, id);
	episode_note_status(books->keyspace->episodes, episode, status, writing->telling.is_kept);
	episode->is_dirty = false;
	place(books, writing, episode);
	if (status == RECORD_OPEN && !episode->is_told) {
		entries_add(books, &writing->opened, buffer_slice(writing->record));
		episode->is_told = episode->was_told = true;
	}
}

/* Writes all changed records. If a record changed, the others of its pack are written anew, too. */
static void write_dirty(struct books *books, struct writing *writing)
{
	struct episodes *episodes = books->keyspace->episodes;
	for (unsigned i = 0; i < episodes->dirty_count; i++)
		if (episodes->dirty[i]->element != NULL && episodes->dirty[i]->pack != NULL)
			episodes->dirty[i]->pack->changed++;
	for (unsigned i = 0; i < episodes->dirty_count; i++) {
		if (episodes->dirty[i]->element == NULL)
			memory_free(episodes->dirty[i]);
		else
			write_one(books, writing, episodes->dirty[i]);
	}
	for (unsigned list = 0; list < EPISODE_LISTS; list++)
		filling_close(books, writing, &writing->fillings[list]);
	entries_close(books, &writing->opened);
	episodes->dirty_count = 0;
	episodes->is_pruned = false;
}

/* While metadata is being recalled, no record is written: it might call a side alive that a write not recalled yet has killed or covered. */
bool episodes_are_pending(const struct books *books)
{
	const struct episodes *episodes = books->keyspace->episodes;
	if (!books->causes->is_recalled)
		return false;
	return episodes->dirty_count > 0 || episodes_have_ended(books) || retention_is_due(books);
}

bool episodes_have_ended(const struct books *books)
{
	const struct episodes *episodes = books->keyspace->episodes;
	return episodes->gone_count > 0 || episodes->finals.command_count + episodes->finals.last_count > 0;
}

/* Adds the ends of conflicts. The group keeps them, or they would be lost if the store refused it; everything else is made anew in that case. */
static void add_ends(struct books *books, struct group *group)
{
	struct episodes *episodes = books->keyspace->episodes;
	size_t start = group->bytes.len;
	entries_close(books, &episodes->finals);
	unsigned count = episodes->finals.command_count;
	if (episodes->gone_count > 0) {
		resp_add_array(&group->bytes, episodes->gone_count + 2);
		resp_add_bulk(&group->bytes, SLICE("HDEL"));
		resp_add_bulk(&group->bytes, SLICE(CORE_EPISODES_KEY));
		buffer_add(&group->bytes, buffer_slice(&episodes->gone));
		buffer_reset(&episodes->gone);
		episodes->gone_count = 0;
		count++;
	}
	buffer_add(&group->bytes, buffer_slice(&episodes->finals.commands));
	buffer_reset(&episodes->finals.commands);
	episodes->finals.command_count = 0;
	group->script.count += count;
	if (group->kind != GROUP_POSITIONS)
		return;
	buffer_add(&group->riders.ends, (struct slice){ group->bytes.ptr + start, group->bytes.len - start });
	group->riders.end_count = count;
}

void episodes_write(struct books *books, struct group *group)
{
	if ((group->kind != GROUP_REMOTE && group->kind != GROUP_POSITIONS) || !episodes_are_pending(books))
		return;
	struct writing writing;
	writing_begin(&writing, books, false);
	write_dirty(books, &writing);
	script_select(&group->script, books->options->reserved_db);
	add_ends(books, group);
	if (writing.pair_count > 0) {
		resp_add_array(&group->bytes, 2 * writing.pair_count + 2);
		resp_add_bulk(&group->bytes, SLICE("HSET"));
		resp_add_bulk(&group->bytes, SLICE(CORE_EPISODES_KEY));
		buffer_add(&group->bytes, buffer_slice(writing.pairs));
		group->script.count++;
	}
	buffer_add(&group->bytes, buffer_slice(&writing.opened.commands));
	group->script.count += writing.opened.command_count;
	retention_write(books, group);
	writing_end(&writing);
}

void episodes_unwritten(struct books *books, struct group *group)
{
	struct episodes *episodes = books->keyspace->episodes;
	buffer_add(&group->riders.ends, buffer_slice(&episodes->finals.commands));
	buffer_free(&episodes->finals.commands);
	episodes->finals.commands = group->riders.ends;
	episodes->finals.command_count += group->riders.end_count;
	group->riders.ends = (struct buffer){ 0 };
	group->riders.end_count = 0;
	for (unsigned list = 0; list < EPISODE_LISTS; list++) {
		for (struct episode *episode = episodes->lists[list]; episode != NULL; episode = episode->listed_after) {
			/* The refused group may also have told the stream that the conflict is open. That is told again: twice is better than never. */
			episode->is_told = false;
			episode_touch(books->keyspace, episode);
		}
	}
}
