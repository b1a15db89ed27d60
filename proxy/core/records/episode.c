#include "episode.h"

#include "episode_pack.h"

#include <assert.h>
#include <string.h>

/* ---- new and free ---- */

void episodes_open(struct keyspace *keyspace)
{
	keyspace->episodes = memory_new(sizeof *keyspace->episodes);
}

void episodes_close(struct keyspace *keyspace)
{
	struct episodes *episodes = keyspace->episodes;
	for (unsigned list = 0; list < EPISODE_LISTS; list++)
		while (episodes->lists[list] != NULL)
			episode_free(keyspace, episodes->lists[list]);
	assert(episodes->count == 0);
	for (unsigned i = 0; i < episodes->dirty_count; i++)
		memory_free(episodes->dirty[i]);
	memory_free(episodes->dirty);
	buffer_free(&episodes->gone);
	buffer_free(&episodes->finals.commands);
	buffer_free(&episodes->finals.last);
	buffer_free(&episodes->id);
	buffer_free(&episodes->record);
	buffer_free(&episodes->pairs);
	memory_free(episodes);
	keyspace->episodes = NULL;
}

struct episode *episode_new(struct keyspace *keyspace, struct element *element)
{
	struct episode *episode = memory_new(sizeof *episode);
	episode->element = element;
	episode->subject_hash = episode_subject_hash(keyspace->episodes, element);
	episode->next = element->episodes;
	element->episodes = episode;
	episode->has_company = true;
	episode->sides = episode->first_sides;
	episode->stretches = episode->first_stretches;
	episode->side_cap = episode->stretch_cap = EPISODE_SIDES_FIRST;
	episode_enlist(keyspace->episodes, episode, EPISODES_WAITING);
	keyspace->episodes->count++;
	episode_count_bytes(keyspace, episode, sizeof *episode);
	return episode;
}

/* If it is in the list of dirty ones, an empty shell stays there: whoever writes that list frees it. */
void episode_free(struct keyspace *keyspace, struct episode *episode)
{
	struct episode **link = &episode->element->episodes;
	while (*link != episode)
		link = &(*link)->next;
	*link = episode->next;
	if (episode->pack != NULL)
		pack_leave(keyspace, episode);
	episode_unlist(keyspace->episodes, episode);
	keyspace->episodes->count--;
	keyspace->episodes->open_count -= episode->is_counted;
	episode_drop_resolution(keyspace, episode);
	for (unsigned i = 0; i < episode->side_count; i++)
		note_drop(keyspace, episode->sides[i].note);
	episode_count_bytes(keyspace, episode, -(int64_t)episode->bytes);
	if (episode->sides != episode->first_sides)
		memory_free(episode->sides);
	if (episode->stretches != episode->first_stretches)
		memory_free(episode->stretches);
	memory_free(episode->covers);
	memory_free(episode->others);
	bytes_free(episode->stored_id);
	buffer_free(&episode->told_ids);
	bytes_free(episode->last_error);
	episode->element = NULL;
	if (!episode->is_dirty)
		memory_free(episode);
}

/* ---- which writes are in it ---- */

static struct stretch *stretch_of(const struct episode *episode, unsigned origin)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (episode->stretches[i].origin == origin)
			return &episode->stretches[i];
	return NULL;
}

static struct episode *episode_reaching_over(const struct element *element, const struct stamp *stamp)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		const struct stretch *stretch = stretch_of(episode, stamp->origin);
		if (stretch != NULL && stamp->seq >= stretch->first_seq && stamp->seq <= stretch->last_seq)
			return episode;
	}
	return NULL;
}

/* Which episode the write is in. Not all sides are remembered: a write that makes a pair with every concurrent one belongs to the episode whose stretch
 * contains it. */
static struct episode *episode_with(const struct keyspace *keyspace, const struct element *element, const struct party *party)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		const struct side *side = episode_side(keyspace, episode, party->stamp);
		if ((side != NULL && !side->is_again) || episode_other(episode, party->stamp) != NULL)
			return episode;
	}
	return element_meets_all(element, party->note, party->flags) ? episode_reaching_over(element, party->stamp) : NULL;
}

