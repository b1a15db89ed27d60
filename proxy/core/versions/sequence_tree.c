#include "sequence_tree.h"

#include <assert.h>

/* ---- sums ---- */

static struct sequence_sums sums_of(const struct sequence_span *span)
{
	return span == NULL ? (struct sequence_sums){ 0 } : span->sums;
}

static void pull(struct sequence_span *span)
{
	struct sequence_sums left = sums_of(span->left), right = sums_of(span->right);
	bool is_unknown = span->len == LEN_UNKNOWN, is_visible = span->is_inserted && span->removals == 0;
	uint64_t len = is_unknown ? 0 : span->len;
	/* Existing spans are counted, not their elements: the placeholder is one even where the list was empty. */
	span->sums = (struct sequence_sums){
		.existing = left.existing + right.existing + span->is_inserted, .visible = left.visible + right.visible + (is_visible ? len : 0),
		.live = left.live + right.live + (span->is_gone ? 0 : len), .unknown = left.unknown + right.unknown + (is_unknown && !span->is_gone),
	};
}

/* ---- the splay tree ---- */

static void link_to_parent(struct sequence_tree *tree, struct sequence_span *old, struct sequence_span *new)
{
	new->parent = old->parent;
	if (old->parent == NULL)
		tree->root = new;
	else if (old->parent->left == old)
		old->parent->left = new;
	else
		old->parent->right = new;
}

static void rotate(struct sequence_tree *tree, struct sequence_span *span)
{
	struct sequence_span *parent = span->parent;
	bool is_left = parent->left == span;
	struct sequence_span *inner = is_left ? span->right : span->left;
	link_to_parent(tree, parent, span);
	if (is_left) {
		parent->left = inner;
		span->right = parent;
	} else {
		parent->right = inner;
		span->left = parent;
	}
	if (inner != NULL)
		inner->parent = parent;
	parent->parent = span;
	pull(parent);
	pull(span);
}

void span_splay(struct sequence_tree *tree, struct sequence_span *span)
{
	while (span->parent != NULL) {
		struct sequence_span *parent = span->parent, *above = parent->parent;
		if (above != NULL)
			rotate(tree, (above->left == parent) == (parent->left == span) ? parent : span);
		rotate(tree, span);
	}
}

void span_update(struct sequence_tree *tree, struct sequence_span *span)
{
	span_splay(tree, span);
	pull(span);
}

void span_add_behind(struct sequence_tree *tree, struct sequence_span *place, struct sequence_span *span)
{
	span_splay(tree, place);
	span->right = place->right;
	if (span->right != NULL)
		span->right->parent = span;
	place->right = span;
	span->parent = place;
	pull(span);
	pull(place);
	span_splay(tree, span);
}

void span_add_before(struct sequence_tree *tree, struct sequence_span *place, struct sequence_span *span)
{
	span_splay(tree, place);
	span->left = place->left;
	if (span->left != NULL)
		span->left->parent = span;
	place->left = span;
	span->parent = place;
	pull(span);
	pull(place);
	span_splay(tree, span);
}

struct sequence_sums spans_before(struct sequence_tree *tree, struct sequence_span *span)
{
	span_splay(tree, span);
	return sums_of(span->left);
}

struct sequence_sums spans_behind(struct sequence_tree *tree, struct sequence_span *span)
{
	span_splay(tree, span);
	return sums_of(span->right);
}

struct sequence_span *span_visible(struct sequence_tree *tree, uint64_t rank, uint64_t *offset)
{
	struct sequence_span *span = tree->root;
	if (rank >= sums_of(span).visible)
		return NULL;
	for (;;) {
		uint64_t before = sums_of(span->left).visible, behind = sums_of(span->right).visible, own = span->sums.visible - before - behind;
		if (rank < before) {
			span = span->left;
			continue;
		}
		rank -= before;
		if (rank < own)
			break;
		rank -= own;
		span = span->right;
	}
	*offset = rank;
	span_splay(tree, span);
	return span;
}

/* The one with RANK existing ones before it. */
static struct sequence_span *existing_at(struct sequence_tree *tree, uint64_t rank)
{
	struct sequence_span *span = tree->root;
	if (rank >= sums_of(span).existing)
		return NULL;
	for (;;) {
		uint64_t before = sums_of(span->left).existing;
		if (rank < before) {
			span = span->left;
			continue;
		}
		rank -= before;
		if (rank == 0 && span->is_inserted)
			break;
		rank -= span->is_inserted;
		span = span->right;
	}
	span_splay(tree, span);
	return span;
}

