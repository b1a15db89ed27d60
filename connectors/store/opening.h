/* Opening: the conversation that makes fresh lanes usable: log in, fence older sidecars, read facts and what the store remembers.
 * Fencing: each opening takes the next number of the epoch key, names its connections after it and kills those with
 * lower ones. Who comes back and finds a higher number than its own has been replaced.
 * After it, nothing of an older sidecar can still run, so what is read is the whole state. */
#ifndef CONNECTORS_OPENING_H
#define CONNECTORS_OPENING_H

#include "lane.h"
#include "memento.h"
#include "store.h"

enum { LANE_RESP2, LANE_RESP3, LANE_NOTICES, LANE_COUNT };   /* the last one carries only notices of expired keys */

enum opening_state { OPENING_UNDER_WAY, OPENING_DONE, OPENING_FAILED, OPENING_FENCED };

struct opening {
	struct lane *const *lanes;           /* borrowed */
	const struct store_options *options; /* borrowed */
	uint64_t epoch_left;                 /* that of our last opening; 0: none */
	unsigned stage;
	unsigned replies_due;
	bool is_stage_repeated;              /* it has more to read */
	uint64_t epoch;
	uint64_t epoch_found;
	uint64_t *rivals;                    /* owned: connections of older sidecars */
	unsigned rival_count;
	char notify_flags[48];               /* what the server notifies of */
	struct store_facts facts;
	uint32_t databases;
	struct memento memento;
	char why[256];
};

/* All lanes are connected. OPENING must be zero-initialised or used before. Sends need a flush of every lane. */
enum opening_state opening_begin(struct opening *opening, struct lane *const *lanes, const struct store_options *options,
                                 uint64_t epoch_left);
/* The reply to one of the opening's own commands. OPENING_FAILED, OPENING_FENCED: opening->why says why. */
enum opening_state opening_take(struct opening *opening, struct slice reply);
void opening_free(struct opening *opening);

#endif
