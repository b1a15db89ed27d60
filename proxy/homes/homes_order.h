/* Homes order: moves a user to another datacenter. Only the home can do that, so an order that is given elsewhere is passed on to it. If the home is dead, the user can
 * be taken over by force: that is ordered at the new home, and passed on to it. */
#ifndef PROXY_HOMES_ORDER_H
#define PROXY_HOMES_ORDER_H

#include "homes.h"

#define HOMES_HOLD_MS_MAX 60000          /* that an order may ask for */

struct homes_order {
	struct slice user, dc;       /* borrowed for the call */
	uint32_t hold_ms;            /* 0: as limits.hold says */
	bool is_forced;              /* a take-over */
	bool is_now;                 /* … even if the home may be alive */
	bool is_passed_on;           /* by another sidecar: it is not passed on again */
	struct slice by;             /* who orders it */
};

/* ASKER's answer is a status once the new home has confirmed the move; its refusal says why the user did not move. */
void homes_order(struct homes *homes, const struct homes_order *order, const struct homes_asker *asker);
/* Reads milliseconds. False: it is no such time. */
MUST_CHECK bool homes_hold_read(struct slice text, uint32_t *hold_ms);

#endif
