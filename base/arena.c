#include "arena.h"

#define BLOCK_MIN 4096
#define KEPT_MAX (1024 * 1024)       /* of an empty one */

struct arena_block {
	struct arena_block *next;
	size_t cap;
	char bytes[];
};

static void add_block(struct arena *arena, size_t size)
{
	size_t cap = arena->blocks != NULL ? arena->blocks->cap * 2 : BLOCK_MIN;
	if (cap < size)
		cap = size;
	struct arena_block *block = memory_resize(NULL, sizeof *block + cap);
	*block = (struct arena_block){ .next = arena->blocks, .cap = cap };
	arena->blocks = block;
	arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	if (arena->blocks == NULL || arena->blocks->cap - arena->used < size)
		add_block(arena, size);
	void *taken = arena->blocks->bytes + arena->used;
	arena->used += size;
	return taken;
}

static void free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;
		memory_free(block);
		block = next;
	}
}

void arena_reset(struct arena *arena)
{
	if (arena->blocks == NULL)
		return;
	arena->used = 0;
	free_blocks(arena->blocks->next);
	arena->blocks->next = NULL;
	if (arena->blocks->cap > KEPT_MAX)
		arena_free(arena);
}

void arena_free(struct arena *arena)
{
	free_blocks(arena->blocks);
	*arena = (struct arena){ 0 };
}
