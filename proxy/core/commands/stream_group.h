/* Stream groups: the elements that a stream has beside its entries (docs/replication-model.md, rule 15). "group:NAME" is a consumer group; its value is the last id
 * that it gave out. "pending:ID:GROUP" is an entry that was given and is not acknowledged; its value is "ms count consumer". */
#ifndef CORE_STREAM_GROUP_H
#define CORE_STREAM_GROUP_H

#include "base/bytes.h"

/* The consumer that has, in each datacenter's own store, what came late below a group's last id and nobody was given yet. */
#define STREAM_LATE "homeport:late"

/* Is the element a group's, and no entry? */
bool stream_group_has(struct slice element);
MUST_CHECK bool stream_group_read(struct slice element, struct slice *name);
MUST_CHECK bool stream_pending_read(struct slice element, struct slice *id, struct slice *group);

#endif
