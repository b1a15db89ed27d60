#include "sequence.h"

#include "keyspace.h"
#include "note.h"
#include "sequence_replay.h"

#include <assert.h>
#include <string.h>

#define PRUNE_MIN 16

/* ---- writes ---- */

static void note_top(struct sequence *sequence, const struct sequence_op *op)
{
	unsigned i = 0;
	while (i < sequence->top_count && sequence->tops[i].origin != op->stamp.origin)
		i++;
	if (i == sequence->top_count) {
		sequence->tops = array_reserve(sequence->tops, sequence->top_count, &sequence->top_cap, sizeof *sequence->tops);
		sequence->tops[sequence->top_count++] = (struct sequence_top){ .origin = op->stamp.origin, .first = op->stamp.seq };
	}
	if (op->stamp.seq > sequence->tops[i].seq)
		sequence->tops[i].seq = op->stamp.seq;
	if (op->stamp.seq < sequence->tops[i].first)
		sequence->tops[i].first = op->stamp.seq;
}

static struct sequence_op *op_add(struct keyspace *keyspace, struct sequence *sequence, const struct sequence_op *from)
{
	struct sequence_op *op = memory_resize(NULL, sizeof *op);
	*op = *from;
	op->order = sequence->arrivals++;
	op->span = NULL;
	op->hits = NULL;
	context_hold(op->stamp.context);
	if (op->note != NULL)
		note_hold(op->note);
	sequence->ops = array_reserve(sequence->ops, sequence->count, &sequence->cap, sizeof *sequence->ops);
	sequence->ops[sequence->count++] = op;
	keyspace->bytes += sizeof *op + sizeof op;
	note_top(sequence, op);
	return op;
}

static void op_free(struct keyspace *keyspace, struct sequence_op *op)
{
	keyspace->bytes -= sizeof *op + sizeof op;
	context_drop(op->stamp.context);
	note_drop(keyspace, op->note);
	memory_free(op);
}

static void tree_drop(struct keyspace *keyspace, struct sequence *sequence)
{
	if (sequence->tree == NULL)
		return;
	keyspace->bytes -= sequence->tree_bytes;
	sequence->tree_bytes = 0;
	sequence_tree_free(sequence->tree);
	sequence->tree = NULL;
	for (uint32_t i = 0; i < sequence->count; i++) {
		sequence->ops[i]->span = NULL;
		sequence->ops[i]->hits = NULL;
	}
}

static void count_tree(struct keyspace *keyspace, struct sequence *sequence)
{
	keyspace->bytes += sequence->tree->bytes - sequence->tree_bytes;
	sequence->tree_bytes = sequence->tree->bytes;
}

struct sequence *sequence_new(struct keyspace *keyspace)
{
	struct sequence *sequence = memory_new(sizeof *sequence);
	keyspace->bytes += sizeof *sequence;
	sequence->next = keyspace->sequences;
	sequence->link = &keyspace->sequences;
	if (sequence->next != NULL)
		sequence->next->link = &sequence->next;
	keyspace->sequences = sequence;
	return sequence;
}

void sequence_drop_edits(struct keyspace *keyspace, struct sequence *sequence)
{
	for (uint32_t i = 0; i < sequence->edit_count; i++)
		note_drop(keyspace, sequence->edits[i].note);
	sequence->edit_count = 0;
}

void sequence_free(struct keyspace *keyspace, struct sequence *sequence)
{
	*sequence->link = sequence->next;
	if (sequence->next != NULL)
		sequence->next->link = sequence->link;
	tree_drop(keyspace, sequence);
	sequence_drop_edits(keyspace, sequence);
	for (uint32_t i = 0; i < sequence->count; i++)
		op_free(keyspace, sequence->ops[i]);
	keyspace->bytes -= sizeof *sequence;
	memory_free(sequence->ops);
	memory_free(sequence->tops);
	memory_free(sequence->edits);
	memory_free(sequence->meetings);
	memory_free(sequence);
}

/* ---- the tree ---- */

static bool is_earlier(const struct keyspace *keyspace, const struct sequence_op *a, const struct sequence_op *b)
{
	int order = stamp_compare(keyspace->origins, &a->stamp, &b->stamp);
	return order != 0 ? order < 0 : a->order < b->order;
}

