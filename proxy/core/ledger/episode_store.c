/* Episodes in the store. Those that changed are written with the next group that brings remote writes, in its transaction, or with one that
 * records positions, within a second: so no position ever lets the log forget a write that a record still has to tell of. One
 * that ended goes to the conflicts stream and leaves the hash, in one transaction. */
#include "proxy/core/records/episode_pack.h"
#include "proxy/core/records/episode_record.h"
#include "proxy/core/versions/forget.h"
#include "books.h"

#include <assert.h>
#include <string.h>

#define SWEEP_MS 100
/* As many records are kept until they are over: that soon all will be, and memory need not be had for more where a datacenter lags. */
#define FINALS_MAX 10000
#define WARM_MAX 64
#define PACKED_LEN_MAX 1024          /* longer ones stand alone */

/* ---- the stream ---- */

/* XADD of what has gathered. The stream is trimmed once a transaction (retention.c). */
static void entries_close(struct books *books, struct entries *entries)
{
	if (entries->last_count == 0)
		return;
	resp_add_command(&entries->commands, 5, (struct slice[]){ SLICE("XADD"), SLICE(CORE_CONFLICTS_KEY), SLICE("*"), SLICE("c"), buffer_slice(&entries->last) });
	retention_add(books, entries->last_count, entries->last.len);
	entries->last.len = 0;
	entries->last_count = 0;
	entries->command_count++;
}

/* Room for so many bytes of records. */
static void entries_reserve(struct books *books, struct entries *entries, size_t len)
{
	if (entries->last.len + len > RECORDS_LEN_MAX)
		entries_close(books, entries);
}

static void entries_add(struct books *books, struct entries *entries, struct slice record)
{
	entries_reserve(books, entries, record.len);
	records_add(&entries->last, record);
	entries->last_count++;
}

/* ---- the hash ---- */

/* An earlier write changes the id. */
static void set_stored(struct episode *episode, struct slice id)
{
	struct slice old = episode->stored_id;
	if (slice_equal(old, id))
		return;
	if (episode->was_told && old.len > 0)
		resp_add_bulk(&episode->told_ids, old);
	episode->is_told = episode->was_told = false;
	bytes_free(old);
	episode->stored_id = buffer_copy(id);
}

static bool is_to_be_kept(const struct books *books, const struct episode *episode)
{
	return books->keyspace->episodes->count <= FINALS_MAX && episode_is_told_for_good(episode);
}

/* A pack that is being filled. */
struct filling { struct pack *pack; struct buffer records; bool is_known; };

/* One record after the other. */
struct writing {
	struct telling telling;
	struct buffer *id, *record;  /* of the present one */
	struct buffer *pairs;        /* to the hash: fields and their values, as RESP strings */
	unsigned pair_count;
	struct filling fillings[EPISODE_LISTS];      /* what waits for a decision would hold up what does not */
	struct entries opened;
};

static void writing_begin(struct writing *writing, const struct books *books, bool is_last)
{
	struct episodes *episodes = books->keyspace->episodes;
	*writing = (struct writing){ .id = &episodes->id, .record = &episodes->record, .pairs = &episodes->pairs };
	telling_begin(&writing->telling, books->keyspace, books->policies->current->digest, is_last);
	buffer_reset(writing->record);
	buffer_reset(writing->pairs);
}

static void writing_end(struct writing *writing)
{
	telling_end(&writing->telling);
	for (unsigned list = 0; list < EPISODE_LISTS; list++)
		buffer_free(&writing->fillings[list].records);
	buffer_free(&writing->opened.commands);
	buffer_free(&writing->opened.last);
}

/* Makes its id and its record. */
static void writing_fill(struct writing *writing, const struct episode *episode)
{
	writing->id->len = writing->record->len = 0;
	episode_add_id(writing->telling.keyspace, episode, writing->id);
	episode_encode(&writing->telling, episode, buffer_slice(writing->id), writing->record);
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

/* Its present record goes into the pack that is being filled. */
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

/* Who was told that they are open is told that they are no more. */
static void tell_merged(struct books *books, struct episode *episode, struct slice id)
{
	const struct element *element = episode->element;
	struct slice left = buffer_slice(&episode->told_ids);
	struct reply old;
	while (left.len > 0 && reply_read(&left, &old)) {
		struct buffer bytes = { 0 };
		struct record record = {
			.id = old.text, .kind = episode_kind(episode), .status = RECORD_SUPERSEDED, .db = element->key->db, .key = element->key->name,
			.element = element->name, .type = slice_of(kind_text(element->kind)), .rule = slice_of(element->key->policy->rule->name),
			.rules_digest = books->policies->current->digest, .merged_into = id,
		};
		/* It was joined with others, and has got its name back. */
		if (slice_equal(old.text, id)) {
			episode->was_told = true;
			continue;
		}
		record_encode(&bytes, &record);
		entries_add(books, &books->keyspace->episodes->finals, buffer_slice(&bytes));
		buffer_free(&bytes);
	}
	buffer_free(&episode->told_ids);
}

static void write_one(struct books *books, struct writing *writing, struct episode *episode)
{
	writing_fill(writing, episode);
	enum record_status status = writing->telling.status;
	struct slice id = buffer_slice(writing->id);
	if (episode->pack != NULL && (episode->pack->count > 1 || !slice_equal(episode->pack->name, id)))
		pack_break(books->keyspace, episode->pack);
	set_stored(episode, id);
	tell_merged(books, episode, id);
	episode_note_status(books->keyspace->episodes, episode, status, writing->telling.is_kept);
	episode->is_dirty = false;
	place(books, writing, episode);
	if (status == RECORD_OPEN && !episode->is_told) {
		entries_add(books, &writing->opened, buffer_slice(writing->record));
		episode->is_told = episode->was_told = true;
	}
}

/* Whom one that has changed leaves behind is written, too. */
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
	episodes->is_swept = false;
}

