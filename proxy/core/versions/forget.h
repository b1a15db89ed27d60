/* Forget: garbage collection of metadata. What is stable, that is applied by every DC, leaves: marks, then versions, then the element and its key. Versions
 * that wait for a decision stay. */
#ifndef CORE_FORGET_H
#define CORE_FORGET_H

#include "keyspace.h"

/* Frees an element that was only looked at, if nothing unstable is known of it: what it had is spilled like any other's. */
void keyspace_settle_element(struct keyspace *keyspace, struct element *element);
/* Drops what is stable, after origins' stable seqs moved. MOST: so many marks at once; what is left says keyspace->is_forgetting, and goes with the next
 * call. Until then it is as harmless as what is not known to be stable yet. */
void keyspace_forget(struct keyspace *keyspace, uint32_t most);
/* Visits every key: versions that were restored from records have no mark, so keyspace_forget would miss them. */
void keyspace_prune(struct keyspace *keyspace);

#endif
