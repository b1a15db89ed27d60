#include "sequence_replay.h"

#include "keyspace.h"
#include "note.h"

#include <assert.h>

/* ---- the present version ---- */

/* OP enters the present version, or leaves it. */
static void toggle(struct sequence_tree *tree, const struct sequence_op *op, bool is_in)
{
	if (op->span != NULL) {
		op->span->is_inserted = is_in;
		span_update(tree, op->span);
	}
	for (struct sequence_hit *hit = op->hits; op->kind != SEQUENCE_SET && hit != NULL; hit = hit->next_of_op) {
		hit->span->removals += is_in ? 1 : UINT32_MAX;
		span_update(tree, hit->span);
	}
}

static void lane_move(struct sequence_tree *tree, struct sequence_lane *lane, uint64_t seq)
{
	while (lane->at < lane->count && lane->ops[lane->at]->stamp.seq <= seq)
		toggle(tree, lane->ops[lane->at++], true);
	while (lane->at > 0 && lane->ops[lane->at - 1]->stamp.seq > seq)
		toggle(tree, lane->ops[--lane->at], false);
}

/* The version in which a write was made. */
static void move_to(struct sequence_tree *tree, const struct stamp *stamp)
{
	for (unsigned i = 0; i < tree->lane_count; i++)
		lane_move(tree, &tree->lanes[i], stamp_sees(stamp, tree->lanes[i].origin));
}

static void remember(struct sequence_tree *tree, struct sequence_op *op)
{
	unsigned i = 0;
	while (i < tree->lane_count && tree->lanes[i].origin != op->stamp.origin)
		i++;
	if (i == tree->lane_count) {
		tree->lanes = array_reserve(tree->lanes, tree->lane_count, &tree->lane_cap, sizeof *tree->lanes);
		tree->lanes[tree->lane_count++] = (struct sequence_lane){ .origin = op->stamp.origin };
	}
	struct sequence_lane *lane = &tree->lanes[i];
	lane_move(tree, lane, op->stamp.seq);
	assert(lane->at == lane->count);
	lane->ops = array_reserve(lane->ops, lane->count, &lane->cap, sizeof *lane->ops);
	lane->ops[lane->count++] = op;
	lane->at++;
}

/* ---- edits ---- */

void sequence_add_edit(struct sequence *sequence, const struct sequence_edit *edit)
{
	struct sequence_edit *last = sequence->edit_count == 0 ? NULL : &sequence->edits[sequence->edit_count - 1];
	if (last != NULL && edit->kind == SEQUENCE_REMOVE && last->kind == SEQUENCE_REMOVE && last->is_from_tail == edit->is_from_tail &&
	    last->index == edit->index) {
		last->count += edit->count;
		return;
	}
	sequence->edits = array_reserve(sequence->edits, sequence->edit_count, &sequence->edit_cap, sizeof *sequence->edits);
	sequence->edits[sequence->edit_count++] = *edit;
	if (edit->note != NULL)
		note_hold(edit->note);
}

/* Where SPAN stands in the list as it is, from the nearer end, or from that behind which nothing unknown is. */
static struct sequence_edit edit_at(struct sequence_tree *tree, struct sequence_span *span, enum sequence_kind kind)
{
	struct sequence_sums before = spans_before(tree, span), behind = spans_behind(tree, span);
	bool is_from_tail = before.unknown > 0 || (behind.unknown == 0 && behind.live < before.live);
	return (struct sequence_edit){ .kind = kind, .is_from_tail = is_from_tail, .index = is_from_tail ? behind.live : before.live, .count = span->len };
}

/* ---- places ---- */

static bool has_seen(const struct sequence_op *op, const struct sequence_op *other)
{
	bool is_one = other->stamp.origin == op->stamp.origin && other->stamp.seq == op->stamp.seq;
	return is_one ? other->order < op->order : other->stamp.seq <= stamp_sees(&op->stamp, other->stamp.origin);
}

static bool tells_length(const struct sequence_op *op)
{
	return op->kind == SEQUENCE_REMOVE || op->kind == SEQUENCE_SET || (op->kind == SEQUENCE_INSERT && op->index > 0);
}

bool sequence_length_fits(const struct sequence *sequence, const struct sequence_op *op, uint64_t *others)
{
	*others = 0;
	if (op->is_lifted || !tells_length(op))
		return false;
	for (uint32_t i = 0; i < sequence->count; i++) {
		const struct sequence_op *other = sequence->ops[i];
		if (!has_seen(op, other))
			continue;
		if (other->is_lifted || other->kind != SEQUENCE_INSERT || tells_length(other))
			return false;
		++*others;
	}
	return true;
}