bool episodes_know(const struct element *element, const struct stamp *stamp)
{
	return episode_reaching_over(element, stamp) != NULL;
}

bool episodes_tell(const struct key *key, unsigned origin, uint64_t seq)
{
	for (const struct element *element = key->elements; element != NULL; element = element->next)
		for (const struct episode *episode = element->episodes; episode != NULL; episode = episode->next)
			for (unsigned i = 0; i < episode->side_count; i++)
				if (episode->sides[i].stamp.origin == origin && episode->sides[i].stamp.seq == seq)
					return true;
	return false;
}

void episode_reach(struct keyspace *keyspace, struct episode *episode, unsigned origin, uint64_t seq)
{
	struct stretch *stretch = stretch_of(episode, origin);
	if (stretch == NULL) {
		if (episode->stretch_count == episode->stretch_cap) {
			unsigned cap = episode->stretch_cap * 2;
			episode->stretches = memory_outgrow(episode->stretches, episode->first_stretches, sizeof episode->first_stretches, cap * sizeof *stretch);
			episode_count_bytes(keyspace, episode, (int64_t)((cap - episode->stretch_cap) * sizeof *stretch));
			episode->stretch_cap = cap;
		}
		episode->stretches[episode->stretch_count++] = (struct stretch){ origin, seq, seq };
		return;
	}
	if (seq < stretch->first_seq)
		stretch->first_seq = seq;
	if (seq > stretch->last_seq)
		stretch->last_seq = seq;
}

/* ---- joining ---- */

void episode_add_side(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	struct side side;
	if (episode_put_side(keyspace, episode, party, &side))
		episode_find_covers(keyspace, episode, &side);
}

/* Takes over one of another episode. */
static void take_side(struct keyspace *keyspace, struct episode *episode, const struct side *side)
{
	const struct side *known = episode_side(keyspace, episode, &side->stamp);
	bool is_again = side->is_again && (known == NULL || known->is_again);
	episode_add_side(keyspace, episode, &(struct party){ &side->stamp, side->note, side->flags });
	known = episode_side(keyspace, episode, &side->stamp);
	if (known == NULL)
		return;
	struct side *taken = &episode->sides[known - episode->sides];
	if (side->life > taken->life)
		taken->life = side->life;
	taken->is_clearing |= side->is_clearing;
	taken->is_again = is_again;
}

static void merge(struct keyspace *keyspace, struct episode *episode, struct episode *other)
{
	const struct stamp first = stamp_compare(keyspace->origins, &other->first, &episode->first) < 0 ? other->first : episode->first;
	for (unsigned i = 0; i < other->side_count; i++)
		take_side(keyspace, episode, &other->sides[i]);
	episode->first = first;
	for (unsigned i = 0; i < other->stretch_count; i++) {
		episode_reach(keyspace, episode, other->stretches[i].origin, other->stretches[i].first_seq);
		episode_reach(keyspace, episode, other->stretches[i].origin, other->stretches[i].last_seq);
	}
	episode_take_resolution(keyspace, episode, other);
	episode->pairs += other->pairs;
	if (other->opened_hlc < episode->opened_hlc)
		episode->opened_hlc = other->opened_hlc;
	episode_add_traits(&episode->traits, &episode->pop_origin, other->traits, other->pop_origin);
	if (other->was_told && other->stored_id.len > 0)
		resp_add_bulk(&episode->told_ids, other->stored_id);
	buffer_add(&episode->told_ids, buffer_slice(&other->told_ids));
	episode->has_poor |= other->has_poor;
	for (unsigned i = 0; i < other->other_count; i++)
		episode_add_other(keyspace, episode, &other->others[i]);
	for (unsigned i = 0; i < other->cover_count; i++)
		episode_add_cover(keyspace, episode, &other->covers[i]);
	if (other->attempts > episode->attempts)
		episode->attempts = other->attempts;
	if (other->pack != NULL)
		pack_break(keyspace, other->pack);
	episode_free(keyspace, other);
}

