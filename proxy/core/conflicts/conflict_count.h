/* Which concurrent changes an arriving change meets (docs/replication-model.md, rule 9). */
#ifndef CORE_CONFLICT_COUNT_H
#define CORE_CONFLICT_COUNT_H

#include "conflict.h"

/* What an arriving change does, in the terms of the rules. */
struct effectual {
	const struct stamp *stamp;
	const struct change *change;
	struct key *key;             /* NULL: a flush */
	struct element *element;     /* NULL: a clear or flush */
	unsigned flags;              /* of the mark it will leave */
	struct note *note;           /* … and its note */
};

/* Counts and reports every pair. Call before the change leaves its own mark. */
void conflicts_count(struct conflicts *conflicts, const struct effectual *arriving);
/* A version of ORIGIN that the arriving write names as alive beside itself: one pair. */
void conflicts_count_sibling(struct conflicts *conflicts, const struct effectual *arriving, unsigned origin);
/* Is there a change to this element that the arriving one has not seen and that adds, or could add, a fraction to it,
 * and is it for this DC to read the result back? */
bool conflicts_must_settle(const struct conflicts *conflicts, const struct element *element, const struct stamp *stamp, unsigned flags);
/* Is there any change to this element that STAMP has not seen? */
bool element_has_concurrent(const struct element *element, const struct stamp *stamp);

#endif
