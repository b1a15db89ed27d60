/* Turn isolation: a drill cuts this datacenter off and heals it (proxy/ops/isolation.h). Private to this room. */
#ifndef PROXY_TURN_ISOLATION_H
#define PROXY_TURN_ISOLATION_H

#include "turn_step.h"

/* Ends what has lasted too long. */
void turn_isolation_tick(struct turn *turn);
/* Redis is lost: before the core is told. */
void turn_isolation_lose(struct turn *turn);

#endif
