/* Rereads: the list of keys to be read back from the store and shipped as they are found (local/readback.c does that). */
#ifndef CORE_REREADS_H
#define CORE_REREADS_H

#include "step.h"

struct reread { uint32_t db; struct slice key; bool is_expired; };   /* the key is owned */

struct rereads {
	struct step *step;
	struct reread *items;                /* owned */
	unsigned count, cap;
};

void rereads_add(struct rereads *rereads, uint32_t db, struct slice key, bool is_expired);
/* The keys of a write whose context claims more than the store had: what it did may not fit what others have, and results of its increments do not:
 * they are dropped. */
void rereads_add_touched(struct rereads *rereads, struct changes *changes);
/* The same for a batch that was shipped before we had caught up, by a process that may have ended before it could read back. */
void rereads_add_writes(struct rereads *rereads, struct slice writes);
void rereads_clear(struct rereads *rereads);

#endif
