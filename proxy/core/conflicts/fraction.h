/* Fractions, and increments as the store is told of them. Sums of whole numbers are exact in any order; where fractions of two DCs met, the order shows in
 * the last digits, so one DC reads the sum back and ships it as a value (docs/replication-model.md, rule 11). */
#ifndef CORE_FRACTION_H
#define CORE_FRACTION_H

#include "arrival.h"

/* A remote increment reaches the store as an addition. A fraction that has seen everything brings its result along. */
void delta_note(struct keyspace *keyspace, const struct arrival *arriving);
/* Is there a change to this element that the arriving one has not seen, so that the two are a number and what is added to it, and one of them is a fraction
 * or could be; and is it for this DC to read the result back? */
bool fraction_is_ours_to_round(const struct keyspace *keyspace, const struct element *element, const struct arrival *arriving);
/* The element's number is to be read back. */
void roundings_add(struct conflicts *conflicts, const struct element *element);
void rounding_free(struct rounding *rounding);

#endif
