/* Table: a hash table whose nodes live inside their owners. Chained, doubles when half full, never shrinks below its start. It grows a few slots with
 * each node that is added: to move millions of nodes at once would take longer than a turn of the loop may. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "bytes.h"

struct table_node {
	struct table_node *next;
	uint64_t hash;
};

struct table {
	struct table_node **slots;   /* owned; a power of two of them */
	uint32_t slot_count;
	uint32_t count;
	struct table_node **old_slots;       /* owned; while it grows: those from OLD_AT on still hold their nodes */
	uint32_t old_count, old_at;
};

/* The first node of HASH's chain; walk on with table_same. NULL: none. */
struct table_node *table_first(const struct table *table, uint64_t hash);
/* Before table_head, to fetch what that will look at (memory_warm). */
void table_warm(const struct table *table, uint64_t hash);
/* The node where the search for HASH begins; it may have another hash. NULL: none. */
const struct table_node *table_head(const struct table *table, uint64_t hash);
struct table_node *table_same(const struct table_node *node);   /* the next node with the same hash */
void table_add(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table *table, struct table_node *node);
/* Visits every node; VISIT may remove the node it is given. */
void table_each(const struct table *table, void (*visit)(void *context, struct table_node *node), void *context);
void table_free(struct table *table);

#endif
