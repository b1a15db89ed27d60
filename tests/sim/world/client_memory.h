/* What clients that deal with versions remember: the contexts that they were given. */
#ifndef SIM_CLIENT_MEMORY_H
#define SIM_CLIENT_MEMORY_H

#include "world.h"

#define CONTEXTS_KEPT 3

/* What clients of one DC were told of one value. */
struct client_memory {
	unsigned dc;
	uint32_t db, key, element;
	bool is_field;
	uint32_t contexts[CONTEXTS_KEPT];    /* newest first; 0: none */
};

/* What clients of DC were told of the value that REQUEST is about; finds or adds. */
struct client_memory *client_memory_find(struct world *world, const struct client_request *request, unsigned dc);
/* A client's ask is answered. */
void client_ask_replied(struct world *world, struct dc *dc, uint64_t token, struct slice reply);

#endif
