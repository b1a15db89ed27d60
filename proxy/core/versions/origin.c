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

int origins_get_dc(struct origins *origins, unsigned dc, uint64_t incarnation)
{
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].dc == dc && origins->items[i].incarnation == incarnation)
			return (int)i;
	if (origins->count == CORE_INCARNATIONS_MAX)
		return -1;
	origins->items = array_reserve(origins->items, origins->count, &origins->cap, sizeof *origins->items);
	origins->items[origins->count] = (struct origin){ .dc = dc, .incarnation = incarnation };
	return (int)origins->count++;
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
	memory_free(origins->items);
	origins->items = NULL;
	origins->count = origins->cap = 0;
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

struct context *context_new(uint32_t count)
{
	struct context *context = memory_new(sizeof *context + count * sizeof(uint64_t));
	context->refs = 1;
	context->count = count;
	return context;
}

struct context *context_copy(const struct context *context, uint32_t count)
{
	struct context *copy = context_new(count);
	memcpy(copy->seqs, context->seqs, context->count * sizeof(uint64_t));
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
	memory_free(context);
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
