/* List: the order of a list's elements, by rule 13 of docs/replication-model.md, for a few writes. Elements are letters. */
#ifndef SCOPE_LIST_H
#define SCOPE_LIST_H

#include "scope_dated.h"

/* Which elements each fact of each write takes or puts, as bit masks. */
struct scope_hits { uint32_t of[SCOPE_VERSIONS_MAX][SCOPE_FACTS_MAX]; };

/* What the list of KEY holds that all had as START. HITS: NULL: nobody asks. */
struct scope_value scope_list(const struct dated_writes *writes, unsigned key, const struct scope_value *start, struct scope_hits *hits);

#endif
