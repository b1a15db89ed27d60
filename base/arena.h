/* Arena: memory that is given back all at once. What was taken stays where it is until then, however much is taken after it. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "bytes.h"

struct arena {
	struct arena_block *blocks;  /* owned; the first one is being filled */
	size_t used;                 /* of the first one */
};

void *arena_take(struct arena *arena, size_t size);      /* aligned for any number or pointer; not zeroed */
void arena_reset(struct arena *arena);                   /* what was taken is gone; keeps the largest block */
void arena_free(struct arena *arena);

#endif
