#include "mark.h"

#include "note.h"
#include "types.h"

#include <stddef.h>
#include <string.h>

struct history *element_history(const struct element *element, unsigned origin)
{
	for (unsigned i = 0; i < element->history_count; i++)
		if (element->histories[i].origin == origin)
			return &element->histories[i];
	return NULL;
}

uint32_t history_upto(const struct history *history, uint64_t limit)
{
	uint32_t low = 0, high = history->len;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (history_mark(history, middle)->seq <= limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct history *element_history_add(struct element *element, unsigned origin)
{
	struct history *history = element_history(element, origin);
	if (history != NULL)
		return history;
	unsigned index = element->history_count++;
	if (index == 0) {
		element->histories = &element->first_history;
	} else {
		element->histories = memory_outgrow(element->histories, &element->first_history, sizeof element->first_history,
		                                    element->history_count * sizeof *history);
	}
	history = &element->histories[index];
	*history = (struct history){ .origin = origin, .all_flags = UINT16_MAX };
	if (index == 0) {
		history->marks = element->first_marks;
		history->cap = FIRST_MARKS;
	}
	return history;
}

static size_t history_bytes(const struct history *history)
{
	size_t marks = history->has_own_marks ? sizeof *history->marks : 0, totals = history->totals != NULL ? sizeof *history->totals : 0;
	return history->cap * (marks + totals);
}

static void history_move_up(struct history *history)
{
	memmove(history->marks, history->marks + history->head, history->len * sizeof *history->marks);
	if (history->totals != NULL)
		memmove(history->totals, history->totals + history->head, history->len * sizeof *history->totals);
}

static void history_own_marks(struct history *history, uint32_t cap)
{
	const struct mark *room = history->has_own_marks ? NULL : history->marks;
	history->marks = memory_outgrow(history->marks, room, FIRST_MARKS * sizeof *room, cap * sizeof *history->marks);
	history->has_own_marks = true;
}

static void history_make_room(struct keyspace *keyspace, struct history *history)
{
	if (history->head + history->len < history->cap)
		return;
	if (history->head > history->cap / 2) {
		history_move_up(history);
	} else {
		uint32_t cap = history->cap ? history->cap * 2 : 1;
		keyspace->bytes -= history_bytes(history);
		history_own_marks(history, cap);
		if (history->totals != NULL)
			history->totals = memory_resize(history->totals, cap * sizeof *history->totals);
		history->cap = cap;
		keyspace->bytes += history_bytes(history);
		history_move_up(history);
	}
	history->head = 0;
}

/* The first delta among its marks. */
static void history_start_totals(struct keyspace *keyspace, struct history *history)
{
	keyspace->bytes -= history_bytes(history);
	history->totals = memory_resize(NULL, history->cap * sizeof *history->totals);
	keyspace->bytes += history_bytes(history);
	for (uint32_t i = 0; i < history->len; i++)
		history->totals[history->head + i] = history->total_before;
}

/* Adds DELTA to the totals of the marks from the one at AT, which is new. */
static void history_add_total(struct history *history, uint32_t at, long double delta)
{
	long double *totals = &history->totals[history->head];
	for (uint32_t i = history->len; --i > at;)
		totals[i] = totals[i - 1] + delta;
	totals[at] = (at > 0 ? totals[at - 1] : history->total_before) + delta;
}

void history_kill(struct history *history, uint32_t count)
{
	if (history->totals != NULL) {
		long double *totals = &history->totals[history->head], dead = totals[count - 1];
		for (uint32_t i = 0; i < history->len; i++)
			totals[i] = i < count ? 0 : totals[i] - dead;
	}
	history->total_before = 0;
}

void keyspace_mark(struct keyspace *keyspace, struct element *element, const struct marking *marking)
{
	const struct stamp *stamp = marking->stamp;
	struct history *history = element_history_add(element, stamp->origin);
	element_set_kept(keyspace, element, false);
	history_make_room(keyspace, history);
	/* Older seqs come later only while metadata is recalled beside new local writes. */
	uint32_t at = history->len++;
	for (; at > 0 && history_mark(history, at - 1)->seq > stamp->seq; at--)
		*history_mark(history, at) = *history_mark(history, at - 1);
	struct mark *mark = history_mark(history, at);
	mark->seq = stamp->seq & ((UINT64_C(1) << 55) - 1);
	mark->flags = marking->flags & 0x1ff;
	mark->hlc = stamp->hlc;
	mark->note = note_hold(marking->note);
	history->some_flags |= marking->flags & 0x1ff;
	history->all_flags &= marking->flags & 0x1ff;
	element->has_deltas |= (marking->flags & MARK_DELTA) != 0;
	element->has_fractions |= (marking->flags & (MARK_FRACTION | MARK_PATCH)) == MARK_FRACTION;
	element->has_patches |= (marking->flags & MARK_PATCH) != 0;
	if (history->totals == NULL && marking->delta != 0)
		history_start_totals(keyspace, history);
	if (history->totals != NULL)
		history_add_total(history, at, marking->delta);
	ledger_add(&keyspace->origins->items[stamp->origin].ledger, stamp->seq, element);
	element->unstable++;
}

void history_forget(struct keyspace *keyspace, struct history *history, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		note_drop(keyspace, history_mark(history, i)->note);
	history->head += count;
	history->len -= count;
}

/* Every DC has KILLER, and its mark is about to go: notes what it has killed, as nobody could tell later. */
static void key_note_killed(const struct keyspace *keyspace, const struct key *key, enum kind kind, const struct stamp *killer)
{
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		for (unsigned i = 0; element->kind < KIND_TYPES && element->kind != kind && i < element->history_count; i++) {
			const struct history *history = &element->histories[i];
			for (uint32_t j = 0; j < history->len; j++) {
				struct mark *mark = history_mark(history, j);
				const struct stamp stamp = history_stamp(history, j);
				if (stamp_compare(keyspace->origins, &stamp, killer) > 0)
					break;
				if (mark->flags & MARK_DEAD)
					mark->flags |= MARK_LONG_DEAD;
			}
		}
	}
}

/* The newest of them that can kill has killed whatever the others have. */
void history_note_killed(const struct keyspace *keyspace, const struct element *element, const struct history *history, uint32_t count)
{
	if (element->kind >= KIND_TYPES || !key_has_other_type(element->key, element->kind))
		return;
	while (count > 0 && !(history_mark(history, count - 1)->flags & MARK_PRESENT))
		count--;
	if (count == 0)
		return;
	const struct stamp killer = history_stamp(history, count - 1);
	key_note_killed(keyspace, element->key, element->kind, &killer);
}

void history_free(struct keyspace *keyspace, struct history *history)
{
	history_forget(keyspace, history, history->len);
	keyspace->bytes -= history_bytes(history);
	if (history->has_own_marks)
		memory_free(history->marks);
	memory_free(history->totals);
}

/* A deadline has no marks of its own. */
static void element_warm(const struct element *element, enum kind kind, unsigned step)
{
	switch (step) {
	case 0:
		memory_warm(element, kind == KIND_TTL ? offsetof(struct element, first_history) : offsetof(struct element, next));
		return;
	case 1:
		if (element->histories != &element->first_history)
			memory_warm(element->histories, sizeof *element->histories);
		if (element->versions != &element->first_version)
			memory_warm(element->versions, sizeof *element->versions);
		return;
	default:
		for (unsigned i = 0; i < element->history_count; i++)
			memory_warm(history_mark(&element->histories[i], element->histories[i].len), 1);
		for (unsigned i = 0; i < element->version_count; i++) {
			memory_warm(element->versions[i].value.ptr, 1);
			memory_warm(element->versions[i].stamp.context, 1);
		}
	}
}

/* Cache misses are batched. Key, element, histories and last marks point to each other, so each step is taken for all keys before the next one. */
void keyspace_warm(struct key *const *keys, unsigned count)
{
	static const enum kind kinds[] = { KIND_STRING, KIND_TTL };
	for (unsigned i = 0; i < count; i++)
		if (keys[i] != NULL)
			memory_warm(keys[i], sizeof(struct key));
	for (unsigned step = 0; step < 3; step++)
		for (unsigned i = 0; i < count * 2; i++)
			if (keys[i / 2] != NULL && keys[i / 2]->fixed[kinds[i % 2]] != NULL)
				element_warm(keys[i / 2]->fixed[kinds[i % 2]], kinds[i % 2], step);
}
