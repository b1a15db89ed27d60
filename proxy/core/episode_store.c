/* Episodes in the store. Those that changed are written with the next group that brings remote writes, in its transaction, or with one that
 * records positions, within a second: so no position ever lets the log forget a write that a record still has to tell of. One
 * that ended goes to the conflicts stream and leaves the hash, in one transaction. */
#include "episode_record.h"
#include "state.h"

#include <assert.h>
#include <string.h>

#define SWEEP_MS 100
/* As many records, and as long ones, are kept until they are over: that soon all will be, and memory need not be had for more where a datacenter lags. */
#define FINALS_MAX 10000
#define FINAL_LEN_MAX 1024

/* ---- writing ---- */

/* XADD of one record. The stream is trimmed once a transaction (retention.c). */
static void add_entry(struct core *core, struct buffer *out, struct slice record)
{
	struct buffer *head = &core->keyspace.episodes->entry_head;
	if (head->len == 0) {
		resp_add_array(head, 5);
		resp_add_bulk(head, SLICE("XADD"));
		resp_add_bulk(head, SLICE(CORE_CONFLICTS_KEY));
		resp_add_bulk(head, SLICE("*"));
		resp_add_bulk(head, SLICE("c"));
	}
	buffer_add(out, buffer_slice(head));
	resp_add_bulk(out, record);
	retention_add(core, record.len);
}

static void add_gone(struct episodes *episodes, struct buffer *out, unsigned *commands)
{
	if (episodes->gone_count == 0)
		return;
	resp_add_array(out, episodes->gone_count + 2);
	resp_add_bulk(out, SLICE("HDEL"));
	resp_add_bulk(out, SLICE(CORE_EPISODES_KEY));
	buffer_add(out, buffer_slice(&episodes->gone));
	buffer_reset(&episodes->gone);
	episodes->gone_count = 0;
	(*commands)++;
}

/* An earlier write changes the id. FINAL: its record as it will be told at last; empty: not known yet. */
static void set_stored(struct core *core, struct episode *episode, struct slice id, struct slice final)
{
	struct slice old = episode->stored_id;
	bool is_renamed = !slice_equal(old, id);
	if (is_renamed && old.len > 0) {
		resp_add_bulk(&core->keyspace.episodes->gone, old);
		core->keyspace.episodes->gone_count++;
	}
	if (is_renamed && episode->was_told && old.len > 0)
		resp_add_bulk(&episode->told_ids, old);
	if (is_renamed)
		episode->is_told = episode->was_told = false;
	episode_count_bytes(&core->keyspace, episode, (int64_t)final.len - (int64_t)episode->final.len);
	episode->final.len = 0;
	if (!is_renamed && final.len == 0)
		return;
	char *memory = memory_resize(NULL, id.len + final.len);
	memcpy(memory, id.ptr, id.len);
	if (final.len > 0)
		memcpy(memory + id.len, final.ptr, final.len);
	memory_free((void *)(uintptr_t)old.ptr);
	episode->stored_id = (struct slice){ memory, id.len };
	episode->final = (struct slice){ memory + id.len, final.len };
	episode->final_digest = core->policies->digest;
	episode->final_policy = episode->element->key->policy;
}

static bool is_final_known(const struct core *core, const struct episode *episode)
{
	return !episode->is_dirty && episode->final.len > 0 && episode->final_digest == core->policies->digest &&
	       episode->final_policy == episode->element->key->policy;
}

static bool is_to_be_kept(const struct core *core, const struct episode *episode, struct slice record)
{
	return record.len <= FINAL_LEN_MAX && core->keyspace.episodes->count <= FINALS_MAX && episode_is_told_for_good(episode);
}

/* One record after the other. */
struct writing {
	struct telling telling;
	struct buffer *id, *record;  /* of the present one */
	/* To the hash: */
	struct buffer *pairs;        /* ids and records, as RESP strings */
	struct buffer opened;        /* commands */
	unsigned pair_count, opened_count;
};

static void writing_begin(struct writing *writing, const struct core *core, bool is_last)
{
	struct episodes *episodes = core->keyspace.episodes;
	*writing = (struct writing){ .id = &episodes->id, .record = &episodes->record, .pairs = &episodes->pairs };
	telling_begin(&writing->telling, &core->keyspace, core->policies->digest, is_last);
	buffer_reset(writing->record);
	buffer_reset(writing->pairs);
}

