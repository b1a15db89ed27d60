/* Group order: which lane may send its groups now. Groups reach the store in the order they were added, though they travel on
 * several lanes: a lane waits until the groups added before its own are answered on the other lane.
 * A run is an unbroken series of groups on one lane; the oldest run is the one that may be sent. */
#ifndef CONNECTORS_GROUP_ORDER_H
#define CONNECTORS_GROUP_ORDER_H

#include "base/bytes.h"

#define GROUP_ORDER_FREE UINT64_MAX

struct group_run {
	unsigned lane;
	uint64_t position;           /* of its first group, in its lane's bytes */
	unsigned groups_due;         /* not yet answered */
};

/* Zero-initialised is empty: lane 0 is the writing one. */
struct group_order {
	struct group_run *runs;      /* owned; oldest first */
	unsigned count;
	unsigned cap;
	unsigned last_lane;
};

/* A group was queued on LANE at POSITION of the lane's bytes. */
void group_order_add(struct group_order *order, unsigned lane, uint64_t position);
/* A group of the oldest run was answered. True: the next run may be sent now. */
bool group_order_answered(struct group_order *order);
/* From which position on LANE must wait; GROUP_ORDER_FREE: it need not. */
uint64_t group_order_gate(const struct group_order *order, unsigned lane);
void group_order_free(struct group_order *order);

#endif