/* What has not been recalled yet may have killed or covered a side: a record of it would say that it is alive. */
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

/* What ended. It must not get lost if the store refuses the group; the rest is made anew then. (A refused remote group makes the core start over.) */
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
	if (group->kind != GROUP_RECORD)
		return;
	buffer_add(&group->ends, (struct slice){ group->bytes.ptr + start, group->bytes.len - start });
	group->end_count = count;
}

void episodes_write(struct books *books, struct group *group)
{
	if ((group->kind != GROUP_REMOTE && group->kind != GROUP_RECORD) || !episodes_are_pending(books))
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
	buffer_add(&group->ends, buffer_slice(&episodes->finals.commands));
	buffer_free(&episodes->finals.commands);
	episodes->finals.commands = group->ends;
	episodes->finals.command_count += group->end_count;
	group->ends = (struct buffer){ 0 };
	group->end_count = 0;
	for (unsigned list = 0; list < EPISODE_LISTS; list++) {
		for (struct episode *episode = episodes->lists[list]; episode != NULL; episode = episode->listed_after) {
			/* Only an open one may have been told with it: twice is better than never. */
			episode->is_told = false;
			episode_touch(books->keyspace, episode);
		}
	}
}

/* ---- ending ---- */

static bool is_stable(const struct books *books, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (!mark_is_stable(books->keyspace, episode->stretches[i].origin, episode->stretches[i].last_seq))
			return false;
	return true;
}

/* Can nothing come any more that changes it? It may wait for a decision all the same. */
static bool is_settled(const struct books *books, const struct episode *episode)
{
	if (!is_stable(books, episode))
		return false;
	/* What ended it may be replaced by something older that is concurrent with it. */
	if (episode->resolution.seq != 0 && !mark_is_stable(books->keyspace, episode->resolution.origin, episode->resolution.seq))
		return false;
	/* Nor may something that is concurrent with what covered a side still come: it may have found a decision open. */
	return episode->resolution.seq != 0 || episode_covers_are_stable(books->keyspace, episode);
}

static void add_final(struct books *books, struct writing *writing, struct episode *episode)
{
	writing_fill(writing, episode);
	set_stored(episode, buffer_slice(writing->id));
	entries_add(books, &books->keyspace->episodes->finals, buffer_slice(writing->record));
}

static void finish(struct books *books, struct episode *episode)
{
	struct element *element = episode->element;
	tell_merged(books, episode, episode->stored_id);
	books->step->status.records[episode_status(episode)]++;
	episode_free(books->keyspace, episode);
	keyspace_settle_element(books->keyspace, element);
}

/* What has not been looked at since it was written is fetched together (docs/architecture.md, decision 27). */
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

/* With the last of its episodes the pack goes, too. */
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

/* Those whose records stand together end together. Nobody waits for a person because of that. */
static bool is_pack_finished(struct books *books, struct pack *pack)
{
	for (const struct episode *episode = pack->first; episode != NULL; episode = episode->packed_after)
		if (!is_settled(books, episode))
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

/* Not yet written, or no longer: it need not be any more. */
static void finish_unpacked(struct books *books, struct writing *writing, struct episode *episode)
{
	bool is_waiting = episode->element != NULL && episode->pack == NULL && episode->list == EPISODES_WAITING;
	if (!is_waiting || !is_settled(books, episode) || episode_is_kept(episode))
		return;
	add_final(books, writing, episode);
	finish(books, episode);
}

/* Very many kept ones may wait for a person: only as far as there are any that remember covers. */
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

/* Ends those whose writes are all stable; not more often than is of use. */
void episodes_pump(struct books *books, bool is_moved)
{
	struct episodes *episodes = books->keyspace->episodes;
	episodes->is_swept &= !is_moved;
	bool is_due = books->step->now_ms - episodes->swept_ms >= SWEEP_MS || books->step->now_ms < episodes->swept_ms;
	if (episodes->is_swept || !is_due)
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
	episodes->is_swept = true;
	episodes->swept_ms = books->step->now_ms;
}