/* Makes one episode of two: the smaller one is merged into the larger. */
static struct episode *unite(struct keyspace *keyspace, struct episode *a, struct episode *b)
{
	struct episode *larger = a->side_count >= b->side_count ? a : b;
	merge(keyspace, larger, larger == a ? b : a);
	episode_recheck_resolution(keyspace, larger);
	return larger;
}

/* Takes the write into the episode, and with it the one that it is in. Returns what both are in now. */
static struct episode *join(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	struct episode *other = episode_with(keyspace, episode->element, party);
	if (other == episode) {
		episode_add_side(keyspace, episode, party);
		return episode;
	}
	if (other != NULL)
		episode = unite(keyspace, episode, other);
	/* Inside an episode's stretch there may be writes that are not in it, as they make no pair with the others. This write was not in it so far. */
	const struct side *side = episode_side(keyspace, episode, party->stamp);
	if (side == NULL || side->is_again) {
		episode_reach(keyspace, episode, party->stamp->origin, party->stamp->seq);
		episode_recheck_resolution(keyspace, episode);
	}
	/* If one write set the element several times, the last value counts; and that was met last when they were met first. */
	enum kind kind = episode->element->kind;
	if (side == NULL || side->is_again || side->note->is_poor || kind == KIND_KEY || note_is_removal(side->note, kind) || note_is_removal(party->note, kind))
		episode_add_side(keyspace, episode, party);
	return episode;
}

static struct episode *episode_of(struct keyspace *keyspace, struct element *subject, const struct party *party)
{
	struct episode *episode = episode_with(keyspace, subject, party);
	if (episode == NULL) {
		episode = episode_new(keyspace, subject);
		episode->opened_hlc = UINT64_MAX;
		episode_reach(keyspace, episode, party->stamp->origin, party->stamp->seq);
	}
	episode_add_side(keyspace, episode, party);
	return episode;
}

static void count_pairs(struct keyspace *keyspace, struct episode *episode, uint64_t pairs, uint64_t opened_hlc)
{
	episode->pairs += pairs;
	if (opened_hlc < episode->opened_hlc)
		episode->opened_hlc = opened_hlc;
	episode_find_resolution(keyspace, episode);
	episode_touch(keyspace, episode);
}

static uint64_t later_hlc(const struct party *a, const struct party *b)
{
	return a->stamp->hlc > b->stamp->hlc ? a->stamp->hlc : b->stamp->hlc;
}

void episodes_pair(struct keyspace *keyspace, struct element *subject, const struct party *a, const struct party *b)
{
	if (a->flags & b->flags & MARK_DELTA)
		return;
	struct episode *episode = episode_of(keyspace, subject, a);
	episode = join(keyspace, episode, b);
	count_pairs(keyspace, episode, 1, later_hlc(a, b));
}

void episodes_strand(struct keyspace *keyspace, struct element *subject, const struct party *write, const struct party *take_over)
{
	struct episode *episode = episode_of(keyspace, subject, write);
	episode = join(keyspace, episode, take_over);
	count_pairs(keyspace, episode, 0, later_hlc(write, take_over));
}

void episodes_tell_stranded(struct keyspace *keyspace, struct element *element, const struct party *write)
{
	struct episode *episode = episode_with(keyspace, element, write);
	if (episode == NULL)
		return;
	episode->traits |= EPISODE_STRANDED;
	episode_touch(keyspace, episode);
}

/* The episode that began with this sibling and a write that SEEN has seen; NULL: with whichever write. */
static struct episode *episode_begun_with(const struct keyspace *keyspace, const struct element *element, const struct stamp *sibling, const struct stamp *seen)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		const struct side *side = episode_side(keyspace, episode, sibling);
		bool is_seen = seen == NULL;
		for (unsigned i = 0; i < episode->side_count && !is_seen; i++)
			is_seen = !episode->sides[i].is_again && stamp_sees(seen, episode->sides[i].stamp.origin) >= episode->sides[i].stamp.seq;
		if (side != NULL && side->is_again && is_seen)
			return episode;
	}
	return NULL;
}

