/* Turn: what a core of a scope world is told (events), and what becomes of what it wants (effects): at once, and in a fixed order. */
#ifndef SCOPE_TURN_H
#define SCOPE_TURN_H

#include "scope_world.h"

/* One event for DC's core; its effects are run before this returns. */
void scope_step(struct scope_dc *dc, struct event *event);
/* Turns of all DCs, until nothing happens any more. */
void scope_run(struct scope_world *world);
/* Likewise, after DC's clients have written: what DC ships meanwhile counts as their writes. */
void scope_hear(struct scope_world *world, unsigned dc);
/* Half a second passes everywhere: heartbeats. */
void scope_pass(struct scope_world *world);

#endif
