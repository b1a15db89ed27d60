/* What the files of the simulated store share: its state, and running a transaction without recording it. */
#ifndef SIM_STORE_STATE_H
#define SIM_STORE_STATE_H

#include "sim_store.h"

struct journal_entry {
	char *bytes;                 /* owned; none: everything that had expired was removed */
	size_t len;
	unsigned protocol;
	uint64_t now_ms;
};

struct sim_store {
	struct pool *pool;
	uint64_t seed;
	struct sim_observer observer;
	struct sim_key **keys;       /* owned */
	unsigned key_count, key_cap;
	struct journal_entry *journal; /* owned */
	unsigned journal_count, journal_cap;
	bool is_replaying;
};

const char *store_run(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms, struct sim_replies *replies);
void store_record(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms);

#endif
