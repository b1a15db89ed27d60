#include "blocks.h"

#include "bytes.h"

#define SLAB_BYTES (256 * 1024)

#ifdef __SANITIZE_ADDRESS__
#define IS_POOLED 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define IS_POOLED 0
#endif
#endif
#ifndef IS_POOLED
#define IS_POOLED 1
#endif

struct slab { _Alignas(BLOCK_STEP) struct slab *next; };
struct freed_block { struct freed_block *next; };

static size_t steps_of(size_t size)
{
	return size == 0 ? 1 : (size + BLOCK_STEP - 1) / BLOCK_STEP;
}

static void *slab_take(struct blocks *blocks, size_t bytes)
{
	if (blocks->left < bytes) {
		struct slab *slab = memory_resize(NULL, SLAB_BYTES);
		slab->next = blocks->slabs;
		blocks->slabs = slab;
		blocks->next = (char *)slab + BLOCK_STEP;
		blocks->left = SLAB_BYTES - BLOCK_STEP;
	}
	void *block = blocks->next;
	blocks->next += bytes;
	blocks->left -= bytes;
	return block;
}

void *blocks_take(struct blocks *blocks, size_t size)
{
	if (!IS_POOLED || size > BLOCK_MAX)
		return memory_resize(NULL, size);
	size_t steps = steps_of(size);
	struct freed_block *block = blocks->freed[steps];
	if (block == NULL)
		return slab_take(blocks, steps * BLOCK_STEP);
	blocks->freed[steps] = block->next;
	if (block->next != NULL)
		memory_warm(block->next, 1);
	return block;
}

void blocks_give(struct blocks *blocks, void *block, size_t size)
{
	if (!IS_POOLED || size > BLOCK_MAX) {
		memory_free(block);
		return;
	}
	struct freed_block *freed = block;
	freed->next = blocks->freed[steps_of(size)];
	blocks->freed[steps_of(size)] = freed;
}

void blocks_free(struct blocks *blocks)
{
	while (blocks->slabs != NULL) {
		struct slab *slab = blocks->slabs;
		blocks->slabs = slab->next;
		memory_free(slab);
	}
	*blocks = (struct blocks){ 0 };
}
