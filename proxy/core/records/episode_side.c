#include "episode_side.h"

#include "episode.h"
#include "proxy/core/versions/version.h"

#include <string.h>

#define SIDES_FEW 4                  /* looked through one by one */
#define SIDES_KEPT_MAX (2 * RECORD_SIDES_MAX)

static bool is_absolute(const struct side *side)
{
	return (side->flags & MARK_DELTA) == 0 && !side->note->is_take_over;
}

bool episode_covers(const struct episode *episode, const struct side *side)
{
	for (unsigned i = episode->side_count; i-- > 0;)
		if (is_absolute(&episode->sides[i]) && stamp_covers(&episode->sides[i].stamp, &side->stamp))
			return true;
	return false;
}

/* May it still decide, or be what a decision is open about? */
static bool matters(const struct episode *episode, const struct side *side, bool is_kept)
{
	if (is_kept && episode_live_version(episode, side) != NULL)
		return true;
	return episode->resolution.seq == 0 && is_absolute(side) && !episode_covers(episode, side);
}

void episode_choose(const struct episode *episode, bool is_kept, bool *is_shown)
{
	for (unsigned i = 0; i < episode->side_count; i++)
		is_shown[i] = i + RECORD_SIDES_MAX >= episode->side_count || matters(episode, &episode->sides[i], is_kept);
}

bool element_meets_all(const struct element *element, const struct note *note, unsigned flags)
{
	return element->kind != KIND_KEY && element->kind != KIND_LIST && !element_is_of_stream(element) && note->kind == (uint8_t)element->kind && !(flags & MARK_DELTA);
}

static unsigned traits_of(const struct episode *episode, const struct side *side)
{
	bool is_removal = note_is_removal(side->note, episode->element->kind);
	unsigned traits = is_removal ? EPISODE_REMOVAL : EPISODE_PRESENT;
	if (side->note->is_take_over)
		return EPISODE_STRANDED;
	if (side->note->is_stranded)
		traits |= EPISODE_STRANDED;
	if (side->flags & MARK_EXPIRY)
		traits |= EPISODE_EXPIRY;
	return note_is_pop(side->note) ? traits | EPISODE_POP : traits;
}

void episode_add_traits(unsigned *traits, unsigned *pop_origin, unsigned more, unsigned origin)
{
	if ((more & EPISODE_POP) && (*traits & EPISODE_POP) && *pop_origin != origin)
		more |= EPISODE_DOUBLE_POP;
	if (more & EPISODE_POP)
		*pop_origin = origin;
	*traits |= more;
}

enum record_kind episode_kind(const struct episode *episode)
{
	unsigned traits = episode->traits, pop_origin = episode->pop_origin;
	for (unsigned i = 0; i < episode->side_count; i++)
		episode_add_traits(&traits, &pop_origin, traits_of(episode, &episode->sides[i]), episode->sides[i].stamp.origin);
	for (unsigned i = 0; i < episode->other_count; i++)
		episode_add_traits(&traits, &pop_origin, episode->others[i].traits, episode->others[i].origin);
	if (traits & EPISODE_STRANDED)
		return RECORD_STRANDED;
	if (traits & EPISODE_TYPE_CLASH)
		return RECORD_TYPE_CLASH;
	if (traits & EPISODE_DOUBLE_POP)
		return RECORD_DOUBLE_POP;
	if (traits & EPISODE_EXPIRY)
		return RECORD_EXPIRY_WRITE;
	return (traits & EPISODE_REMOVAL) && (traits & EPISODE_PRESENT) ? RECORD_WRITE_DELETE : RECORD_WRITE_WRITE;
}

/* A stable write meets nothing any more. */
static void drop_stable_others(const struct keyspace *keyspace, struct episode *episode)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < episode->other_count; i++) {
		const struct other *other = &episode->others[i];
		if (mark_is_stable(keyspace, other->origin, other->seq))
			episode_add_traits(&episode->traits, &episode->pop_origin, other->traits, other->origin);
		else
			episode->others[kept++] = *other;
	}
	episode->other_count = kept;
}

struct other *episode_other(const struct episode *episode, const struct stamp *stamp)
{
	for (unsigned i = 0; i < episode->other_count; i++)
		if (episode->others[i].origin == stamp->origin && episode->others[i].seq == stamp->seq)
			return &episode->others[i];
	return NULL;
}

void episode_add_other(struct keyspace *keyspace, struct episode *episode, const struct other *other)
{
	if (episode->other_count == episode->other_cap)
		drop_stable_others(keyspace, episode);
	if (episode_other(episode, &(struct stamp){ .origin = other->origin, .seq = other->seq }) != NULL)
		return;
	if (episode->other_count == episode->other_cap) {
		unsigned cap = episode->other_cap ? episode->other_cap * 2 : 16;
		episode->others = memory_resize(episode->others, cap * sizeof *other);
		episode_count_bytes(keyspace, episode, (int64_t)((cap - episode->other_cap) * sizeof *other));
		episode->other_cap = cap;
	}
	episode->others[episode->other_count++] = *other;
}

static bool has_set(const struct element *element, enum kind kind, const struct stamp *stamp)
{
	const struct history *history = element == NULL ? NULL : element_history(element, stamp->origin);
	for (uint32_t i = history == NULL ? 0 : history_upto(history, stamp->seq); i > 0 && history_mark(history, i - 1)->seq == stamp->seq; i--)
		if (!note_is_removal(history_mark(history, i - 1)->note, kind))
			return true;
	return false;
}

/* Has the write that cleared the key made the element present behind that? A side tells the last that its write did. */
static bool is_set_again(const struct episode *episode, const struct side *side)
{
	const struct element *element = episode->element;
	return has_set(element, element->kind, &side->stamp) ||
	       (element->kind == KIND_TTL && has_set(element->key->fixed[KIND_STRING], KIND_TTL, &side->stamp));
}

