/* Store memory: what a store's reserved database tells a sidecar that connects. */
#ifndef SIM_STORE_MEMORY_H
#define SIM_STORE_MEMORY_H

#include "world.h"

/* For as long as the event lasts. */
struct store_memory {
	struct stored_pair *positions, *episodes, *homes;    /* owned */
	struct stored_entry *outbox;                 /* owned */
};

/* EVENT_OPENED, but for what the connection adds. */
struct event store_memory_read(const struct world *world, const struct dc *dc, struct store_memory *memory);
/* EVENT_HOMES, which comes before it where there are homes. MEMORY was read. */
struct event store_memory_homes(const struct world *world, const struct dc *dc, struct store_memory *memory);
void store_memory_free(struct store_memory *memory);

#endif
