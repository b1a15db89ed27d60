/* What ends an open episode: the write with the smallest stamp of those that have seen all of it, are none of it, and found a decision open.
 *
 * Whether one was open must be told from what that write had seen, not from what happens to be applied here: another DC may apply something in
 * between that covers a side, or, being of another type, kills it. So it is remembered what covers each side: of each origin the first that
 * does. A side was alive for a write that has seen none of them. */
#include "episode.h"

#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"


/* ---- what is open ---- */

static bool is_keeping(const struct episode *episode)
{
	return episode->element->kind < KIND_TYPES && episode->element->key->policy->rule->is_keeping;
}

const struct version *episode_live_version(const struct episode *episode, const struct side *side)
{
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	return version == NULL || version->is_outdone ? NULL : version;
}

bool episode_is_kept(const struct episode *episode)
{
	unsigned count = 0, present = 0;
	if (episode->resolution.seq != 0 || !is_keeping(episode))
		return false;
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct version *version = episode_live_version(episode, &episode->sides[i]);
		count += version != NULL;
		present += version != NULL && version->is_present;
	}
	/* As element_is_open: removals alone leave nothing to decide. */
	return count > 1 && present > 0;
}

/* Some of an episode's sides, one by one: do they differ? */
struct dispute { enum kind kind; struct note *first; bool is_present; };

static bool dispute_add(struct dispute *dispute, struct note *note, bool is_present)
{
	if (dispute->first != NULL &&
	    (dispute->is_present != is_present || (is_present && !note_is_same(dispute->first, note, dispute->kind))))
		return true;
	dispute->first = note;
	dispute->is_present = is_present;
	return false;
}

/* Do live versions differ? */
static bool is_disputed(const struct episode *episode)
{
	struct dispute dispute = { .kind = episode->element->kind };
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct version *version = episode_live_version(episode, &episode->sides[i]);
		if (version != NULL && dispute_add(&dispute, episode->sides[i].note, version->is_present))
			return true;
	}
	return false;
}

enum record_status episode_status(const struct episode *episode)
{
	static const enum record_status ends[] = {
		[WRITE_ORDINARY] = RECORD_SUPERSEDED, [WRITE_RESOLVES] = RECORD_RESOLVED, [WRITE_IGNORES] = RECORD_IGNORED,
	};
	if (episode->resolution.seq != 0)
		return ends[episode->resolution_note->choice];
	return is_keeping(episode) && is_disputed(episode) ? RECORD_OPEN : RECORD_AUTO;
}

/* ---- covers ---- */

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

static void note_kill(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct stamp *by)
{
	if (episode_add_cover(keyspace, episode, &(struct cover){ side->stamp.origin, by->origin, side->stamp.seq, by->seq, true }))
		episode_touch(keyspace, episode);
}

/* Its version knows best, as long as there is one. */
static bool is_clearing(const struct episode *episode, const struct side *side)
{
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	return side->is_clearing || (version != NULL && version->is_clearing);
}

static void note_covers(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	for (unsigned i = 0; i < episode->side_count; i++) {
		struct side *side = &episode->sides[i];
		if (!covers_side(party, side))
			continue;
		side->is_clearing = is_clearing(episode, side);
		note_cover(keyspace, episode, side, party->stamp);
	}
}

/* With its batch's context. */
static struct stamp stamp_of(const struct history *history, const struct mark *mark)
{
	struct context *context = mark->note->context;
	if (context->is_explicit && context->applied != NULL)
		context = context->applied;
	return (struct stamp){ .seq = mark->seq, .hlc = mark->hlc, .origin = history->origin, .context = context };
}

/* Takes one write that replaces what it covers of the episode's element. True: no later one of its origin is wanted. */
typedef bool visit_write(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct party *party);

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

/* All that is remembered of such writes: of the element, clears of its key, SETs if it is of another type, flushes. */
static void visit_writes(struct keyspace *keyspace, struct episode *episode, visit_write *visit, const struct side *side)
{
	const struct key *key = episode->element->key;
	visit_marks(keyspace, episode, episode->element, visit, side);
	visit_marks(keyspace, episode, key->fixed[KIND_KEY], visit, side);
	if (episode->element->kind != KIND_STRING)
		visit_marks(keyspace, episode, key->fixed[KIND_STRING], visit, side);
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		const struct flush *flush = &keyspace->flushes[i];
		if (flush->db == DB_ALL || flush->db == key->db)
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
			note_kill(keyspace, episode, side, &stamp);
			break;
		}
	}
}

