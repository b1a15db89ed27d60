/* Sibling: a live version that a client's write with a context of its own names beside itself (docs/replication-model.md, "Contexts of clients"). */
#ifndef CORE_SIBLING_H
#define CORE_SIBLING_H

#include "arrival.h"

/* Takes in a CHANGE_SIBLING. Where the version's metadata was dropped as stable, it is known again. Where something covers the version, or it is there
 * anyway, nothing happens. */
void sibling_apply(struct conflicts *conflicts, struct arrival *arriving);

#endif