/* How long the list was tells how many elements the placeholder stands for. The store of a lifted write lacked something: another one tells it, if there is any. */
static void learn_base(struct sequence *sequence, const struct sequence_op *op)
{
	struct sequence_tree *tree = sequence->tree;
	struct sequence_span *base = tree->base;
	if (tree->is_base_known || base->removals > 0)
		return;
	uint64_t others = tree->root->sums.visible;
	tree->is_base_known = true;
	tree->is_base_guessed = op->is_lifted;
	for (uint32_t i = 0; tree->is_base_guessed && i < sequence->count; i++) {
		uint64_t seen;
		if (!sequence_length_fits(sequence, sequence->ops[i], &seen))
			continue;
		tree->is_base_guessed = false;
		op = sequence->ops[i];
		others = seen;
	}
	base->len = op->length > others ? op->length - others : 0;
	span_update(tree, base);
}

/* The element with this index in the present version, as a span that begins with it; NULL: there is none. */
static struct sequence_span *element_at(struct sequence_tree *tree, uint64_t index)
{
	uint64_t offset;
	struct sequence_span *span = span_visible(tree, index, &offset);
	if (span != NULL && offset > 0)
		span_cut(tree, span, offset);
	return span;
}

static bool is_first_of(const struct keyspace *keyspace, const struct sequence_span *a, const struct sequence_span *b, bool is_newest_first)
{
	int order = stamp_compare(keyspace->origins, &a->op->stamp, &b->op->stamp);
	return is_newest_first ? order > 0 : order < 0;
}

/* SPAN takes its place beside UP, among those that were put there concurrently. */
static void put_beside(struct keyspace *keyspace, struct sequence_tree *tree, struct sequence_span *up, struct sequence_span *span)
{
	/* At the head of the list the newest comes first, elsewhere the oldest. */
	bool is_newest_first = span->is_left && up->before == NULL;
	struct sequence_span **link = span->is_left ? &up->lefts : &up->rights, *previous = NULL;
	while (*link != NULL && is_first_of(keyspace, *link, span, is_newest_first)) {
		previous = *link;
		link = &previous->sibling;
	}
	struct sequence_span *next = *link;
	span->up = up;
	span->sibling = next;
	*link = span;
	if (next != NULL) {
		while (next->lefts != NULL)
			next = next->lefts;
		span_add_before(tree, next, span);
	} else if (span->is_left) {
		span_add_before(tree, up, span);
	} else {
		struct sequence_span *last = previous != NULL ? previous : up;
		while (previous != NULL && last->rights != NULL)
			for (last = last->rights; last->sibling != NULL;)
				last = last->sibling;
		span_add_behind(tree, last, span);
	}
}

/* ---- what writes do ---- */

static void insert(struct keyspace *keyspace, struct sequence *sequence, struct sequence_op *op)
{
	struct sequence_tree *tree = sequence->tree;
	struct sequence_span *span = memory_new(sizeof *span), *before = NULL, *up;
	*span = (struct sequence_span){ .len = 1, .is_inserted = true, .op = op };
	tree->bytes += sizeof *span;
	if (op->index > 0) {
		learn_base(sequence, op);
		/* The one in front of it; whatever it is a part of ends there. */
		before = element_at(tree, (uint64_t)op->index - 1);
		if (before != NULL && before->len > 1)
			before = span_cut(tree, before, 1);
	}
	if (op->index == 0) {
		up = span_first_existing(tree);
		span->is_left = true;
	} else if (before == NULL || (uint64_t)op->index >= op->length) {
		up = before = span_last_existing(tree);
	} else {
		struct sequence_span *next = span_next_existing(tree, before);
		span->is_left = next != NULL && next->before == before;
		up = span->is_left ? next : before;
	}
	span->before = before;
	op->span = span;
	put_beside(keyspace, tree, up, span);
}

static void add_meeting(struct sequence *sequence, const struct sequence_op *op)
{
	for (uint32_t i = 0; i < sequence->meeting_count; i++)
		if (sequence->meetings[i].order == op->order)
			return;
	sequence->meetings = array_reserve(sequence->meetings, sequence->meeting_count, &sequence->meeting_cap, sizeof *sequence->meetings);
	sequence->meetings[sequence->meeting_count++] = (struct sequence_meeting){ op->stamp.origin, op->stamp.seq, op->order };
}

static void meet(struct sequence *sequence, const struct sequence_span *span, const struct sequence_op *op)
{
	for (const struct sequence_hit *hit = span->hits; hit != NULL; hit = hit->next_of_span) {
		const struct sequence_op *other = hit->op;
		bool is_one = other->kind == SEQUENCE_REMOVE || other->kind == SEQUENCE_SET;
		if (is_one && other->stamp.seq > stamp_sees(&op->stamp, other->stamp.origin) &&
		    op->stamp.seq > stamp_sees(&other->stamp, op->stamp.origin))
			add_meeting(sequence, other);
	}
}

