/* Episodes in the store. Those that changed are written with the next group that brings remote writes, in its transaction, or with one that
 * records positions, within a second: so no position ever lets the log forget a write that a record still has to tell of. One
 * that ended goes to the conflicts stream and leaves the hash, in one transaction. At opening they are read back. */
#include "episode_record.h"
#include "state.h"
#include "version.h"

#include <assert.h>
#include <string.h>

#define SWEEP_MS 100

/* ---- writing ---- */

static void add_header(struct buffer *out, unsigned argc)
{
	buffer_add_byte(out, '*');
	buffer_add_uint64(out, argc);
	buffer_add_text(out, "\r\n");
}

/* XADD of one record. The stream is trimmed once a transaction (retention.c). */
static void add_entry(struct core *core, struct buffer *out, struct slice record)
{
	const struct slice argv[] = { SLICE("XADD"), SLICE(CORE_CONFLICTS_KEY), SLICE("*"), SLICE("c"), record };
	resp_add_command(out, sizeof argv / sizeof *argv, argv);
	retention_add(core, record.len);
}

static void add_gone(struct episodes *episodes, struct buffer *out, unsigned *commands)
{
	if (episodes->gone_count == 0)
		return;
	add_header(out, episodes->gone_count + 2);
	resp_add_bulk(out, SLICE("HDEL"));
	resp_add_bulk(out, SLICE(CORE_EPISODES_KEY));
	buffer_add(out, buffer_slice(&episodes->gone));
	buffer_reset(&episodes->gone);
	episodes->gone_count = 0;
	(*commands)++;
}

/* An earlier write changes the id. */
static void set_stored_id(struct core *core, struct episode *episode, struct slice id)
{
	if (slice_equal(episode->stored_id, id))
		return;
	if (episode->stored_id.len > 0) {
		resp_add_bulk(&core->keyspace.episodes->gone, episode->stored_id);
		core->keyspace.episodes->gone_count++;
	}
	if (episode->was_told && episode->stored_id.len > 0)
		resp_add_bulk(&episode->told_ids, episode->stored_id);
	episode->is_told = episode->was_told = false;
	memory_free((void *)(uintptr_t)episode->stored_id.ptr);
	episode->stored_id = buffer_copy(id);
}

static void note_status(struct episodes *episodes, struct episode *episode, enum record_status status)
{
	episodes->open_count -= episode->is_counted;
	episode->is_counted = status == RECORD_OPEN;
	episodes->open_count += episode->is_counted;
	episode_move(episodes, episode, episode_is_kept(episode) ? EPISODES_KEPT : EPISODES_WAITING);
}

/* One record after the other, with what was used for the one before. */
struct writing {
	struct telling telling;
	struct buffer id, record;
	/* To the hash: */
	struct buffer pairs;         /* ids and records, as RESP strings */
	struct buffer opened;        /* commands */
	unsigned pair_count, opened_count;
};

static void writing_begin(struct writing *writing, const struct core *core, bool is_last)
{
	*writing = (struct writing){ .pair_count = 0 };
	telling_begin(&writing->telling, &core->keyspace, core->policies->digest, is_last);
}

static void writing_end(struct writing *writing)
{
	telling_end(&writing->telling);
	buffer_free(&writing->id);
	buffer_free(&writing->record);
	buffer_free(&writing->pairs);
	buffer_free(&writing->opened);
}

