/* Turn guard: the connection on which a client watches keys, as the store gives it (connectors/store/store_guard.h). */
#ifndef PROXY_TURN_GUARD_H
#define PROXY_TURN_GUARD_H

#include "connectors/store/store_guard.h"
#include "turn.h"

/* The store must be open. */
struct store_guard *turn_guard_new(struct turn *turn, unsigned protocol, const struct store_guard_callbacks *callbacks);

#endif
