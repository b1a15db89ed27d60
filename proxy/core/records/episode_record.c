#include "episode_record.h"

#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/version.h"

#include <string.h>

static void ordering_fill(struct ordering *ordering, const struct origins *origins)
{
	ordering->count = origins->count;
	ordering->items = memory_new((origins->count + 1) * sizeof *ordering->items);
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		unsigned at = i;
		for (; at > 0; at--) {
			const struct origin *other = &origins->items[ordering->items[at - 1]];
			int order = strcmp(origins->dcs[other->dc], origins->dcs[origin->dc]);
			if (order < 0 || (order == 0 && other->incarnation < origin->incarnation))
				break;
			ordering->items[at] = ordering->items[at - 1];
		}
		ordering->items[at] = i;
	}
}

void telling_begin(struct telling *telling, const struct keyspace *keyspace, uint64_t rules_digest, bool is_last)
{
	*telling = (struct telling){ .keyspace = keyspace, .rules_digest = rules_digest, .is_last = is_last };
	ordering_fill(&telling->ordering, keyspace->origins);
	for (unsigned dc = 0; dc < keyspace->origins->dc_count; dc++)
		telling->dcs[dc] = slice_of(keyspace->origins->dcs[dc]);
}

void telling_end(struct telling *telling)
{
	for (unsigned i = 0; i < TOLD_CONTEXTS_MAX; i++) {
		if (telling->contexts[i].context != NULL)
			context_drop(telling->contexts[i].context);
		buffer_free(&telling->contexts[i].positions);
	}
	buffer_free(&telling->room);
	memory_free(telling->sides);
	memory_free(telling->versions);
	memory_free(telling->candidates);
	memory_free(telling->is_shown);
	memory_free(telling->ordering.items);
}

/* Makes room for what is told of SIDES sides. */
static void telling_reserve(struct telling *telling, unsigned sides)
{
	if (sides <= telling->cap)
		return;
	telling->cap = sides > 2 * telling->cap ? sides : 2 * telling->cap;
	telling->sides = memory_resize(telling->sides, telling->cap * sizeof *telling->sides);
	memory_free(telling->versions);
	telling->versions = memory_new(telling->cap * sizeof *telling->versions);
	telling->candidates = memory_resize(telling->candidates, telling->cap * sizeof *telling->candidates);
	telling->is_shown = memory_resize(telling->is_shown, telling->cap * sizeof *telling->is_shown);
}

static struct record_dot told_dot(const struct telling *telling, unsigned origin, uint64_t seq)
{
	const struct origin *item = &telling->keyspace->origins->items[origin];
	return (struct record_dot){ telling->dcs[item->dc], item->incarnation, seq, false };
}

/* ---- who wins ---- */

/* Which side wins: the rule is asked, with the sides as versions. NULL: all of them are increments, or covered. */
static const struct side *decide(struct telling *telling, const struct episode *episode)
{
	struct element *trial = &telling->trial;
	trial->key = episode->element->key;
	trial->kind = episode->element->kind;
	trial->versions = telling->versions;
	trial->version_count = 0;
	const struct rule *rule = trial->kind == KIND_KEY ? &rule_lww : rule_for(trial);
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct side *side = &episode->sides[i];
		if ((side->flags & MARK_DELTA) || side->note->is_take_over || episode_covers(episode, side))
			continue;
		telling->candidates[trial->version_count] = side;
		struct version *version = &trial->versions[trial->version_count++];
		version->stamp = side->stamp;
		version->is_present = !note_is_removal(side->note, trial->kind);
	}
	const struct version *best = rule->decide(telling->keyspace, trial);
	return best == NULL ? NULL : telling->candidates[best - trial->versions];
}