struct sequence_span *span_first_existing(struct sequence_tree *tree)
{
	return existing_at(tree, 0);
}

struct sequence_span *span_last_existing(struct sequence_tree *tree)
{
	return existing_at(tree, tree->root->sums.existing - 1);
}

struct sequence_span *span_next_existing(struct sequence_tree *tree, struct sequence_span *span)
{
	span_splay(tree, span);
	return existing_at(tree, sums_of(span->left).existing + span->is_inserted);
}

struct sequence_span *span_next(struct sequence_tree *tree, struct sequence_span *span)
{
	struct sequence_span *next = tree->root;
	if (span != NULL) {
		span_splay(tree, span);
		next = span->right;
	}
	while (next != NULL && next->left != NULL)
		next = next->left;
	if (next != NULL)
		span_splay(tree, next);
	return next;
}

/* ---- spans ---- */

static struct sequence_hit *hit_add(struct sequence_tree *tree, struct sequence_span *span, struct sequence_op *op)
{
	struct sequence_hit *hit = memory_new(sizeof *hit);
	*hit = (struct sequence_hit){ .op = op, .span = span, .next_of_op = op->hits, .next_of_span = span->hits };
	op->hits = hit;
	span->hits = hit;
	tree->bytes += sizeof *hit;
	return hit;
}

void span_hit(struct sequence_tree *tree, struct sequence_span *span, struct sequence_op *op)
{
	hit_add(tree, span, op);
	if (op->kind == SEQUENCE_SET)
		return;
	span->removals++;
	span->is_gone = true;
	span_update(tree, span);
}

/* What was inserted behind the span's last element stays with SPAN, what was inserted before its first goes to the part in front. */
struct sequence_span *span_cut(struct sequence_tree *tree, struct sequence_span *span, uint64_t offset)
{
	assert(span->op == NULL && offset > 0 && offset < span->len);
	struct sequence_span *front = memory_new(sizeof *front);
	*front = (struct sequence_span){
		.len = offset, .is_inserted = true, .is_gone = span->is_gone, .setter = span->setter, .before = span->before, .up = span->up,
		.is_left = span->is_left, .lefts = span->lefts, .rights = span,
	};
	tree->bytes += sizeof *front;
	for (struct sequence_span *child = front->lefts; child != NULL; child = child->sibling)
		child->up = front;
	/* Placeholders are a chain: the one above has no other beside it on that side. */
	if (span->up != NULL)
		span->up->rights = front;
	span->lefts = NULL;
	span->up = front;
	span->is_left = false;
	span->before = front;
	span->len -= offset;
	front->removals = span->removals;
	for (struct sequence_hit *hit = span->hits; hit != NULL; hit = hit->next_of_span)
		hit_add(tree, front, hit->op);
	span_update(tree, span);
	span_add_before(tree, span, front);
	return front;
}

struct sequence_tree *sequence_tree_new(void)
{
	struct sequence_tree *tree = memory_new(sizeof *tree);
	struct sequence_span *base = memory_new(sizeof *base);
	*base = (struct sequence_span){ .len = LEN_UNKNOWN, .is_inserted = true };
	*tree = (struct sequence_tree){ .root = base, .base = base, .bytes = sizeof *tree + sizeof *base };
	pull(base);
	return tree;
}

void sequence_tree_free(struct sequence_tree *tree)
{
	struct sequence_span *span = tree->root;
	while (span != NULL) {
		if (span->left != NULL) {
			span = span->left;
			continue;
		}
		if (span->right != NULL) {
			span = span->right;
			continue;
		}
		struct sequence_span *parent = span->parent;
		if (parent != NULL && parent->left == span)
			parent->left = NULL;
		else if (parent != NULL)
			parent->right = NULL;
		for (struct sequence_hit *hit = span->hits, *next; hit != NULL; hit = next) {
			next = hit->next_of_span;
			memory_free(hit);
		}
		memory_free(span);
		span = parent;
	}
	for (unsigned i = 0; i < tree->lane_count; i++)
		memory_free(tree->lanes[i].ops);
	memory_free(tree->lanes);
	memory_free(tree);
}
