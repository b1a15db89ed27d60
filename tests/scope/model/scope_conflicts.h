/* Conflicts: which pairs of changes in a case are conflicts (rule 9 of docs/replication-model.md). */
#ifndef SCOPE_CONFLICTS_H
#define SCOPE_CONFLICTS_H

#include "scope_model.h"

/* How many pairs of changes of the writes in APPLIED are conflicts. NAMELESS: pairs of flushes, which have no key. */
unsigned scope_count_conflicts(const struct scope_history *history, unsigned applied, unsigned *nameless);

#endif