/* By stamp, so causes come first. Bottom-up merge sort; mostly they are in order. */
static void sort_ops(const struct keyspace *keyspace, struct sequence_op **ops, struct sequence_op **room, uint32_t count)
{
	for (uint32_t width = 1; width < count; width *= 2) {
		for (uint32_t first = 0; first < count; first += 2 * width) {
			uint32_t middle = count - first < width ? count : first + width, end = count - first < 2 * width ? count : first + 2 * width;
			uint32_t a = first, b = middle;
			for (uint32_t to = first; to < end; to++)
				room[to] = a < middle && (b == end || !is_earlier(keyspace, ops[b], ops[a])) ? ops[a++] : ops[b++];
		}
		memcpy(ops, room, count * sizeof *ops);
	}
}

static void tree_build(struct keyspace *keyspace, struct sequence *sequence)
{
	if (sequence->tree != NULL)
		return;
	sequence->tree = sequence_tree_new();
	if (sequence->count > 0) {
		struct sequence_op **room = memory_new(sequence->count * sizeof(struct sequence_op *));
		sort_ops(keyspace, sequence->ops, room, sequence->count);
		memory_free(room);
	}
	for (uint32_t i = 0; i < sequence->count; i++)
		sequence_replay_op(keyspace, sequence, sequence->ops[i], false);
	count_tree(keyspace, sequence);
}

/* ---- a write arrives ---- */

static bool has_seen_all(const struct sequence *sequence, const struct stamp *stamp)
{
	for (unsigned i = 0; i < sequence->top_count; i++)
		if (sequence->tops[i].seq > stamp_sees(stamp, sequence->tops[i].origin))
			return false;
	return true;
}

/* Later ones of its origin are there: so metadata is being recalled. */
static bool is_belated(const struct sequence *sequence, const struct stamp *stamp)
{
	for (unsigned i = 0; i < sequence->top_count; i++)
		if (sequence->tops[i].origin == stamp->origin)
			return sequence->tops[i].seq > stamp->seq;
	return false;
}

void sequence_add(struct keyspace *keyspace, struct sequence *sequence, const struct sequence_op *op)
{
	if (is_belated(sequence, &op->stamp))
		tree_drop(keyspace, sequence);
	struct sequence_op *added = op_add(keyspace, sequence, op);
	if (sequence->tree == NULL)
		return;
	sequence_replay_op(keyspace, sequence, added, false);
	count_tree(keyspace, sequence);
}

/* Something here counts as having seen it: this store had lost it, and what was written since claims it (causes_lift). */
static bool is_late(const struct keyspace *keyspace, const struct sequence *sequence, const struct stamp *stamp)
{
	for (unsigned i = 0; i < sequence->top_count; i++) {
		const struct context *before = keyspace->origins->items[sequence->tops[i].origin].before;
		if (before != NULL && stamp->seq <= context_at(before, stamp->origin))
			return true;
	}
	return false;
}

/* Nothing concurrent is known: it takes effect where it was made. */
static void edit_as_is(struct sequence *sequence, const struct sequence_op *op)
{
	struct sequence_edit edit = { .kind = op->kind, .index = (uint64_t)op->index, .count = op->count, .note = op->note };
	uint64_t len = op->kind == SEQUENCE_REMOVE ? op->count : op->kind == SEQUENCE_SET ? 1 : 0;
	if (op->kind == SEQUENCE_INSERT && (op->index < 0 || (op->index > 0 && (uint64_t)op->index >= op->length))) {
		edit.is_from_tail = true;
		edit.index = 0;
	} else if (op->index > 0 && op->length >= edit.index + len && op->length - edit.index - len < edit.index) {
		edit.is_from_tail = true;
		edit.index = op->length - edit.index - len;
	}
	sequence_add_edit(sequence, &edit);
}

void sequence_receive(struct keyspace *keyspace, struct sequence *sequence, const struct sequence_op *op, bool is_alive)
{
	sequence->meeting_count = 0;
	/* Dead as it arrives: nothing shows of it, but later writes may have seen it. */
	if (!is_alive) {
		tree_drop(keyspace, sequence);
		op_add(keyspace, sequence, op);
		return;
	}
	if (sequence->tree == NULL && has_seen_all(sequence, &op->stamp)) {
		edit_as_is(sequence, op_add(keyspace, sequence, op));
		return;
	}
	/* Late, or it tells that the placeholder is longer or shorter than was thought: all are replayed. */
	uint64_t others;
	bool is_replayed = is_late(keyspace, sequence, &op->stamp);
	if (!is_replayed) {
		tree_build(keyspace, sequence);
		is_replayed = sequence->tree->is_base_guessed && sequence_length_fits(sequence, op, &others);
	}
	if (is_replayed)
		tree_drop(keyspace, sequence);
	struct sequence_op *added = op_add(keyspace, sequence, op);
	if (is_replayed) {
		tree_build(keyspace, sequence);
		sequence_replay_late(sequence, added);
		return;
	}
	sequence_replay_op(keyspace, sequence, added, true);
	count_tree(keyspace, sequence);
}

