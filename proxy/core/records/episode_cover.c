#include "episode_cover.h"

#include "episode.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"

static bool is_cover_of(const struct cover *cover, const struct stamp *side)
{
	return cover->origin == side->origin && cover->seq == side->seq;
}

bool episode_add_cover(struct keyspace *keyspace, struct episode *episode, const struct cover *cover)
{
	for (unsigned i = 0; i < episode->cover_count; i++) {
		struct cover *known = &episode->covers[i];
		if (known->origin != cover->origin || known->seq != cover->seq || known->by_origin != cover->by_origin || known->is_kill != cover->is_kill)
			continue;
		if (cover->by_seq >= known->by_seq)
			return false;
		known->by_seq = cover->by_seq;
		return true;
	}
	if (episode->cover_count == episode->cover_cap) {
		unsigned cap = episode->cover_cap ? episode->cover_cap * 2 : 4;
		episode->covers = memory_resize(episode->covers, cap * sizeof *cover);
		episode_count_bytes(keyspace, episode, (int64_t)((cap - episode->cover_cap) * sizeof *cover));
		episode->cover_cap = cap;
	}
	if (episode->list == EPISODES_KEPT && episode->cover_count == 0) {
		episode_bring_forward(keyspace->episodes, episode);
		keyspace->episodes->covered_count++;
	}
	episode->covers[episode->cover_count++] = *cover;
	return true;
}

/* As versions compete (version.c): what a client had seen counts. */
static bool covers_side(const struct party *party, const struct side *side)
{
	struct stamp competing = *party->stamp;
	competing.context = party->note->context;
	if (competing.origin == side->stamp.origin && competing.seq == side->stamp.seq)
		return false;
	return stamp_covers(&competing, &side->stamp);
}

static void note_cover(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct stamp *by)
{
	if (episode_add_cover(keyspace, episode, &(struct cover){ side->stamp.origin, by->origin, side->stamp.seq, by->seq, false }))
		episode_touch(keyspace, episode);
}

void episode_note_kill(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct stamp *by)
{
	if (episode_add_cover(keyspace, episode, &(struct cover){ side->stamp.origin, by->origin, side->stamp.seq, by->seq, true }))
		episode_touch(keyspace, episode);
}

/* If its version is still here, that tells; else what was noted of the side. */
static bool is_clearing(const struct episode *episode, const struct side *side)
{
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	return side->is_clearing || (version != NULL && version->is_clearing);
}

void episode_note_covers(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	for (unsigned i = 0; i < episode->side_count; i++) {
		struct side *side = &episode->sides[i];
		if (!covers_side(party, side))
			continue;
		side->is_clearing = is_clearing(episode, side);
		note_cover(keyspace, episode, side, party->stamp);
	}
}

/* The mark's write, with its batch's context. */
static struct stamp stamp_of(const struct history *history, const struct mark *mark)
{
	struct context *context = mark->note->context;
	if (context->is_explicit && context->applied != NULL)
		context = context->applied;
	return (struct stamp){ .seq = mark->seq, .hlc = mark->hlc, .origin = history->origin, .context = context };
}

static void visit_marks(struct keyspace *keyspace, struct episode *episode, const struct element *element, visit_write *visit, const struct side *side)
{
	for (unsigned i = 0; element != NULL && i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			const struct mark *mark = history_mark(history, j);
			const struct stamp stamp = stamp_of(history, mark);
			if (!(mark->flags & MARK_DELTA) && visit(keyspace, episode, side, &(struct party){ &stamp, mark->note, mark->flags }))
				break;
		}
	}
}

void episode_visit_writes(struct keyspace *keyspace, struct episode *episode, visit_write *visit, const struct side *side)
{
	const struct key *key = episode->element->key;
	visit_marks(keyspace, episode, episode->element, visit, side);
	visit_marks(keyspace, episode, key->fixed[KIND_KEY], visit, side);
	if (episode->element->kind != KIND_STRING)
		visit_marks(keyspace, episode, key->fixed[KIND_STRING], visit, side);
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		const struct flush *flush = &keyspace->flushes[i];
		if (flush_concerns(flush->db, key->db))
			(void)visit(keyspace, episode, side, &(struct party){ &flush->stamp, flush->note, 0 });
	}
}