/* Can increments be added to the value? To a number, or to nothing, they can. */
static bool can_be_added_to(const struct note *note, enum kind kind)
{
	if (note_is_removal(note, kind) || note->is_number)
		return true;
	struct buffer text = { 0 };
	long double number;
	note_add_text(note, kind, &text);
	bool is_number = note->value_len == text.len && slice_to_long_double(buffer_slice(&text), &number);
	buffer_free(&text);
	return is_number;
}

/* Does the winner's value count increments that it has not seen? */
static bool has_increments(const struct episode *episode, const struct side *winner)
{
	/* Only sides that every record tells of are looked at: which others are still remembered depends on the order of arrival. */
	unsigned first = episode->side_count > RECORD_SIDES_MAX ? episode->side_count - RECORD_SIDES_MAX : 0;
	for (unsigned i = first; i < episode->side_count; i++)
		if ((episode->sides[i].flags & MARK_DELTA) && !stamp_covers(&winner->stamp, &episode->sides[i].stamp))
			return can_be_added_to(winner->note, episode->element->kind);
	return false;
}

/* ---- the record: everything it points to is in ROOM, which may move until all is there ---- */

struct draft {
	struct telling *telling;
	const struct episode *episode;
	struct buffer *room;
	struct record record;
	bool is_kept;
};

/* A piece of the room from START on. Its ptr is an offset until settle_slices, as the room may move. */
static struct slice room_from(const struct draft *draft, size_t start)
{
	return (struct slice){ (const char *)(uintptr_t)start, draft->room->len - start };
}

static void settle_slice(const struct draft *draft, struct slice *slice)
{
	slice->ptr = buffer_slice(draft->room).ptr + (uintptr_t)slice->ptr;
}

/* The floors come first, in the order of the names: that of DCs here is not the same everywhere. */
static void add_floors(const struct telling *telling, const struct floors *floors, struct buffer *out)
{
	const struct origins *origins = telling->keyspace->origins;
	unsigned count = 0, order[CORE_DCS_MAX];
	for (unsigned dc = 0; dc < origins->dc_count; dc++) {
		if (floors->at[dc] == 0)
			continue;
		unsigned at = count++;
		for (; at > 0 && strcmp(origins->dcs[order[at - 1]], origins->dcs[dc]) > 0; at--)
			order[at] = order[at - 1];
		order[at] = dc;
	}
	for (unsigned i = 0; i < count; i++)
		record_add_position(out, &(struct record_dot){ telling->dcs[order[i]], floors->at[order[i]], 0, true });
}

static void add_positions(const struct telling *telling, const struct context *context, struct buffer *out)
{
	if (context->floors != NULL)
		add_floors(telling, context->floors, out);
	for (unsigned i = 0; i < telling->ordering.count; i++) {
		unsigned origin = telling->ordering.items[i];
		if (origin >= context->count || context->seqs[origin] == 0)
			continue;
		struct record_dot position = told_dot(telling, origin, context_at(context, origin));
		record_add_position(out, &position);
	}
}

/* The context as encoded positions. The writes of a batch share theirs, so the last few are kept. */
static struct slice positions_of(struct telling *telling, struct context *context)
{
	for (unsigned i = 0; i < TOLD_CONTEXTS_MAX; i++)
		if (telling->contexts[i].context == context)
			return buffer_slice(&telling->contexts[i].positions);
	struct told_context *told = &telling->contexts[telling->next_context++ % TOLD_CONTEXTS_MAX];
	if (told->context != NULL)
		context_drop(told->context);
	told->context = context_hold(context);
	told->positions.len = 0;
	add_positions(telling, context, &told->positions);
	return buffer_slice(&told->positions);
}

static struct slice add_context(struct draft *draft, struct context *context)
{
	size_t start = draft->room->len;
	buffer_add(draft->room, positions_of(draft->telling, context));
	return room_from(draft, start);
}

/* A version that waits for a decision is told with its whole value. */
static void add_whole(struct draft *draft, const struct version *version, struct record_side *told)
{
	if (version->value.len <= told->value.len)
		return;
	size_t start = draft->room->len;
	buffer_add(draft->room, version->value);
	told->value = room_from(draft, start);
}