/* Makes its id and its record. */
static void writing_fill(struct writing *writing, const struct episode *episode)
{
	writing->id.len = writing->record.len = 0;
	episode_add_id(writing->telling.keyspace, episode, &writing->id);
	episode_encode(&writing->telling, episode, buffer_slice(&writing->id), &writing->record);
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
	set_stored_id(core, episode, buffer_slice(&writing->id));
	tell_merged(core, episode, buffer_slice(&writing->id));
	resp_add_bulk(&writing->pairs, buffer_slice(&writing->id));
	resp_add_bulk(&writing->pairs, buffer_slice(&writing->record));
	writing->pair_count++;
	if (status == RECORD_OPEN && !episode->is_told) {
		add_entry(core, &writing->opened, buffer_slice(&writing->record));
		writing->opened_count++;
		episode->is_told = episode->was_told = true;
	}
	note_status(core->keyspace.episodes, episode, status);
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

bool episodes_are_pending(const struct core *core)
{
	const struct episodes *episodes = core->keyspace.episodes;
	return episodes->dirty_count > 0 || episodes_have_ended(core) || retention_is_due(core);
}

bool episodes_have_ended(const struct core *core)
{
	return core->keyspace.episodes->gone_count > 0 || core->keyspace.episodes->final_count > 0;
}

void episodes_write(struct core *core, struct group *group)
{
	struct episodes *episodes = core->keyspace.episodes;
	if ((group->kind != GROUP_REMOTE && group->kind != GROUP_RECORD) || !episodes_are_pending(core))
		return;
	struct writing writing;
	writing_begin(&writing, core, false);
	write_dirty(core, &writing);
	/* What must not get lost if the store refuses this group comes first, apart; the rest is made anew then. */
	add_gone(episodes, &group->ends, &group->end_count);
	buffer_add(&group->ends, buffer_slice(&episodes->finals));
	group->end_count += episodes->final_count;
	buffer_reset(&episodes->finals);
	episodes->final_count = 0;
	script_select(&group->script, core->options.reserved_db);
	buffer_add(&group->bytes, buffer_slice(&group->ends));
	group->script.count += group->end_count;
	if (writing.pair_count > 0) {
		add_header(&group->bytes, 2 * writing.pair_count + 2);
		resp_add_bulk(&group->bytes, SLICE("HSET"));
		resp_add_bulk(&group->bytes, SLICE(CORE_EPISODES_KEY));
		buffer_add(&group->bytes, buffer_slice(&writing.pairs));
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
	writing_fill(writing, episode);
	struct slice id = buffer_slice(&writing->id);
	add_entry(core, &keyspace->episodes->finals, buffer_slice(&writing->record));
	keyspace->episodes->final_count++;
	set_stored_id(core, episode, id);
	tell_merged(core, episode, id);
	resp_add_bulk(&keyspace->episodes->gone, id);
	keyspace->episodes->gone_count++;
	core->status.records[episode_status(episode)]++;
	episode_free(keyspace, episode);
	keyspace_settle_element(keyspace, element);
}

/* Ends those whose writes are all stable; not more often than is of use. */
void episodes_pump(struct core *core, bool is_moved)
{
	struct episodes *episodes = core->keyspace.episodes;
	episodes->is_swept &= !is_moved;
	bool is_due = core->now_ms - episodes->swept_ms >= SWEEP_MS || core->now_ms < episodes->swept_ms;
	if (episodes->is_swept || !is_due)
		return;
	for (struct episode *episode = episodes->lists[EPISODES_KEPT]; episodes->covered_count > 0 && episode != NULL; episode = episode->listed_after)
		if (is_stable(core, episode) && episode_forget_covers(&core->keyspace, episode))
			episode_touch(&core->keyspace, episode);
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

/* ---- reading them back ---- */

static bool read_kind(struct slice type, enum kind *kind)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		*kind = (enum kind)i;
		if (slice_equal(type, slice_of(kind_text(*kind))))
			return true;
	}
	return false;
}

/* A DC that is no longer configured: what is about its writes is left out. */
static int origin_of(struct core *core, const struct record_dot *dot)
{
	return origins_get(&core->origins, dot->dc, dot->incarnation);
}

static struct context *read_context(struct core *core, const struct record_side *side)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	struct slice positions = side->context;
	struct record_dot position;
	while (record_position_next(&positions, &position)) {
		int origin = origin_of(core, &position);
		if (origin >= 0)
			seqs[origin] = position.seq;
	}
	struct context *context = context_new(seqs, core->origins.count);
	context->is_explicit = side->is_explicit;
	return context;
}

