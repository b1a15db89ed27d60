#include "table.h"

#include <assert.h>

#define SLOTS_MIN 64U

static struct table_node **table_slot(const struct table *table, uint64_t hash)
{
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

static void table_grow(struct table *table)
{
	struct table old = *table;
	table->slot_count = old.slot_count ? old.slot_count * 2 : SLOTS_MIN;
	table->slots = memory_new(table->slot_count * sizeof(struct table_node *));
	for (uint32_t i = 0; i < old.slot_count; i++) {
		for (struct table_node *node = old.slots[i], *next; node != NULL; node = next) {
			next = node->next;
			struct table_node **slot = table_slot(table, node->hash);
			node->next = *slot;
			*slot = node;
		}
	}
	memory_free(old.slots);
}

void table_add(struct table *table, struct table_node *node, uint64_t hash)
{
	if (table->count >= table->slot_count / 2)
		table_grow(table);
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

void table_each(const struct table *table, void (*visit)(void *context, struct table_node *node), void *context)
{
	for (uint32_t i = 0; i < table->slot_count; i++) {
		for (struct table_node *node = table->slots[i], *next; node != NULL; node = next) {
			next = node->next;
			visit(context, node);
		}
	}
}

void table_free(struct table *table)
{
	memory_free(table->slots);
	*table = (struct table){ 0 };
}