/* Adds what only serves to restore the episode from its record. If versions wait for a decision, a side that is not live is covered. */
static void add_life(struct draft *draft, const struct side *side, struct record_side *told)
{
	const struct episode *episode = draft->episode;
	const struct ordering *ordering = &draft->telling->ordering;
	size_t start = draft->room->len;
	told->is_covered = !draft->is_kept && side->life == LIFE_COVERED;
	told->is_dead |= !draft->is_kept && side->life == LIFE_KILLED;
	for (unsigned i = 0; i < ordering->count; i++) {
		for (unsigned j = 0; j < episode->cover_count; j++) {
			const struct cover *cover = &episode->covers[j];
			if (cover->by_origin != ordering->items[i] || cover->origin != side->stamp.origin || cover->seq != side->stamp.seq)
				continue;
			struct record_dot by = told_dot(draft->telling, cover->by_origin, cover->by_seq);
			record_add_cover(draft->room, &by, cover->is_kill);
		}
	}
	told->covers = room_from(draft, start);
	told->is_clearing |= side->is_clearing && (!draft->is_kept || told->covers.len > 0);
}

bool episode_is_told_for_good(const struct episode *episode)
{
	const struct element *element = episode->element;
	bool has_life = (element->kind < KIND_LIST && element->key->policy->rule->is_keeping) || episode->cover_count > 0;
	for (unsigned i = 0; i < episode->side_count && !has_life; i++)
		has_life = episode->sides[i].life != LIFE_ALIVE || episode->sides[i].is_clearing;
	return !has_life;
}

static void add_side(struct draft *draft, const struct side *side)
{
	const struct element *element = draft->episode->element;
	const struct version *version = draft->is_kept ? episode_live_version(draft->episode, side) : NULL;
	struct record_side *told = &draft->telling->sides[draft->record.side_count++];
	size_t start = draft->room->len;
	memset(told, 0, sizeof *told);
	told->dot = told_dot(draft->telling, side->stamp.origin, side->stamp.seq);
	told->hlc = side->stamp.hlc;
	told->command = note_command(side->note);
	told->client = note_client(side->note);
	told->is_removal = note_is_removal(side->note, element->kind);
	told->is_live = version != NULL;
	told->is_explicit = side->note->context->is_explicit;
	told->is_increment = (side->flags & MARK_DELTA) != 0;
	told->is_again = side->is_again;
	told->is_take_over = side->note->is_take_over;
	note_add_value(side->note, element->kind, draft->room, &told->value_len, &told->value_hash);
	told->value = room_from(draft, start);
	told->is_dead = version != NULL && !version->is_present && !told->is_removal;
	/* A live version whose value was killed is a removal. Of a sole survivor some DCs know no more than what was told when it was named. */
	told->is_clearing = version != NULL && (told->is_dead || (side->is_again ? side->is_clearing : version->is_clearing));
	if (version != NULL)
		add_whole(draft, version, told);
	told->context = add_context(draft, side->note->context);
	told->covers = room_from(draft, draft->room->len);
	if (!draft->telling->is_last)
		add_life(draft, side, told);
}

/* Newest first; live versions that wait for a decision before all others. */
static void add_sides(struct draft *draft)
{
	const struct episode *episode = draft->episode;
	const bool *is_shown = draft->telling->is_shown;
	episode_choose(episode, draft->is_kept, draft->telling->is_shown);
	for (unsigned round = draft->is_kept ? 0 : 1; round < 2; round++) {
		for (unsigned i = episode->side_count; i-- > 0;) {
			const struct side *side = &episode->sides[i];
			bool is_live = draft->is_kept && episode_live_version(episode, side) != NULL;
			if (is_shown[i] && is_live == (round == 0))
				add_side(draft, side);
		}
	}
}