static void writing_end(struct writing *writing)
{
	telling_end(&writing->telling);
	buffer_free(&writing->opened);
}

/* Makes its id and its record. */
static void writing_fill(struct writing *writing, const struct episode *episode)
{
	writing->id->len = writing->record->len = 0;
	episode_add_id(writing->telling.keyspace, episode, writing->id);
	episode_encode(&writing->telling, episode, buffer_slice(writing->id), writing->record);
}

/* Who was told that they are open is told that they are no more. */
static void tell_merged(struct core *core, struct episode *episode, struct slice id)
{
	const struct element *element = episode->element;
	struct slice left = buffer_slice(&episode->told_ids);
	struct reply old;
	while (left.len > 0 && reply_read(&left, &old)) {
		struct buffer bytes = { 0 };
		struct record record = {
			.id = old.text, .kind = episode_kind(episode), .status = RECORD_SUPERSEDED, .db = element->key->db, .key = element->key->name,
			.element = element->name, .type = slice_of(kind_text(element->kind)), .rule = slice_of(element->key->policy->rule->name),
			.rules_digest = core->policies->digest, .merged_into = id,
		};
		/* It was joined with others, and has got its name back. */
		if (slice_equal(old.text, id)) {
			episode->was_told = true;
			continue;
		}
		record_encode(&bytes, &record);
		add_entry(core, &core->keyspace.episodes->finals, buffer_slice(&bytes));
		core->keyspace.episodes->final_count++;
		buffer_free(&bytes);
	}
	buffer_free(&episode->told_ids);
}

static void write_one(struct core *core, struct writing *writing, struct episode *episode)
{
	enum record_status status = episode_status(episode);
	writing_fill(writing, episode);
	struct slice id = buffer_slice(writing->id), record = buffer_slice(writing->record);
	set_stored(core, episode, id, is_to_be_kept(core, episode, record) ? record : SLICE(""));
	tell_merged(core, episode, id);
	resp_add_bulk(writing->pairs, id);
	resp_add_bulk(writing->pairs, record);
	writing->pair_count++;
	if (status == RECORD_OPEN && !episode->is_told) {
		add_entry(core, &writing->opened, record);
		writing->opened_count++;
		episode->is_told = episode->was_told = true;
	}
	episode_note_status(core->keyspace.episodes, episode, status);
	episode->is_dirty = false;
}

static void write_dirty(struct core *core, struct writing *writing)
{
	struct episodes *episodes = core->keyspace.episodes;
	for (unsigned i = 0; i < episodes->dirty_count; i++) {
		if (episodes->dirty[i]->element == NULL)
			memory_free(episodes->dirty[i]);
		else
			write_one(core, writing, episodes->dirty[i]);
	}
	episodes->dirty_count = 0;
	episodes->is_swept = false;
}

/* What has not been recalled yet may have killed or covered a side: a record of it would say that it is alive. */
bool episodes_are_pending(const struct core *core)
{
	const struct episodes *episodes = core->keyspace.episodes;
	if (!core->is_recalled)
		return false;
	return episodes->dirty_count > 0 || episodes_have_ended(core) || retention_is_due(core);
}

bool episodes_have_ended(const struct core *core)
{
	return core->keyspace.episodes->gone_count > 0 || core->keyspace.episodes->final_count > 0;
}

/* What ended. It must not get lost if the store refuses the group; the rest is made anew then. (A refused remote group makes the core start over.) */
static void add_ends(struct episodes *episodes, struct group *group)
{
	size_t start = group->bytes.len;
	unsigned count = episodes->final_count;
	add_gone(episodes, &group->bytes, &count);
	buffer_add(&group->bytes, buffer_slice(&episodes->finals));
	buffer_reset(&episodes->finals);
	episodes->final_count = 0;
	group->script.count += count;
	if (group->kind != GROUP_RECORD)
		return;
	buffer_add(&group->ends, (struct slice){ group->bytes.ptr + start, group->bytes.len - start });
	group->end_count = count;
}