/* The side goes: keeps what a record needs to tell of it, and, if the episode's stretch cannot tell, that it belongs to the episode. What a write that is
 * still arriving does behind its clear is not known yet: what the clear stands for is kept apart, as it may have to be taken back. */
static void fold_side(struct keyspace *keyspace, struct episode *episode, const struct side *side)
{
	enum kind kind = episode->element->kind;
	bool is_told = element_meets_all(episode->element, side->note, side->flags);
	bool is_clear = side->note->kind == KIND_KEY && kind != KIND_KEY;
	unsigned traits = is_clear && is_set_again(episode, side) ? 0 : traits_of(episode, side);
	if (!is_clear)
		episode_add_traits(&episode->traits, &episode->pop_origin, traits, side->stamp.origin);
	if (!is_told)
		episode_add_other(keyspace, episode, &(struct other){ side->stamp.origin, side->stamp.seq, is_clear ? traits : 0 });
}

/* Drops the sides that no record will tell of any more: newer ones can only push them further down. */
static void drop_sides(struct keyspace *keyspace, struct episode *episode)
{
	bool *is_shown = memory_new(episode->side_count);
	episode_choose(episode, episode_is_kept(episode), is_shown);
	unsigned kept = 0;
	for (unsigned i = 0; i < episode->side_count; i++) {
		struct side *side = &episode->sides[i];
		if (is_shown[i]) {
			episode->sides[kept++] = *side;
			continue;
		}
		fold_side(keyspace, episode, side);
		note_drop(keyspace, side->note);
	}
	episode->side_count = kept;
	memory_free(is_shown);
}

/* Where a side with this stamp is, or would be. */
static unsigned side_place(const struct origins *origins, const struct episode *episode, const struct stamp *stamp)
{
	unsigned low = 0, high = episode->side_count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (stamp_compare(origins, &episode->sides[middle].stamp, stamp) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert_side(struct keyspace *keyspace, struct episode *episode, unsigned place, const struct side *side)
{
	if (episode->side_count == episode->side_cap) {
		unsigned cap = episode->side_cap * 2;
		episode->sides = memory_outgrow(episode->sides, episode->first_sides, sizeof episode->first_sides, cap * sizeof(struct side));
		episode_count_bytes(keyspace, episode, (int64_t)((cap - episode->side_cap) * sizeof(struct side)));
		episode->side_cap = cap;
	}
	memmove(&episode->sides[place + 1], &episode->sides[place], (episode->side_count - place) * sizeof(struct side));
	episode->side_count++;
	episode->sides[place] = *side;
	note_hold(side->note);
	if (episode->side_count > SIDES_KEPT_MAX)
		drop_sides(keyspace, episode);
}

static bool is_side(const struct episode *episode, unsigned place, const struct stamp *stamp)
{
	return place < episode->side_count && episode->sides[place].stamp.origin == stamp->origin && episode->sides[place].stamp.seq == stamp->seq;
}

const struct side *episode_side(const struct keyspace *keyspace, const struct episode *episode, const struct stamp *stamp)
{
	unsigned place = 0;
	if (episode->side_count > SIDES_FEW)
		place = side_place(keyspace->origins, episode, stamp);
	else
		while (place < episode->side_count && !is_side(episode, place, stamp))
			place++;
	return is_side(episode, place, stamp) ? &episode->sides[place] : NULL;
}

static struct side side_of(const struct party *party)
{
	struct side side = { .stamp = *party->stamp, .note = party->note, .flags = party->flags };
	side.stamp.context = party->note->context;
	return side;
}

bool episode_upgrade_side(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	const struct side *found = episode_side(keyspace, episode, party->stamp);
	enum kind kind = episode->element->kind;
	/* Of a sole survivor of an earlier conflict every DC knows what the write that named it told, and some know no more: so nobody tells more. */
	if (found == NULL || found->is_again)
		return false;
	struct side *side = &episode->sides[found - episode->sides];
	side->is_clearing |= !side->note->is_poor && !party->note->is_poor && note_is_removal(side->note, kind) != note_is_removal(party->note, kind);
	party->note->is_stranded |= side->note->is_stranded;
	if (!note_is_better(party->note, side->note, kind))
		return false;
	note_hold(party->note);
	note_drop(keyspace, side->note);
	side->note = party->note;
	side->stamp.context = party->note->context;
	side->flags = party->flags;
	return true;
}

static void note_first(const struct keyspace *keyspace, struct episode *episode, const struct stamp *stamp)
{
	if (episode->first.seq != 0 && stamp_compare(keyspace->origins, stamp, &episode->first) >= 0)
		return;
	episode->first = *stamp;
	episode->first.context = NULL;
}

bool episode_put_side(struct keyspace *keyspace, struct episode *episode, const struct party *party, struct side *side)
{
	const struct origins *origins = keyspace->origins;
	unsigned place = side_place(origins, episode, party->stamp);
	note_first(keyspace, episode, party->stamp);
	struct other *other = note_is_removal(party->note, episode->element->kind) ? NULL : episode_other(episode, party->stamp);
	if (other != NULL)
		other->traits = 0;
	if (is_side(episode, place, party->stamp)) {
		episode->sides[place].is_again = false;
		episode_upgrade_side(keyspace, episode, party);
		return false;
	}
	episode->has_poor |= party->note->is_poor;
	*side = side_of(party);
	bool is_old = episode->side_count - place >= RECORD_SIDES_MAX;
	if (is_old && (!is_absolute(side) || episode_covers(episode, side)))
		fold_side(keyspace, episode, side);
	else
		insert_side(keyspace, episode, place, side);
	return true;
}
