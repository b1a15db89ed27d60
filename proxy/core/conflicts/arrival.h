/* Arrival: one change of a write that is being applied, in the terms of the rules. Private to the room. */
#ifndef CORE_ARRIVAL_H
#define CORE_ARRIVAL_H

#include "conflict.h"

struct arrival {
	struct arriving_write *write;
	const struct change *change;
	struct key *key;             /* NULL: a flush */
	struct element *element;     /* NULL: a clear or flush */
	struct party party;          /* its stamp and note, and the flags of the mark that it will leave */
	long double delta;           /* what it adds; 0: it is no increment */
};

/* Are sums of numbers of this size exact in any order, also as doubles? So they are of whole ones, unless they are huge. */
bool number_is_exact(long double number);
/* Fills in the mark's flags and the delta. */
void arrival_classify(struct arrival *arriving);
/* The stamp with which it competes: a client's own context counts for what the write covers, its batch's for what it meets (conflict_count.c). */
struct stamp arrival_competing(const struct arrival *arriving);
static inline bool arrival_is_remote(const struct arrival *arriving) { return arriving->write->mode == APPLY_REMOTE; }

#endif
