/* Blocks: memory for the many small things that metadata is made of, which come and go by the hundred thousand a second. Taking and giving back are
 * a few instructions: freed blocks of a size wait in a list for the next one of that size.
 * What was taken from the system at the peak stays until blocks_free. Built with sanitizers each block is the system's own, so that they see its end. */
#ifndef CORE_BLOCKS_H
#define CORE_BLOCKS_H

#include <stddef.h>

#define BLOCK_STEP 16                /* sizes are multiples of this, and so is where they begin */
#define BLOCK_MAX 256                /* bytes; larger ones are the system's own */

struct slab;
struct freed_block;

/* Zero-initialise. */
struct blocks {
	struct freed_block *freed[BLOCK_MAX / BLOCK_STEP + 1];   /* by size in steps */
	struct slab *slabs;          /* owned */
	char *next_run;              /* in the newest slab: not taken yet … */
	size_t runs_left;            /* … so many */
};

void *blocks_take(struct blocks *blocks, size_t size);           /* never NULL; not zeroed */
void blocks_give(struct blocks *blocks, void *block, size_t size);       /* SIZE: as it was taken */
void blocks_free(struct blocks *blocks);                         /* all at once: none may be in use */

#endif
