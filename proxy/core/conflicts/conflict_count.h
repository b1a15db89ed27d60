/* Conflict count: which concurrent changes an arriving change meets (docs/replication-model.md, rule 9). */
#ifndef CORE_CONFLICT_COUNT_H
#define CORE_CONFLICT_COUNT_H

#include "arrival.h"

/* Counts and reports every pair, and gives them to the records. Call before the change leaves its own mark. */
void conflicts_count(struct conflicts *conflicts, const struct arrival *arriving);
/* The arriving change of a list and write SEQ of ORIGIN, which it has not seen, removed or set the same element: one pair. */
void conflicts_count_list(struct conflicts *conflicts, const struct arrival *arriving, unsigned origin, uint64_t seq);
/* A version of ORIGIN that the arriving write names as alive beside itself: one pair. */
void conflicts_count_sibling(struct conflicts *conflicts, const struct arrival *arriving, unsigned origin);

#endif