/* A side that is new here, but was met before: what came upon it meanwhile. */
void episode_find_covers(struct keyspace *keyspace, struct episode *episode, const struct side *side)
{
	if (!is_keeping(episode))
		return;
	visit_writes(keyspace, episode, find_cover, side);
	/* Greater writes of another type kill it, whichever comes first. */
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
	if (found == NULL || !is_keeping(episode) || (found->flags & MARK_DELTA))
		return;
	struct side *side = &episode->sides[found - episode->sides];
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	bool is_killed = (party->flags & MARK_DEAD) || (version != NULL && !version->is_present && !note_is_removal(side->note, episode->element->kind));
	if (version == NULL && !has_cover(episode, side, false))
		side->life = LIFE_OVER;
	else if (is_killed && side->life == LIFE_LED && ((party->flags & MARK_LONG_DEAD) || !has_cover(episode, side, true)))
		side->life = LIFE_KILLED;
}

bool episode_covers_are_stable(const struct keyspace *keyspace, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->cover_count; i++)
		if (!mark_is_stable(keyspace, episode->covers[i].by_origin, episode->covers[i].by_seq))
			return false;
	return true;
}

/* What was the side for a write that had seen as much as STAMP? */
static enum life life_of(const struct episode *episode, const struct side *side, const struct stamp *stamp)
{
	enum life life = side->life;
	for (unsigned i = 0; i < episode->cover_count; i++) {
		const struct cover *cover = &episode->covers[i];
		bool is_itself = cover->by_origin == stamp->origin && cover->by_seq == stamp->seq;
		enum life ends_as = cover->is_kill ? LIFE_KILLED : LIFE_OVER;
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
			side->life = LIFE_OVER;
		else if (side->life == LIFE_LED && has_cover(episode, side, true))
			side->life = LIFE_KILLED;
	}
	keyspace->episodes->covered_count -= episode->list == EPISODES_KEPT;
	episode->cover_count = 0;
	return true;
}

static bool was_disputed(const struct episode *episode, const struct stamp *stamp)
{
	struct dispute dispute = { .kind = episode->element->kind };
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct side *side = &episode->sides[i];
		enum life life = side->flags & MARK_DELTA ? LIFE_OVER : life_of(episode, side, stamp);
		if (life == LIFE_OVER || (life == LIFE_KILLED && !is_clearing(episode, side) && !note_is_removal(side->note, dispute.kind)))
			continue;
		if (dispute_add(&dispute, side->note, life == LIFE_LED && !note_is_removal(side->note, dispute.kind)))
			return true;
	}
	return false;
}

/* ---- ending ---- */

void episode_drop_resolution(struct keyspace *keyspace, struct episode *episode)
{
	note_drop(keyspace, episode->resolution_note);
	if (episode->resolution.context != NULL)
		context_drop(episode->resolution.context);
	episode->resolution_note = NULL;
	episode->resolution = (struct stamp){ 0 };
}

static bool is_resolution(const struct episode *episode, const struct stamp *stamp)
{
	return episode->resolution.seq == stamp->seq && episode->resolution.origin == stamp->origin;
}

static bool sees_all(const struct stamp *stamp, const struct episode *episode)
{
	for (unsigned i = 0; i < episode->stretch_count; i++)
		if (stamp_sees(stamp, episode->stretches[i].origin) < episode->stretches[i].last_seq)
			return false;
	return true;
}

static bool is_earlier(const struct keyspace *keyspace, const struct stamp *stamp, const struct episode *episode)
{
	return episode->resolution.seq == 0 || stamp_compare(keyspace->origins, stamp, &episode->resolution) < 0;
}

/* More is known of it than when it was ended. More writes may be in it, which what ended it has not seen. (One that its store lost and got back may
 * have been seen.) And what a write of ours counts as having seen, though our store had lost it, may turn out to have covered a side. */
void episode_recheck_resolution(struct keyspace *keyspace, struct episode *episode)
{
	const struct stamp *resolution = &episode->resolution;
	if (resolution->seq == 0 || (resolution->context != NULL && sees_all(resolution, episode) && was_disputed(episode, resolution)))
		return;
	episode_drop_resolution(keyspace, episode);
	episode_touch(keyspace, episode);
}

