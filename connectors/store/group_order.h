/* Group order: which pipeline may send its groups now. Groups must run in the order they were added, although they are sent on two
 * connections: a pipeline waits until the groups added before its own were answered on the other one.
 * A run is an unbroken series of groups on one pipeline. Only the oldest run may be sent. */
#ifndef CONNECTORS_GROUP_ORDER_H
#define CONNECTORS_GROUP_ORDER_H

#include "base/bytes.h"

#define GROUP_ORDER_FREE UINT64_MAX

struct group_run {
	unsigned pipeline;
	uint64_t position;           /* of its first group, in its pipeline's bytes */
	unsigned groups_due;         /* not yet answered */
};

/* Zero-initialised is empty; pipeline 0 then counts as the one that wrote last. */
struct group_order {
	struct group_run *runs;      /* owned; oldest first */
	unsigned count;
	unsigned cap;
	unsigned last_pipeline;
};

/* A group is queued on PIPELINE, at POSITION of its bytes. */
void group_order_add(struct group_order *order, unsigned pipeline, uint64_t position);
/* A group of the oldest run was answered. True: the next run may be sent now. */
bool group_order_answered(struct group_order *order);
/* From which position on PIPELINE must wait; GROUP_ORDER_FREE: it need not. */
uint64_t group_order_gate(const struct group_order *order, unsigned pipeline);
void group_order_free(struct group_order *order);

#endif
