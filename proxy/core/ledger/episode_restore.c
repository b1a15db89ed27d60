/* Episode restore: at the opening, conflicts are rebuilt from their records in the store, before any metadata is recalled. */
#include "proxy/core/records/episode_pack.h"
#include "proxy/core/versions/forget.h"
#include "books.h"
#include "proxy/core/versions/version.h"

static bool read_kind(struct slice type, enum kind *kind)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		*kind = (enum kind)i;
		if (slice_equal(type, slice_of(kind_text(*kind))))
			return true;
	}
	return false;
}

/* Negative if the DC is no longer configured: then the caller leaves its write out. */
static int origin_of(struct books *books, const struct record_dot *dot)
{
	return origins_get(&books->causes->origins, dot->dc, dot->incarnation);
}

static struct context *read_context(struct books *books, const struct record_side *side)
{
	struct context *context = context_new(&books->causes->origins, books->causes->origins.count);
	struct slice positions = side->context;
	struct record_dot dot;
	while (record_position_next(&positions, &dot)) {
		struct position position = { dot.dc, dot.incarnation, dot.seq, dot.is_floor };
		causes_take_floor(books->causes, context, &position);
		causes_take_position(books->causes, &context, &position);
	}
	context->is_explicit = side->is_explicit;
	return context;
}

/* A version that waits for a decision stays alive although it is stable and the log may have dropped it. So the record brings it back. */
static void restore_version(struct books *books, struct element *element, const struct record_side *side, const struct stamp *stamp)
{
	bool is_present = !side->is_removal && !side->is_dead;
	struct version version = {
		.stamp = *stamp, .is_present = is_present, .is_clearing = side->is_clearing, .is_vouched = is_present,
		.is_set = is_present && element->kind == KIND_STRING,
	};
	if (is_present && element->kind == KIND_ZSET && !slice_to_double(side->value, &version.score))
		return;
	if (is_present && (element->kind == KIND_STRING || element->kind == KIND_HASH))
		version.value = side->value;
	element_compete(books->keyspace, element, &version);
	struct stamp *top = &element->key->tops[element->kind];
	if (is_present && (top->hlc == 0 || stamp_compare(&books->causes->origins, top, stamp) < 0)) {
		*top = *stamp;
		top->context = NULL;
	}
}

static void restore_covers(struct books *books, struct episode *episode, const struct record_side *side, const struct stamp *stamp)
{
	struct slice covers = side->covers;
	struct record_dot by;
	bool is_kill;
	while (record_cover_next(&covers, &by, &is_kill)) {
		int origin = origin_of(books, &by);
		if (origin >= 0)
			episode_add_cover(books->keyspace, episode, &(struct cover){ stamp->origin, (unsigned)origin, stamp->seq, by.seq, is_kill });
	}
}

static enum life life_of(const struct record_side *side, bool is_kept)
{
	bool is_explained = side->covers.len > 0;
	if (side->is_covered || (is_kept && !side->is_live && !is_explained))
		return LIFE_COVERED;
	/* A live removal is marked as dead, too; it was not killed. */
	return side->is_dead && !(side->is_live && is_explained) ? LIFE_KILLED : LIFE_ALIVE;
}

static void restore_side(struct books *books, struct episode *episode, const struct record_side *side, bool is_kept)
{
	struct element *element = episode->element;
	int origin = origin_of(books, &side->dot);
	if (origin < 0)
		return;
	struct context *context = read_context(books, side);
	struct told told = {
		.kind = element->kind, .command = side->command, .client = side->client, .value = side->value, .value_len = side->value_len,
		.value_hash = side->value_hash, .is_removal = side->is_removal, .is_poor = side->command.len == 0 && side->context.len == 0,
		.is_take_over = side->is_take_over,
	};
	struct note *note = note_restore(books->keyspace, &told, context);
	struct stamp stamp = { .seq = side->dot.seq, .hlc = side->hlc, .context = context, .origin = (unsigned)origin };
	/* In a record, an increment's value begins with a sign. */
	bool is_increment = element->kind < KIND_TYPES && side->is_increment;
	episode_add_side(books->keyspace, episode, &(struct party){ &stamp, note, is_increment ? MARK_DELTA : 0 });
	const struct side *added = episode_side(books->keyspace, episode, &stamp);
	if (added != NULL) {
		struct side *restored = &episode->sides[added - episode->sides];
		restored->life = life_of(side, is_kept);
		restored->is_clearing = side->is_clearing;
		restored->is_again = side->is_again;
	}
	restore_covers(books, episode, side, &stamp);
	if (!side->is_again)
		episode_reach(books->keyspace, episode, stamp.origin, stamp.seq);
	if (side->is_live && element->kind < KIND_TYPES)
		restore_version(books, element, side, &stamp);
	note_drop(books->keyspace, note);
	context_drop(context);
}

static const char *last_dash(struct slice text)
{
	while (text.len > 0 && text.ptr[text.len - 1] != '-')
		text.len--;
	return text.len == 0 ? NULL : text.ptr + text.len - 1;
}