/* BY has covered or killed a side. */
static void recheck_after(struct keyspace *keyspace, struct episode *episode, const struct stamp *by)
{
	const struct stamp *resolution = &episode->resolution;
	if (resolution->seq == 0 || resolution->context == NULL || is_resolution(episode, by) || stamp_sees(resolution, by->origin) < by->seq)
		return;
	episode_recheck_resolution(keyspace, episode);
	episode_find_resolution(keyspace, episode);
}

/* Of two that are joined, the earlier resolution. */
void episode_take_resolution(struct keyspace *keyspace, struct episode *episode, struct episode *other)
{
	if (other->resolution.seq == 0 || !is_earlier(keyspace, &other->resolution, episode))
		return;
	episode_drop_resolution(keyspace, episode);
	episode->resolution = other->resolution;
	episode->resolution_note = other->resolution_note;
	other->resolution = (struct stamp){ 0 };
	other->resolution_note = NULL;
}

static void resolve(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	note_hold(party->note);
	episode_drop_resolution(keyspace, episode);
	episode->resolution = *party->stamp;
	context_hold(episode->resolution.context);
	episode->resolution_note = party->note;
	episode_touch(keyspace, episode);
}

/* Of a write that is none of the episode's sides. One that ends it may change the element twice: the last of that is what it tells. */
static void try_to_end(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	bool is_end = is_resolution(episode, party->stamp)
		? note_is_better(party->note, episode->resolution_note, episode->element->kind)
		: is_keeping(episode) && is_earlier(keyspace, party->stamp, episode) && sees_all(party->stamp, episode) && was_disputed(episode, party->stamp);
	if (is_end)
		resolve(keyspace, episode, party);
}

/* A write of ours that counts as having seen what our store lost and got back is here before that. */
static bool consider(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct party *party)
{
	(void)side;
	if (episode_side(keyspace, episode, party->stamp) == NULL)
		try_to_end(keyspace, episode, party);
	return false;
}

/* A side tells more, or something else, than before: a write may change an element twice, and the last of it counts. What ended the episode may not have
 * found a decision open, or something may have after all. */
static void recheck_told(struct keyspace *keyspace, struct episode *episode)
{
	const struct stamp *resolution = &episode->resolution;
	if (!is_keeping(episode) || (resolution->seq != 0 && resolution->context == NULL))
		return;
	episode_recheck_resolution(keyspace, episode);
	visit_writes(keyspace, episode, consider, NULL);
}

static void compete(struct keyspace *keyspace, struct episode *episode, const struct party *party)
{
	const struct side *side = episode_side(keyspace, episode, party->stamp);
	if (side != NULL) {
		/* What it came to be known by may tell less of it than this. And where it is recalled, a version comes back with it, perhaps after what
		 * covered or killed it. */
		if (episode_upgrade_side(keyspace, episode, party)) {
			episode_find_covers(keyspace, episode, side);
			recheck_told(keyspace, episode);
		}
		episode_touch(keyspace, episode);
	} else {
		try_to_end(keyspace, episode, party);
	}
	if (episode->list == EPISODES_KEPT)
		episode_touch(keyspace, episode);
}

void episode_find_resolution(struct keyspace *keyspace, struct episode *episode)
{
	bool has_lost = false;
	for (unsigned i = 0; i < keyspace->origins->count; i++)
		has_lost |= keyspace->origins->items[i].before != NULL;
	if (!has_lost || !is_keeping(episode))
		return;
	visit_writes(keyspace, episode, consider, NULL);
}

void episodes_compete(struct keyspace *keyspace, struct element *element, const struct party *party)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		compete(keyspace, episode, party);
		if (!is_keeping(episode))
			continue;
		note_covers(keyspace, episode, party);
		recheck_after(keyspace, episode, party->stamp);
	}
}

void episodes_kill(struct keyspace *keyspace, struct element *element, const struct party *party)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next) {
		if (episode->list == EPISODES_KEPT)
			episode_touch(keyspace, episode);
		for (unsigned i = 0; is_keeping(episode) && i < episode->side_count; i++) {
			const struct side *side = &episode->sides[i];
			if (!note_is_removal(side->note, element->kind) && stamp_compare(keyspace->origins, &side->stamp, party->stamp) < 0)
				note_kill(keyspace, episode, side, party->stamp);
		}
		recheck_after(keyspace, episode, party->stamp);
	}
}
