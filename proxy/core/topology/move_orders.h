/* Move orders: moves begin, at somebody's order, or as a user who is nobody's is written for (moving.h makes them go on). */
#ifndef CORE_MOVE_ORDERS_H
#define CORE_MOVE_ORDERS_H

#include "topology.h"

/* ASK_REHOME, ASK_TAKE_OVER: begins it, or refuses it. */
void move_order(struct topology *topology, const struct event *event);
/* Nobody is home of USER, whose HASH this is, and we are about to write for him: we become it. Returns what the write waits for. */
struct move *move_claim(struct topology *topology, const struct user *user, struct user_hash hash);

#endif
