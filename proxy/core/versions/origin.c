#include "origin.h"

#include <assert.h>
#include <string.h>

int origins_dc(const struct origins *origins, struct slice name)
{
	for (unsigned i = 0; i < origins->dc_count; i++)
		if (slice_equal(slice_of(origins->dcs[i]), name))
			return (int)i;
	return -1;
}

const struct origin *origins_find(const struct origins *origins, unsigned dc, uint64_t incarnation)
{
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		if (origin->dc == dc && origin->incarnation == incarnation && !origin->is_unused)
			return origin;
	}
	return NULL;
}

unsigned origins_indexed(const struct origins *origins)
{
	unsigned count = 0;
	for (unsigned i = 0; i < origins->count; i++)
		count += !origins->items[i].is_unused;
	return count;
}

unsigned origins_remembered(const struct origins *origins)
{
	unsigned count = 0;
	for (unsigned i = 0; i < origins->count; i++)
		count += !origins->items[i].is_unused && !origins->items[i].is_past;
	return count;
}

static int new_index(struct origins *origins)
{
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].is_unused)
			return (int)i;
	if (origins->count == CORE_INCARNATIONS_KNOWN_MAX)
		return -1;
	origins->items = array_reserve(origins->items, origins->count, &origins->cap, sizeof *origins->items);
	origins->items[origins->count] = (struct origin){ 0 };
	return (int)origins->count++;
}

int origins_get_dc(struct origins *origins, unsigned dc, uint64_t incarnation)
{
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].dc == dc && origins->items[i].incarnation == incarnation) {
			origins->items[i].is_unused = false;
			return (int)i;
		}
	int index = new_index(origins);
	if (index < 0)
		return -1;
	struct origin *origin = &origins->items[index];
	memory_free(origin->ledger.entries);
	*origin = (struct origin){ .dc = dc, .incarnation = incarnation };
	if (incarnation < floor_at(origins->floors, dc))
		origin_pass(origin);
	return index;
}

int origins_get(struct origins *origins, struct slice dc, uint64_t incarnation)
{
	int index = origins_dc(origins, dc);
	return index < 0 ? -1 : origins_get_dc(origins, (unsigned)index, incarnation);
}

void origins_free(struct origins *origins)
{
	for (unsigned i = 0; i < origins->count; i++)
		memory_free(origins->items[i].ledger.entries);
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].before != NULL)
			context_drop(origins->items[i].before);
	floors_drop(origins->floors);
	floors_drop(origins->announced);
	floors_drop(origins->heard);
	origins->floors = origins->announced = origins->heard = NULL;
	memory_free(origins->items);
	origins->items = NULL;
	origins->count = origins->cap = 0;
}

void origin_pass(struct origin *origin)
{
	assert(origin->ledger.len == 0);
	if (origin->before != NULL)
		context_drop(origin->before);
	origin->before = NULL;
	origin->is_past = origin->is_logged_whole = true;
	origin->applied = origin->confirmed = origin->recalled = origin->stable = origin->floor = origin->kept = SEQ_WHOLE;
	origin->round_stable = origin->round_applied = SEQ_WHOLE;
}

/* ---- floors ---- */

struct floors *floors_hold(struct floors *floors)
{
	if (floors != NULL)
		floors->refs++;
	return floors;
}

void floors_drop(struct floors *floors)
{
	if (floors != NULL && --floors->refs == 0)
		memory_free(floors);
}

void floors_raise(struct floors **floors, const struct origins *origins, unsigned dc, uint64_t incarnation)
{
	if (incarnation <= floor_at(*floors, dc))
		return;
	if (*floors == NULL || (*floors)->refs > 1) {
		struct floors *own = memory_new(sizeof *own);
		if (*floors != NULL)
			*own = **floors;
		own->refs = 1;
		own->origins = origins;
		floors_drop(*floors);
		*floors = own;
	}
	(*floors)->at[dc] = incarnation;
}

void floors_join(struct floors **floors, const struct floors *other)
{
	for (unsigned dc = 0; other != NULL && dc < other->origins->dc_count; dc++)
		floors_raise(floors, other->origins, dc, other->at[dc]);
}

bool floors_reach(const struct floors *floors, const struct floors *other)
{
	for (unsigned dc = 0; other != NULL && dc < other->origins->dc_count; dc++)
		if (other->at[dc] > floor_at(floors, dc))
			return false;
	return true;
}

