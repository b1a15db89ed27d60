/* Opening: the conversation after connecting: log in, fence older sidecars, read facts about the server and what it keeps for us.
 * Fencing: each opening takes the next number of the epoch key, names its connections after that number and kills connections with
 * lower numbers. A sidecar that reconnects and finds a number above its own, and above what its failed openings may have made of it, has been replaced.
 * Once older sidecars are fenced, none of their commands can still run, so the state that is read afterwards is complete. */
#ifndef CONNECTORS_OPENING_H
#define CONNECTORS_OPENING_H

#include "pipeline.h"
#include "memento.h"
#include "store.h"

enum { PIPELINE_RESP2, PIPELINE_RESP3, PIPELINE_NOTICES, PIPELINE_COUNT };   /* the last one carries only notifications of expired keys */

enum opening_state {
	OPENING_UNDER_WAY,
	OPENING_DONE,
	OPENING_FAILED,      /* while a stage ran: WHY is completed with its purpose */
	OPENING_REFUSED,     /* the store is not ours: WHY says whose it is */
	OPENING_FENCED,      /* another sidecar took the store over */
};

struct opening {
	struct pipeline *const *pipelines;           /* borrowed */
	const struct store_options *options; /* borrowed */
	uint64_t epoch_left;                 /* that of our last opening; 0: none */
	uint64_t epoch_owed;                 /* how much our openings since then, which failed, may have added to it */
	uint64_t epoch_step;                 /* how much this one adds; 0: not sent yet */
	unsigned stage;
	unsigned replies_due;
	bool is_full;                        /* the store refuses writes for want of memory: ours are sent as scripts that may go beyond */
	bool is_stage_repeated;              /* there is more to read: the same stage runs again */
	uint64_t epoch;
	uint64_t epoch_found, epoch_claimed;         /* in the key; by connections */
	uint64_t *rivals;                    /* owned: connections of older sidecars */
	unsigned rival_count;
	char notify_flags[48];               /* notify-keyspace-events as it should be */
	struct store_facts facts;
	uint32_t databases;
	struct memento memento;
	bool is_home_first;                  /* the pairs of homes in the memento are the first */
	unsigned parts;                      /* as in EVENT_OPENED */
	bool is_data_there;
	char why[256];
};

/* All pipelines are connected. OPENING must be zero-initialised or used before. Sends need a flush of every pipeline. */
enum opening_state opening_begin(struct opening *opening, struct pipeline *const *pipelines, const struct store_options *options,
                                 uint64_t epoch_left, uint64_t epoch_owed);
/* The reply to one of the opening's own commands. OPENING_FAILED, _REFUSED, _FENCED: opening->why says why. */
enum opening_state opening_take(struct opening *opening, struct slice reply);
void opening_free(struct opening *opening);

#endif