/* A version that waits for a decision lives on, though all have it and the log no longer. */
static void restore_version(struct core *core, struct element *element, const struct record_side *side, const struct stamp *stamp)
{
	bool is_present = !side->is_removal && !side->is_dead;
	struct version version = { .stamp = *stamp, .is_present = is_present, .is_clearing = side->is_clearing, .is_set = is_present && element->kind == KIND_STRING };
	if (is_present && element->kind == KIND_ZSET && !slice_to_double(side->value, &version.score))
		return;
	if (is_present && (element->kind == KIND_STRING || element->kind == KIND_HASH))
		version.value = side->value;
	element_compete(&core->keyspace, element, &version);
	struct stamp *top = &element->key->tops[element->kind];
	if (is_present && (top->hlc == 0 || stamp_compare(&core->origins, top, stamp) < 0)) {
		*top = *stamp;
		top->context = NULL;
	}
}

static void restore_covers(struct core *core, struct episode *episode, const struct record_side *side, const struct stamp *stamp)
{
	struct slice covers = side->covers;
	struct record_dot by;
	bool is_kill;
	while (record_cover_next(&covers, &by, &is_kill)) {
		int origin = origin_of(core, &by);
		if (origin >= 0)
			episode_add_cover(&core->keyspace, episode, &(struct cover){ stamp->origin, (unsigned)origin, stamp->seq, by.seq, is_kill });
	}
}

static enum life life_of(const struct record_side *side, bool is_kept)
{
	bool is_explained = side->covers.len > 0;
	if (side->is_covered || (is_kept && !side->is_live && !is_explained))
		return LIFE_OVER;
	/* One that is alive as a removal says itself that it is dead. */
	return side->is_dead && !(side->is_live && is_explained) ? LIFE_KILLED : LIFE_LED;
}

static void restore_side(struct core *core, struct episode *episode, const struct record_side *side, bool is_kept)
{
	struct element *element = episode->element;
	int origin = origin_of(core, &side->dot);
	if (origin < 0)
		return;
	struct context *context = read_context(core, side);
	struct told told = {
		.kind = element->kind, .command = side->command, .client = side->client, .value = side->value, .value_len = side->value_len,
		.value_hash = side->value_hash, .is_removal = side->is_removal, .is_poor = side->command.len == 0 && side->context.len == 0,
	};
	struct note *note = note_restore(&core->keyspace, &told, context);
	struct stamp stamp = { .seq = side->dot.seq, .hlc = side->hlc, .context = context, .origin = (unsigned)origin };
	/* An increment's value has a sign in front. */
	bool is_increment = element->kind < KIND_TYPES && side->is_increment;
	episode_add_side(&core->keyspace, episode, &(struct party){ &stamp, note, is_increment ? MARK_DELTA : 0 });
	const struct side *added = episode_side(&core->keyspace, episode, &stamp);
	if (added != NULL) {
		struct side *restored = &episode->sides[added - episode->sides];
		restored->life = life_of(side, is_kept);
		restored->is_clearing = side->is_clearing;
		restored->is_again = side->is_again;
	}
	restore_covers(core, episode, side, &stamp);
	if (!side->is_again)
		episode_reach(&core->keyspace, episode, stamp.origin, stamp.seq);
	if (side->is_live && element->kind < KIND_TYPES)
		restore_version(core, element, side, &stamp);
	note_drop(&core->keyspace, note);
	context_drop(context);
}
static const char *last_dash(struct slice text)
{
	while (text.len > 0 && text.ptr[text.len - 1] != '-')
		text.len--;
	return text.len == 0 ? NULL : text.ptr + text.len - 1;
}

/* "<dc>-<incarnation>-<seq>-<hash>", from behind: a DC's name may have dashes. */
static bool read_first(struct core *core, const struct record *record, struct stamp *first)
{
	struct slice left = record->id;
	int64_t numbers[3] = { 0 };
	for (unsigned i = 0; i < 3; i++) {
		const char *dash = last_dash(left);
		if (dash == NULL)
			return false;
		struct slice part = { dash + 1, left.len - (size_t)(dash + 1 - left.ptr) };
		if (i > 0 && !slice_to_int64(part, &numbers[i]))
			return false;
		left.len = (size_t)(dash - left.ptr);
	}
	int origin = origins_get(&core->origins, left, (uint64_t)numbers[2]);
	*first = (struct stamp){ .seq = (uint64_t)numbers[1], .hlc = record->first_hlc, .origin = origin < 0 ? 0 : (unsigned)origin };
	return origin >= 0;
}