/* SIBLING becomes a side, but the episode's id and stretches stay as they are: an earlier episode has that write. */
static void begin(struct keyspace *keyspace, struct episode *episode, const struct party *sibling)
{
	const struct stamp first = episode->first;
	episode_add_side(keyspace, episode, sibling);
	const struct side *side = episode_side(keyspace, episode, sibling->stamp);
	if (side != NULL)
		episode->sides[side - episode->sides].is_again = true;
	episode->first = first;
}

void episodes_name(struct keyspace *keyspace, struct element *subject, const struct party *write, const struct party *sibling, unsigned bits)
{
	bool is_alone = bits & SIBLING_ALONE;
	struct episode *begun = episode_begun_with(keyspace, subject, sibling->stamp, is_alone ? NULL : write->stamp);
	struct episode *episode = episode_of(keyspace, subject, write);
	if (begun != NULL && begun != episode)
		episode = unite(keyspace, begun, episode);
	else if (begun == NULL && is_alone)
		begin(keyspace, episode, sibling);
	else if (begun == NULL)
		episode = join(keyspace, episode, sibling);
	const struct side *side = episode_side(keyspace, episode, sibling->stamp);
	if (side != NULL && side->is_again)
		episode->sides[side - episode->sides].is_clearing |= (bits & SIBLING_CLEARING) != 0;
	count_pairs(keyspace, episode, 1, later_hlc(write, sibling));
}

void episodes_meet(const struct meeting *meeting)
{
	const struct history *history = meeting->history;
	/* Of two types the newer kills the other, and increments with it: between types an increment counts like any write. */
	const unsigned counted = meeting->is_type_clash ? ~(unsigned)MARK_DELTA : ~0u;
	const struct party *arriving = &(struct party){ meeting->arriving->stamp, meeting->arriving->note, meeting->arriving->flags & counted };
	bool is_increment = arriving->flags & MARK_DELTA;
	/* Where any two concurrent writes are a pair, all marks in the stretch of an older episode are sides already. */
	bool is_dense = meeting->is_own && meeting->subject->kind != KIND_KEY && meeting->subject->kind != KIND_LIST && !element_is_of_stream(meeting->subject) &&
	                !meeting->subject->has_deltas && !is_increment;
	if (is_increment && (history->all_flags & MARK_DELTA))
		return;
	struct episode *episode = NULL;
	uint64_t pairs = 0, opened_hlc = UINT64_MAX;
	for (uint32_t i = meeting->first; i < history->len; i++) {
		const struct mark *mark = history_mark(history, i);
		if ((meeting->wanted != 0 && !(mark->flags & meeting->wanted)) || (mark->flags & meeting->unwanted) ||
		    (is_increment && (mark->flags & MARK_DELTA)))
			continue;
		uint64_t hlc = mark->hlc > arriving->stamp->hlc ? mark->hlc : arriving->stamp->hlc;
		opened_hlc = hlc < opened_hlc ? hlc : opened_hlc;
		if (episode == NULL)
			episode = episode_of(meeting->keyspace, meeting->subject, arriving);
		pairs++;
		struct stamp stamp = { .seq = mark->seq, .hlc = mark->hlc, .origin = history->origin, .context = mark->note->context };
		const struct party party = { &stamp, mark->note, mark->flags & counted };
		const struct episode *met = episode_with(meeting->keyspace, meeting->subject, &party);
		uint32_t end = i + 1;
		if (is_dense && met != NULL && met != episode && !met->has_poor)
			end = history_upto(history, stretch_of(met, history->origin)->last_seq);
		episode = join(meeting->keyspace, episode, &party);
		episode_find_life(meeting->keyspace, episode, &party);
		pairs += end - i - 1;
		i = end - 1;
	}
	if (episode == NULL)
		return;
	episode->traits |= meeting->is_type_clash ? EPISODE_TYPE_CLASH : 0;
	count_pairs(meeting->keyspace, episode, pairs, opened_hlc);
}
