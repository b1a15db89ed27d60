/* What the files of the simulated store share: its state, and running a transaction without recording it.
 *
 *   sim_store.c      the store as a whole      sim_exec.c      runs one transaction
 *   sim_command.c    the commands by name      sim_string.c, sim_hash_set.c, sim_zset.c, sim_stream.c, sim_generic.c    what each does
 *   sim_reply.c      what they answer          sim_keys.c      the keyspace that they work on */
#ifndef SIM_STORE_STATE_H
#define SIM_STORE_STATE_H

#include "sim_store.h"

struct journal_entry {
	char *bytes;                 /* owned. NULL: the entry stands for the removal of everything that had expired */
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
/* sim_keys.c */
void key_free(struct sim_key *key);
void key_expire(struct sim_store *store, struct sim_key *key);       /* removes it, and tells the observer */
bool key_is_expired(const struct sim_key *key, uint64_t now_ms);

#endif
