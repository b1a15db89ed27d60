#include "moves.h"

#include <assert.h>

static void list_init(struct move_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

void moves_init(struct moves *moves)
{
	list_init(&moves->holding);
	list_init(&moves->flipping);
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++) {
		list_init(&moves->awaiting[dc]);
		list_init(&moves->flipped[dc]);
	}
}

void moves_free(struct moves *moves)
{
	assert(moves->table.count == 0);
	table_free(&moves->table);
}

void move_list_add(struct move_list *list, struct move *move)
{
	move->next = NULL;
	*list->end = move;
	list->end = &move->next;
}

struct move *move_list_take(struct move_list *list)
{
	struct move *move = list->first;
	if (move == NULL)
		return NULL;
	list->first = move->next;
	if (list->first == NULL)
		list->end = &list->first;
	return move;
}

static struct move *move_of(struct table_node *node)
{
	return (struct move *)(void *)((char *)node - offsetof(struct move, node));
}

struct move *moves_find(const struct moves *moves, struct user_hash hash)
{
	if (moves->table.count == 0)
		return NULL;
	for (struct table_node *node = table_first(&moves->table, hash.low); node != NULL; node = table_same(node))
		if (move_of(node)->hash.high == hash.high)
			return move_of(node);
	return NULL;
}

struct move *moves_add(struct moves *moves, struct user_hash hash, struct slice user)
{
	struct move *move = memory_new(sizeof *move);
	*move = (struct move){ .hash = hash, .user = buffer_copy(user), .number = ++moves->number };
	held_list_init(&move->held);
	table_add(&moves->table, &move->node, hash.low);
	return move;
}

void move_free(struct moves *moves, struct move *move)
{
	assert(move->held.first == NULL);
	table_remove(&moves->table, &move->node);
	bytes_free(move->user);
	memory_free(move);
}

void moves_flip(struct moves *moves, struct move *move)
{
	move->phase = MOVE_FLIPPING;
	move_list_add(&moves->flipping, move);
	if (moves->next_flip == NULL)
		moves->next_flip = move;
}
