#include "table.h"

#include <assert.h>

#define SLOTS_MIN 64U
#define SLOTS_PER_ADD 4U             /* that are moved: all are before the table grows again, which takes half as many adds as there are */

static struct table_node **table_slot(const struct table *table, uint64_t hash)
{
	if (table->old_count > 0 && (hash & (table->old_count - 1)) >= table->old_at)
		return &table->old_slots[hash & (table->old_count - 1)];
	return &table->slots[hash & (table->slot_count - 1)];
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
	if (table->slot_count == 0)
		return NULL;
	struct table_node *node = *table_slot(table, hash);
	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

void table_warm(const struct table *table, uint64_t hash)
{
	if (table->slot_count > 0)
		memory_warm(table_slot(table, hash), 1);
}

const struct table_node *table_head(const struct table *table, uint64_t hash)
{
	return table->slot_count > 0 ? *table_slot(table, hash) : NULL;
}

struct table_node *table_same(const struct table_node *node)
{
	struct table_node *next = node->next;
	while (next != NULL && next->hash != node->hash)
		next = next->next;
	return next;
}

static void table_move_some(struct table *table)
{
	for (uint32_t i = 0; i < SLOTS_PER_ADD && table->old_at < table->old_count; i++) {
		struct table_node *node = table->old_slots[table->old_at++], *next;
		for (; node != NULL; node = next) {
			next = node->next;
			struct table_node **slot = table_slot(table, node->hash);
			node->next = *slot;
			*slot = node;
		}
	}
	if (table->old_at < table->old_count)
		return;
	memory_free(table->old_slots);
	table->old_slots = NULL;
	table->old_count = 0;
}

static void table_grow(struct table *table)
{
	assert(table->old_count == 0);
	table->old_slots = table->slots;
	table->old_count = table->slot_count;
	table->old_at = 0;
	table->slot_count = table->slot_count > 0 ? table->slot_count * 2 : SLOTS_MIN;
	table->slots = memory_new(table->slot_count * sizeof(struct table_node *));
}

void table_add(struct table *table, struct table_node *node, uint64_t hash)
{
	if (table->count >= table->slot_count / 2 && table->old_count == 0)
		table_grow(table);
	if (table->old_count > 0)
		table_move_some(table);
	struct table_node **slot = table_slot(table, hash);
	node->hash = hash;
	node->next = *slot;
	*slot = node;
	table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
	struct table_node **at = table_slot(table, node->hash);
	while (*at != node) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = node->next;
	table->count--;
}

static void visit_chain(struct table_node *node, void (*visit)(void *context, struct table_node *node), void *context)
{
	for (struct table_node *next; node != NULL; node = next) {
		next = node->next;
		visit(context, node);
	}
}

void table_each(const struct table *table, void (*visit)(void *context, struct table_node *node), void *context)
{
	for (uint32_t i = 0; i < table->slot_count; i++)
		visit_chain(table->slots[i], visit, context);
	for (uint32_t i = table->old_at; i < table->old_count; i++)
		visit_chain(table->old_slots[i], visit, context);
}

void table_free(struct table *table)
{
	memory_free(table->slots);
	memory_free(table->old_slots);
	*table = (struct table){ 0 };
}
