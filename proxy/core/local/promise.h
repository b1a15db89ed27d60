/* Promise: that no later message of ours has an entry of a stream (XADD *) with an id before some time. Who has applied such promises of all
 * datacenters may show what is earlier: nothing can come in front of it (docs/replication-model.md, "Read in order"). */
#ifndef CORE_PROMISE_H
#define CORE_PROMISE_H

#include "local.h"

#define IDS_OF_ANY_TIME 1            /* group.ids_from_ms, of one that reads a key back */

/* The ids that GROUP chooses are not before MS. */
void promise_note_ids(struct group *group, uint64_t ms);
/* The time, of whatever is given to the log from now on. CLOSING: the group that is being closed, or NULL. 0: nothing can be promised now. */
uint64_t promise_entries(const struct local *local, const struct group *closing);

#endif