/* Reads "<dc>-<incarnation>-<seq>-<hash>" from its end, as a DC's name may contain dashes. */
static bool read_first(struct books *books, const struct record *record, struct stamp *first)
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
	int origin = origins_get(&books->causes->origins, left, (uint64_t)numbers[2]);
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
	case RECORD_STRANDED: return EPISODE_STRANDED;
	case RECORD_WRITE_WRITE: case RECORD_HANDLER_FAILED: case RECORD_KIND_COUNT: break;
	}
	return 0;
}

static enum write_choice choice_of(enum record_status status)
{
	return status == RECORD_RESOLVED ? WRITE_RESOLVES : status == RECORD_IGNORED ? WRITE_IGNORES : WRITE_ORDINARY;
}

static void restore_resolution(struct books *books, struct episode *episode, const struct record *record)
{
	int origin = record->resolution.seq == 0 ? -1 : origin_of(books, &record->resolution);
	if (origin < 0)
		return;
	struct told told = {
		.kind = episode->element->kind, .value = record->value, .value_len = record->value.len, .is_removal = record->value.len == 0,
		.by = record->resolved_by, .choice = choice_of(record->status),
	};
	struct context *nothing = context_new(NULL, 0);
	episode->resolution = (struct stamp){ .seq = record->resolution.seq, .hlc = record->ended_hlc, .origin = (unsigned)origin };
	episode->resolution_note = note_restore(books->keyspace, &told, nothing);
	context_drop(nothing);
}

static void restore_stretches(struct books *books, struct episode *episode, const struct record *record)
{
	struct slice stretches = record->stretches;
	struct record_stretch stretch;
	while (record_stretch_next(&stretches, &stretch)) {
		int origin = origins_get(&books->causes->origins, stretch.dc, stretch.incarnation);
		if (origin < 0 || stretch.last_seq < stretch.first_seq)
			continue;
		episode_reach(books->keyspace, episode, (unsigned)origin, stretch.first_seq);
		episode_reach(books->keyspace, episode, (unsigned)origin, stretch.last_seq);
	}
}

/* Returns NULL if all of the record was left out. */
static struct episode *restore_record(struct books *books, const struct record *record, enum kind kind)
{
	struct keyspace *keyspace = books->keyspace;
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
		restore_side(books, episode, &record->sides[i], record->sides[0].is_live);
	for (unsigned i = 0; i < episode->side_count; i++)
		if (episode_covers(episode, &episode->sides[i]))
			episode->sides[i].life = LIFE_COVERED;
	restore_stretches(books, episode, record);
	restore_resolution(books, episode, record);
	struct stamp first;
	if (read_first(books, record, &first))
		episode->first = first;
	if (episode->side_count == 0) {
		episode_free(keyspace, episode);
		keyspace_settle_element(keyspace, element);
		return NULL;
	}
	episode_note_status(keyspace->episodes, episode, episode_status(episode), episode_is_kept(episode));
	element_set_kept(keyspace, element, element->version_count > 1 && versions_are_stable(keyspace, element));
	return episode;
}

/* Can this version of the program read all records of the field? The field is named after the first of them. */
static bool is_readable(const struct stored_pair *pair, struct record_scratch *scratch)
{
	struct slice left = pair->value, bytes;
	unsigned count = 0;
	while (records_next(&left, &bytes)) {
		struct record record;
		enum kind kind;
		if (!record_decode(bytes, scratch, &record) || !read_kind(record.type, &kind) ||
		    (count++ == 0 && !slice_equal(record.id, pair->field)))
			return false;
	}
	return count > 0 && left.len == 0;
}

static void restore_pair(struct books *books, const struct stored_pair *pair, struct record_scratch *scratch)
{
	struct slice left = pair->value, bytes;
	struct pack *pack = NULL;
	while (records_next(&left, &bytes)) {
		struct record record;
		enum kind kind;
		bool is_read = record_decode(bytes, scratch, &record) && read_kind(record.type, &kind);
		struct episode *episode = is_read ? restore_record(books, &record, kind) : NULL;
		if (episode == NULL)
			continue;
		if (pack == NULL)
			pack = pack_new(books->keyspace, pair->field, episode->list);
		pack_add(pack, episode);
		if (episode->list == EPISODES_WAITING)
			pack_move(books->keyspace->episodes, pack, EPISODES_WAITING);
	}
}

void episodes_restore(struct books *books, const struct event *event)
{
	struct record_scratch scratch = { 0 };
	bool is_whole = true;
	for (unsigned i = 0; i < event->opened.episode_count; i++) {
		const struct stored_pair *pair = &event->opened.episodes[i];
		if (slice_equal(pair->field, SLICE(CORE_MARK)))
			continue;
		if (is_readable(pair, &scratch))
			restore_pair(books, pair, &scratch);
		else
			is_whole = false;
	}
	memory_free(scratch.sides);
	if (!is_whole)
		step_alarm(books->step, 0,
		           "the store has conflict records that this version cannot read (homeport:episodes): they are left as they are");
}
