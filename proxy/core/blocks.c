#include "blocks.h"

#include "bytes.h"

#include <stdint.h>

#define SLAB_BYTES (256 * 1024)
#define RUN_BYTES (4 * 1024)         /* blocks of one size lie side by side: those of one batch share cache lines and pages */
#define LINE_BYTES 64                /* of the processor's cache */

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

struct slab { struct slab *next; };
struct freed_block { struct freed_block *next; };

static size_t steps_of(size_t size)
{
	return size == 0 ? 1 : (size + BLOCK_STEP - 1) / BLOCK_STEP;
}

static char *run_take(struct blocks *blocks)
{
	if (blocks->runs_left == 0) {
		struct slab *slab = memory_resize(NULL, SLAB_BYTES);
		slab->next = blocks->slabs;
		blocks->slabs = slab;
		size_t head = LINE_BYTES - (uintptr_t)slab % LINE_BYTES;
		blocks->next_run = (char *)slab + head;
		blocks->runs_left = (SLAB_BYTES - head) / RUN_BYTES;
	}
	char *run = blocks->next_run;
	blocks->next_run += RUN_BYTES;
	blocks->runs_left--;
	return run;
}

static void add_run(struct blocks *blocks, size_t steps)
{
	char *run = run_take(blocks);
	size_t size = steps * BLOCK_STEP;
	for (size_t count = RUN_BYTES / size; count-- > 0;)
		blocks_give(blocks, run + count * size, size);
}

void *blocks_take(struct blocks *blocks, size_t size)
{
	if (!IS_POOLED || size > BLOCK_MAX)
		return memory_resize(NULL, size);
	size_t steps = steps_of(size);
	if (blocks->freed[steps] == NULL)
		add_run(blocks, steps);
	struct freed_block *block = blocks->freed[steps];
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
