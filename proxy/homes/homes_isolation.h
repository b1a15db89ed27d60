/* Homes isolation: cuts a datacenter off for a drill, keeps it so, or heals it. The order is given at any datacenter, and goes to the one that it is about on the connection
 * that forwards go on: so where that breaks, it is not kept any longer. */
#ifndef PROXY_HOMES_ISOLATION_H
#define PROXY_HOMES_ISOLATION_H

#include "homes.h"
#include "proxy/ops/isolation.h"

/* ASKER is answered once it was done; its refusal says why it was not. */
void homes_isolate(struct homes *homes, struct slice dc, const struct isolation_order *order, const struct homes_asker *asker);
/* Reads what stands in a forwarded order: verb, id, for-ms, keep-ms. False: it is none. */
MUST_CHECK bool homes_isolation_read(const struct slice *words, struct isolation_order *order);

#endif