/* ---- ledger ---- */

static struct ledger_entry *ledger_at(const struct ledger *ledger, uint32_t index)
{
	return &ledger->entries[(ledger->head + index) & (ledger->cap - 1)];
}

static void ledger_grow(struct ledger *ledger)
{
	uint32_t cap = ledger->cap ? ledger->cap * 2 : 64;
	struct ledger_entry *entries = memory_new(cap * sizeof *entries);
	for (uint32_t i = 0; i < ledger->len; i++)
		entries[i] = *ledger_at(ledger, i);
	memory_free(ledger->entries);
	ledger->entries = entries;
	ledger->cap = cap;
	ledger->head = 0;
}

void ledger_add(struct ledger *ledger, uint64_t seq, struct element *element)
{
	if (ledger->len == ledger->cap)
		ledger_grow(ledger);
	*ledger_at(ledger, ledger->len++) = (struct ledger_entry){ seq, element };
}

struct element *ledger_take(struct ledger *ledger, uint64_t limit)
{
	if (ledger->len == 0 || ledger_at(ledger, 0)->seq > limit)
		return NULL;
	struct element *element = ledger_at(ledger, 0)->element;
	ledger->head = (ledger->head + 1) & (ledger->cap - 1);
	ledger->len--;
	return element;
}

const struct element *ledger_ahead(const struct ledger *ledger, uint32_t count)
{
	return count < ledger->len ? ledger_at(ledger, count)->element : NULL;
}

/* ---- context ---- */

static void context_link(struct context *context, struct context **link)
{
	context->next = *link;
	context->link = link;
	if (*link != NULL)
		(*link)->link = &context->next;
	*link = context;
}

struct context *context_new(struct origins *origins, uint32_t count)
{
	struct context *context = memory_new(sizeof *context + count * sizeof(uint64_t));
	context->refs = 1;
	context->count = count;
	if (origins != NULL)
		context_link(context, &origins->contexts);
	return context;
}

struct context *context_copy(const struct context *context, uint32_t count)
{
	struct context *copy = context_new(NULL, count);
	if (context->link != NULL)
		context_link(copy, context->link);
	memcpy(copy->seqs, context->seqs, context->count * sizeof(uint64_t));
	copy->floors = floors_hold(context->floors);
	return copy;
}

void context_set(struct context **context, unsigned origin, uint64_t seq)
{
	if (origin >= (*context)->count) {
		struct context *larger = context_copy(*context, origin + 1);
		context_drop(*context);
		*context = larger;
	}
	(*context)->seqs[origin] = seq;
}

void context_cut(struct context **context, unsigned origin, uint64_t seq)
{
	bool is_below = (*context)->floors != NULL && context_below(*context, origin) != 0;
	context_set(context, origin, is_below && seq == 0 ? SEQ_NONE : seq);
}

struct context *context_hold(struct context *context)
{
	context->refs++;
	return context;
}

void context_drop(struct context *context)
{
	assert(context->refs > 0);
	if (--context->refs > 0)
		return;
	if (context->applied != NULL)
		context_drop(context->applied);
	floors_drop(context->floors);
	if (context->link != NULL) {
		*context->link = context->next;
		if (context->next != NULL)
			context->next->link = context->link;
	}
	memory_free(context);
}

uint64_t context_below(const struct context *context, unsigned origin)
{
	return origin_is_below(context->floors->origins, context->floors, origin) ? SEQ_WHOLE : 0;
}

int stamp_compare(const struct origins *origins, const struct stamp *a, const struct stamp *b)
{
	/* 1. The later write. */
	if (a->hlc != b->hlc)
		return a->hlc < b->hlc ? -1 : 1;
	/* 2. Same instant: the DC whose name sorts later. 3. Same DC: its later incarnation, then the later seq. */
	if (a->origin != b->origin) {
		const struct origin *x = &origins->items[a->origin], *y = &origins->items[b->origin];
		if (x->dc != y->dc)
			return strcmp(origins->dcs[x->dc], origins->dcs[y->dc]);
		return x->incarnation < y->incarnation ? -1 : 1;
	}
	return a->seq == b->seq ? 0 : a->seq < b->seq ? -1 : 1;
}
