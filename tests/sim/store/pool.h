/* Pool: every key, element and value of a run, kept once and named by a number, so that the store and the auditor
 * compare numbers. Number 0 is the empty text. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include "base/bytes.h"

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);
uint32_t pool_intern(struct pool *pool, struct slice text);
struct slice pool_text(const struct pool *pool, uint32_t id);    /* lives as long as the pool; ends with a NUL that is not counted */

/* Makes room for one more item behind COUNT items. Returns where the items are now. Ends the program if there is no memory. */
void *array_grow(void *items, unsigned count, unsigned *cap, size_t item_size);

#endif