/* Are its ends sides that the record tells of? Then the stretch need not be told. */
static bool is_told_by_sides(const struct draft *draft, const struct stretch *stretch)
{
	bool has_first = false, has_last = false;
	for (unsigned i = 0; i < draft->episode->side_count; i++) {
		const struct side *side = &draft->episode->sides[i];
		if (side->stamp.origin != stretch->origin || side->is_again || !draft->telling->is_shown[i])
			continue;
		has_first |= side->stamp.seq == stretch->first_seq;
		has_last |= side->stamp.seq == stretch->last_seq;
	}
	return has_first && has_last;
}

static void add_stretches(struct draft *draft)
{
	size_t start = draft->room->len;
	for (unsigned i = 0; i < draft->telling->ordering.count; i++) {
		for (unsigned j = 0; j < draft->episode->stretch_count; j++) {
			const struct stretch *stretch = &draft->episode->stretches[j];
			if (stretch->origin != draft->telling->ordering.items[i] || is_told_by_sides(draft, stretch))
				continue;
			struct record_dot first = told_dot(draft->telling, stretch->origin, stretch->first_seq);
			record_add_stretch(draft->room, &(struct record_stretch){ first.dc, first.incarnation, first.seq, stretch->last_seq });
		}
	}
	draft->record.stretches = room_from(draft, start);
}

static void add_value(struct draft *draft, const struct note *note)
{
	size_t start = draft->room->len;
	note_add_text(note, draft->episode->element->kind, draft->room);
	draft->record.value = room_from(draft, start);
}

static void add_outcome(struct draft *draft)
{
	const struct episode *episode = draft->episode;
	struct record *record = &draft->record;
	record->value = room_from(draft, draft->room->len);
	if (episode->resolution.seq != 0) {
		record->winner = record->resolution = told_dot(draft->telling, episode->resolution.origin, episode->resolution.seq);
		record->ended_hlc = episode->resolution.hlc;
		record->resolved_by = note_by(episode->resolution_note);
		add_value(draft, episode->resolution_note);
		return;
	}
	const struct side *winner = decide(draft->telling, episode);
	if (winner == NULL || has_increments(episode, winner))
		return;
	record->winner = told_dot(draft->telling, winner->stamp.origin, winner->stamp.seq);
	add_value(draft, winner->note);
}

/* The room does not move any more. */
static void settle_slices(struct draft *draft)
{
	struct record *record = &draft->record;
	settle_slice(draft, &record->value);
	settle_slice(draft, &record->stretches);
	for (unsigned i = 0; i < record->side_count; i++) {
		struct record_side *side = &draft->telling->sides[i];
		settle_slice(draft, &side->value);
		settle_slice(draft, &side->context);
		settle_slice(draft, &side->covers);
	}
}

void episode_encode(struct telling *telling, const struct episode *episode, struct slice id, struct buffer *out)
{
	const struct element *element = episode->element;
	struct draft draft;
	draft.telling = telling;
	draft.episode = episode;
	draft.room = &telling->room;
	draft.is_kept = telling->is_kept = episode_is_kept(episode);
	telling_reserve(telling, episode->side_count);
	telling->room.len = 0;
	enum record_kind kind = episode_kind(episode);
	telling->status = episode_status(episode);
	struct slice type = slice_of(kind_text(element->kind)), rule = slice_of(element->key->policy->rule->name);
	draft.record = (struct record){
		.id = id, .kind = kind, .status = telling->status, .db = element->key->db,
		.key = element->key->name, .element = element->name, .type = type,
		.rule = rule, .rules_digest = telling->rules_digest, .sides = telling->sides, .pairs = episode->pairs,
		.first_hlc = episode->first.hlc, .opened_hlc = episode->opened_hlc, .attempts = episode->attempts, .last_error = episode->last_error,
	};
	add_sides(&draft);
	add_stretches(&draft);
	add_outcome(&draft);
	settle_slices(&draft);
	record_encode(out, &draft.record);
}