static void hit(struct sequence *sequence, struct sequence_span *span, struct sequence_op *op, bool is_news)
{
	if (is_news)
		meet(sequence, span, op);
	span_hit(sequence->tree, span, op);
}

static void remove_range(struct sequence *sequence, struct sequence_op *op, bool is_news)
{
	struct sequence_tree *tree = sequence->tree;
	learn_base(sequence, op);
	for (uint64_t left = op->count; left > 0;) {
		struct sequence_span *span = element_at(tree, (uint64_t)op->index);
		if (span == NULL)
			return;
		if (span->len > left)
			span = span_cut(tree, span, left);
		if (is_news && !span->is_gone) {
			struct sequence_edit edit = edit_at(tree, span, SEQUENCE_REMOVE);
			sequence_add_edit(sequence, &edit);
		}
		left -= span->len;
		hit(sequence, span, op, is_news);
	}
}

static void set_one(struct keyspace *keyspace, struct sequence *sequence, struct sequence_op *op, bool is_news)
{
	struct sequence_tree *tree = sequence->tree;
	learn_base(sequence, op);
	struct sequence_span *span = element_at(tree, (uint64_t)op->index);
	if (span == NULL)
		return;
	if (span->len > 1)
		span = span_cut(tree, span, 1);
	hit(sequence, span, op, is_news);
	if (span->setter != NULL && stamp_compare(keyspace->origins, &span->setter->stamp, &op->stamp) > 0)
		return;
	span->setter = op;
	if (!is_news || span->is_gone)
		return;
	struct sequence_edit edit = edit_at(tree, span, SEQUENCE_SET);
	edit.note = op->note;
	sequence_add_edit(sequence, &edit);
}

static void erase(struct sequence_tree *tree, struct sequence_op *op)
{
	for (struct sequence_span *span = span_next(tree, NULL); span != NULL; span = span_next(tree, span))
		if (op->kind == SEQUENCE_KILL || (span->is_inserted && span->removals == 0))
			span_hit(tree, span, op);
}

void sequence_replay_op(struct keyspace *keyspace, struct sequence *sequence, struct sequence_op *op, bool is_news)
{
	struct sequence_tree *tree = sequence->tree;
	move_to(tree, &op->stamp);
	switch (op->kind) {
	case SEQUENCE_INSERT:
		insert(keyspace, sequence, op);
		if (is_news) {
			struct sequence_edit edit = edit_at(tree, op->span, SEQUENCE_INSERT);
			edit.note = op->note;
			sequence_add_edit(sequence, &edit);
		}
		break;
	case SEQUENCE_REMOVE:
		remove_range(sequence, op, is_news);
		break;
	case SEQUENCE_SET:
		set_one(keyspace, sequence, op, is_news);
		break;
	case SEQUENCE_CLEAR: case SEQUENCE_KILL:
		erase(tree, op);
		break;
	}
	remember(tree, op);
}

/* ---- what comes late ---- */

static bool is_only_removed_by(const struct sequence_span *span, const struct sequence_op *op)
{
	for (const struct sequence_hit *hit = span->hits; hit != NULL; hit = hit->next_of_span)
		if (hit->op != op && hit->op->kind != SEQUENCE_SET)
			return false;
	return true;
}

static void set_gone(struct sequence_tree *tree, struct sequence_span *span, bool is_gone)
{
	span->is_gone = is_gone;
	span_update(tree, span);
}

/* The store still has what only OP removes. */
static void remove_late(struct sequence *sequence, const struct sequence_op *op)
{
	struct sequence_tree *tree = sequence->tree;
	for (struct sequence_hit *hit = op->hits; hit != NULL; hit = hit->next_of_op)
		if (is_only_removed_by(hit->span, op))
			set_gone(tree, hit->span, false);
	for (struct sequence_hit *hit = op->hits; hit != NULL; hit = hit->next_of_op) {
		if (hit->span->is_gone)
			continue;
		struct sequence_edit edit = edit_at(tree, hit->span, SEQUENCE_REMOVE);
		sequence_add_edit(sequence, &edit);
		set_gone(tree, hit->span, true);
	}
}

void sequence_replay_late(struct sequence *sequence, struct sequence_op *op)
{
	struct sequence_span *span = op->kind == SEQUENCE_INSERT ? op->span : op->hits != NULL ? op->hits->span : NULL;
	for (const struct sequence_hit *hit = op->hits; hit != NULL; hit = hit->next_of_op)
		meet(sequence, hit->span, op);
	if (op->kind == SEQUENCE_REMOVE)
		remove_late(sequence, op);
	else if (span != NULL && !span->is_gone && (op->kind == SEQUENCE_INSERT || span->setter == op)) {
		struct sequence_edit edit = edit_at(sequence->tree, span, op->kind);
		edit.note = span->setter != NULL ? span->setter->note : op->note;
		sequence_add_edit(sequence, &edit);
	}
}