void sequence_erase(struct keyspace *keyspace, struct sequence *sequence, const struct stamp *stamp, enum sequence_kind kind)
{
	const struct sequence_op *last = sequence->count == 0 ? NULL : sequence->ops[sequence->count - 1];
	if (last != NULL && last->kind == kind && last->stamp.origin == stamp->origin && last->stamp.seq == stamp->seq)
		return;
	tree_drop(keyspace, sequence);
	op_add(keyspace, sequence, &(struct sequence_op){ .stamp = *stamp, .kind = kind });
}

bool sequence_values(struct keyspace *keyspace, struct sequence *sequence, void (*visit)(void *context, const struct note *note), void *context)
{
	bool is_whole = true;
	tree_build(keyspace, sequence);
	for (struct sequence_span *span = span_next(sequence->tree, NULL); span != NULL; span = span_next(sequence->tree, span)) {
		if (span->is_gone || span->len == 0)
			continue;
		const struct sequence_op *op = span->setter != NULL ? span->setter : span->op;
		if (op != NULL)
			visit(context, op->note);
		else
			is_whole = false;
	}
	return is_whole;
}

/* ---- forgetting ---- */

/* CUT: of each origin, what is covered by every write that is not in it. */
static void find_cut(const struct keyspace *keyspace, const struct sequence *sequence, uint64_t *cut)
{
	for (unsigned i = 0; i < keyspace->origins->count; i++)
		cut[i] = keyspace->origins->items[i].stable;
	for (bool is_moved = true; is_moved;) {
		is_moved = false;
		for (uint32_t i = 0; i < sequence->count; i++) {
			const struct stamp *stamp = &sequence->ops[i]->stamp;
			if (stamp->seq <= cut[stamp->origin])
				continue;
			for (unsigned j = 0; j < sequence->top_count; j++) {
				unsigned origin = sequence->tops[j].origin;
				uint64_t seen = stamp_sees(stamp, origin);
				if (seen >= cut[origin])
					continue;
				cut[origin] = seen;
				is_moved = true;
			}
		}
	}
}

bool sequence_is_stable(const struct keyspace *keyspace, const struct sequence *sequence)
{
	for (unsigned i = 0; i < sequence->top_count; i++)
		if (sequence->tops[i].seq > keyspace->origins->items[sequence->tops[i].origin].stable)
			return false;
	return true;
}

static void prune(struct keyspace *keyspace, struct sequence *sequence)
{
	uint64_t *cut = memory_new(keyspace->origins->count * sizeof *cut);
	find_cut(keyspace, sequence, cut);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < sequence->count; i++)
		kept += sequence->ops[i]->stamp.seq > cut[sequence->ops[i]->stamp.origin];
	if (kept < sequence->count) {
		tree_drop(keyspace, sequence);
		uint32_t count = sequence->count;
		sequence->count = sequence->top_count = 0;
		for (uint32_t i = 0; i < count; i++) {
			struct sequence_op *op = sequence->ops[i];
			if (op->stamp.seq <= cut[op->stamp.origin]) {
				op_free(keyspace, op);
				continue;
			}
			sequence->ops[sequence->count++] = op;
			note_top(sequence, op);
		}
	}
	sequence->kept = sequence->count;
	memory_free(cut);
}

void sequence_prune(struct keyspace *keyspace, struct sequence *sequence)
{
	if (sequence->count >= 2 * sequence->kept + PRUNE_MIN && sequence->edit_count == 0)
		prune(keyspace, sequence);
}

void sequences_prune_recalled(struct keyspace *keyspace)
{
	for (struct sequence *sequence = keyspace->sequences; sequence != NULL; sequence = sequence->next)
		prune(keyspace, sequence);
}

uint64_t sequences_before(const struct keyspace *keyspace, unsigned origin, uint64_t limit)
{
	for (const struct sequence *sequence = keyspace->sequences; sequence != NULL; sequence = sequence->next)
		for (unsigned i = 0; i < sequence->top_count; i++)
			if (sequence->tops[i].origin == origin && sequence->tops[i].first <= limit)
				limit = sequence->tops[i].first - 1;
	return limit;
}