static unsigned traits_of_kind(enum record_kind kind)
{
	switch (kind) {
	case RECORD_TYPE_CLASH: return EPISODE_TYPE_CLASH;
	case RECORD_EXPIRY_WRITE: return EPISODE_EXPIRY;
	case RECORD_DOUBLE_POP: return EPISODE_DOUBLE_POP;
	case RECORD_WRITE_DELETE: return EPISODE_REMOVAL | EPISODE_PRESENT;
	default: return 0;
	}
}

static enum write_choice choice_of(enum record_status status)
{
	return status == RECORD_RESOLVED ? WRITE_RESOLVES : status == RECORD_IGNORED ? WRITE_IGNORES : WRITE_ORDINARY;
}

static void restore_resolution(struct core *core, struct episode *episode, const struct record *record)
{
	int origin = record->resolution.seq == 0 ? -1 : origin_of(core, &record->resolution);
	if (origin < 0)
		return;
	struct told told = {
		.kind = episode->element->kind, .value = record->value, .value_len = record->value.len, .is_removal = record->value.len == 0,
		.by = record->resolved_by, .choice = choice_of(record->status),
	};
	struct context *nothing = context_new(NULL, 0);
	episode->resolution = (struct stamp){ .seq = record->resolution.seq, .hlc = record->ended_hlc, .origin = (unsigned)origin };
	episode->resolution_note = note_restore(&core->keyspace, &told, nothing);
	context_drop(nothing);
}

static void restore_stretches(struct core *core, struct episode *episode, const struct record *record)
{
	struct slice stretches = record->stretches;
	struct record_stretch stretch;
	while (record_stretch_next(&stretches, &stretch)) {
		int origin = origins_get(&core->origins, stretch.dc, stretch.incarnation);
		if (origin < 0 || stretch.last_seq < stretch.first_seq)
			continue;
		episode_reach(&core->keyspace, episode, (unsigned)origin, stretch.first_seq);
		episode_reach(&core->keyspace, episode, (unsigned)origin, stretch.last_seq);
	}
}

static void restore_record(struct core *core, const struct record *record, enum kind kind)
{
	struct keyspace *keyspace = &core->keyspace;
	struct key *key = keyspace_key(keyspace, record->db, record->key);
	struct element *element = keyspace_element(keyspace, key, kind, record->element);
	struct episode *episode = episode_new(keyspace, element);
	episode->pairs = record->pairs;
	episode->opened_hlc = record->opened_hlc;
	episode->traits = traits_of_kind(record->kind);
	episode->attempts = record->attempts;
	episode->last_error = buffer_copy(record->last_error);
	episode->stored_id = buffer_copy(record->id);
	episode->is_told = record->status == RECORD_OPEN;
	episode->was_told = true;
	for (unsigned i = 0; i < record->side_count; i++)
		restore_side(core, episode, &record->sides[i], record->sides[0].is_live);
	for (unsigned i = 0; i < episode->side_count; i++)
		if (episode_covers(episode, &episode->sides[i]))
			episode->sides[i].life = LIFE_OVER;
	restore_stretches(core, episode, record);
	restore_resolution(core, episode, record);
	struct stamp first;
	if (read_first(core, record, &first))
		episode->first = first;
	if (episode->side_count == 0) {
		episode_free(keyspace, episode);
		keyspace_settle_element(keyspace, element);
		return;
	}
	note_status(keyspace->episodes, episode, episode_status(episode));
	element_set_kept(keyspace, element, element->version_count > 1 && versions_are_stable(keyspace, element));
}

void episodes_restore(struct core *core, const struct event *event)
{
	struct record_scratch scratch = { 0 };
	bool is_whole = true;
	for (unsigned i = 0; i < event->opened.episode_count; i++) {
		const struct stored_pair *pair = &event->opened.episodes[i];
		struct record record;
		enum kind kind;
		if (record_decode(pair->value, &scratch, &record) && slice_equal(record.id, pair->field) && read_kind(record.type, &kind))
			restore_record(core, &record, kind);
		else
			is_whole = false;
	}
	memory_free(scratch.sides);
	if (!is_whole)
		core_alarm(core, 0, "the store has conflict records that this version cannot read (homeport:episodes): they are left as they are");
}