void episodes_write(struct core *core, struct group *group)
{
	struct episodes *episodes = core->keyspace.episodes;
	if ((group->kind != GROUP_REMOTE && group->kind != GROUP_RECORD) || !episodes_are_pending(core))
		return;
	struct writing writing;
	writing_begin(&writing, core, false);
	write_dirty(core, &writing);
	script_select(&group->script, core->options.reserved_db);
	add_ends(episodes, group);
	if (writing.pair_count > 0) {
		resp_add_array(&group->bytes, 2 * writing.pair_count + 2);
		resp_add_bulk(&group->bytes, SLICE("HSET"));
		resp_add_bulk(&group->bytes, SLICE(CORE_EPISODES_KEY));
		buffer_add(&group->bytes, buffer_slice(writing.pairs));
		group->script.count++;
	}
	buffer_add(&group->bytes, buffer_slice(&writing.opened));
	group->script.count += writing.opened_count;
	retention_write(core, group);
	writing_end(&writing);
}

void episodes_unwritten(struct core *core, struct group *group)
{
	struct episodes *episodes = core->keyspace.episodes;
	buffer_add(&group->ends, buffer_slice(&episodes->finals));
	buffer_free(&episodes->finals);
	episodes->finals = group->ends;
	episodes->final_count += group->end_count;
	group->ends = (struct buffer){ 0 };
	group->end_count = 0;
	for (unsigned list = 0; list < EPISODE_LISTS; list++) {
		for (struct episode *episode = episodes->lists[list]; episode != NULL; episode = episode->listed_after) {
			/* Only an open one may have been told with it: twice is better than never. */
			episode->is_told = false;
			episode_touch(&core->keyspace, episode);
		}
	}
}

/* ---- ending ---- */

static bool is_stable(const struct core *core, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (!mark_is_stable(&core->keyspace, episode->stretches[i].origin, episode->stretches[i].last_seq))
			return false;
	return true;
}

static bool is_finished(const struct core *core, const struct episode *episode)
{
	if (!is_stable(core, episode))
		return false;
	/* What ended it may be replaced by something older that is concurrent with it. */
	if (episode->resolution.seq != 0 && !mark_is_stable(&core->keyspace, episode->resolution.origin, episode->resolution.seq))
		return false;
	/* Nor may something that is concurrent with what covered a side still come: it may have found a decision open. */
	if (episode->resolution.seq == 0 && !episode_covers_are_stable(&core->keyspace, episode))
		return false;
	return !episode_is_kept(episode);
}

static void finish(struct core *core, struct writing *writing, struct episode *episode)
{
	struct keyspace *keyspace = &core->keyspace;
	struct element *element = episode->element;
	struct slice id = episode->stored_id, record = episode->final;
	if (!is_final_known(core, episode)) {
		writing_fill(writing, episode);
		id = buffer_slice(writing->id);
		record = buffer_slice(writing->record);
	}
	add_entry(core, &keyspace->episodes->finals, record);
	keyspace->episodes->final_count++;
	set_stored(core, episode, id, SLICE(""));
	tell_merged(core, episode, id);
	resp_add_bulk(&keyspace->episodes->gone, id);
	keyspace->episodes->gone_count++;
	core->status.records[episode_status(episode)]++;
	episode_free(keyspace, episode);
	keyspace_settle_element(keyspace, element);
}

/* Very many kept ones may wait for a person: only as far as there are any that remember covers. */
static void forget_covers(struct core *core)
{
	uint64_t left = core->keyspace.episodes->covered_count;
	for (struct episode *episode = core->keyspace.episodes->lists[EPISODES_KEPT]; left > 0; episode = episode->listed_after) {
		assert(episode != NULL);
		if (episode->cover_count == 0)
			continue;
		left--;
		if (is_stable(core, episode) && episode_forget_covers(&core->keyspace, episode))
			episode_touch(&core->keyspace, episode);
	}
}

/* Ends those whose writes are all stable; not more often than is of use. */
void episodes_pump(struct core *core, bool is_moved)
{
	struct episodes *episodes = core->keyspace.episodes;
	episodes->is_swept &= !is_moved;
	bool is_due = core->now_ms - episodes->swept_ms >= SWEEP_MS || core->now_ms < episodes->swept_ms;
	if (episodes->is_swept || !is_due)
		return;
	forget_covers(core);
	struct writing writing;
	writing_begin(&writing, core, true);
	for (struct episode *episode = episodes->lists[EPISODES_WAITING], *next; episode != NULL; episode = next) {
		next = episode->listed_after;
		if (is_finished(core, episode))
			finish(core, &writing, episode);
	}
	writing_end(&writing);
	episodes->is_swept = true;
	episodes->swept_ms = core->now_ms;
}