static bool find_cover(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct party *party)
{
	if (!covers_side(party, side))
		return false;
	note_cover(keyspace, episode, side, party->stamp);
	return true;
}

static void find_kills(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct element *element)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			const struct mark *mark = history_mark(history, j);
			const struct stamp stamp = stamp_of(history, mark);
			if (!(mark->flags & MARK_PRESENT) || stamp_compare(keyspace->origins, &stamp, &side->stamp) < 0)
				continue;
			episode_note_kill(keyspace, episode, side, &stamp);
			break;
		}
	}
}

void episode_find_covers(struct keyspace *keyspace, struct episode *episode, const struct side *side)
{
	if (!episode_is_keeping(episode))
		return;
	episode_visit_writes(keyspace, episode, find_cover, side);
	/* Greater writes of another type kill it, in whichever order they come. */
	const struct key *key = episode->element->key;
	if (!key_has_other_type(key, episode->element->kind))
		return;
	for (const struct element *other = key->elements; other != NULL; other = other->next)
		if (other->kind < KIND_TYPES && other->kind != episode->element->kind)
			find_kills(keyspace, episode, side, other);
}

static bool has_cover(const struct episode *episode, const struct side *side, bool is_kill)
{
	for (unsigned i = 0; i < episode->cover_count; i++)
		if (is_cover_of(&episode->covers[i], &side->stamp) && episode->covers[i].is_kill == is_kill)
			return true;
	return false;
}

void episode_find_life(const struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	const struct side *found = episode_side(keyspace, episode, party->stamp);
	if (found == NULL || !episode_is_keeping(episode) || (found->flags & MARK_DELTA))
		return;
	struct side *side = &episode->sides[found - episode->sides];
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	bool is_killed = (party->flags & MARK_DEAD) || (version != NULL && !version->is_present && !note_is_removal(side->note, episode->element->kind));
	if (version == NULL && !has_cover(episode, side, false))
		side->life = LIFE_COVERED;
	else if (is_killed && side->life == LIFE_ALIVE && ((party->flags & MARK_LONG_DEAD) || !has_cover(episode, side, true)))
		side->life = LIFE_KILLED;
}

bool episode_covers_are_stable(const struct keyspace *keyspace, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->cover_count; i++)
		if (!mark_is_stable(keyspace, episode->covers[i].by_origin, episode->covers[i].by_seq))
			return false;
	return true;
}

/* Was the side alive for a write that had seen as much as STAMP? */
static enum life life_of(const struct episode *episode, const struct side *side, const struct stamp *stamp)
{
	enum life life = side->life;
	for (unsigned i = 0; i < episode->cover_count; i++) {
		const struct cover *cover = &episode->covers[i];
		bool is_itself = cover->by_origin == stamp->origin && cover->by_seq == stamp->seq;
		enum life ends_as = cover->is_kill ? LIFE_KILLED : LIFE_COVERED;
		if (ends_as > life && !is_itself && is_cover_of(cover, &side->stamp) && stamp_sees(stamp, cover->by_origin) >= cover->by_seq)
			life = ends_as;
	}
	return life;
}

bool episode_forget_covers(struct keyspace *keyspace, struct episode *episode)
{
	if (episode->cover_count == 0 || !episode_covers_are_stable(keyspace, episode))
		return false;
	for (unsigned i = 0; i < episode->side_count; i++) {
		struct side *side = &episode->sides[i];
		if (has_cover(episode, side, false))
			side->life = LIFE_COVERED;
		else if (side->life == LIFE_ALIVE && has_cover(episode, side, true))
			side->life = LIFE_KILLED;
	}
	keyspace->episodes->covered_count -= episode->list == EPISODES_KEPT;
	episode->cover_count = 0;
	return true;
}

bool episode_was_disputed(const struct episode *episode, const struct stamp *stamp)
{
	struct dispute dispute = { .kind = episode->element->kind };
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct side *side = &episode->sides[i];
		enum life life = side->flags & MARK_DELTA ? LIFE_COVERED : life_of(episode, side, stamp);
		if (life == LIFE_COVERED || (life == LIFE_KILLED && !is_clearing(episode, side) && !note_is_removal(side->note, dispute.kind)))
			continue;
		if (dispute_add(&dispute, side->note, life == LIFE_ALIVE && !note_is_removal(side->note, dispute.kind)))
			return true;
	}
	return false;
}
