/* Store: a small Redis for the simulation. Executes the very bytes that the core sends, transaction by transaction, keeps a journal of
 * them (its append-only file), expires keys by its own DC's clock, and can come back from any prefix of the journal.
 * Invariant: the data is a function of the journal alone, so a replay gives the same data. */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "pool.h"

#define SIM_DATABASES 3u
#define SIM_RESERVED_DB 2u

enum sim_type { SIM_STRING, SIM_HASH, SIM_SET, SIM_ZSET, SIM_LIST, SIM_STREAM };

struct sim_element {
	uint32_t name;               /* field or member; of a list, its place; unused in a string */
	uint32_t value;              /* string, hash, list */
	double score;                /* zset */
};

struct sim_entry {
	uint64_t ms, seq;
	uint32_t field, value;
};

struct sim_key {
	uint32_t db;
	uint32_t name;
	enum sim_type type;
	int64_t expire_at_ms;        /* 0: none */
	struct sim_element *elements; /* owned; a string has one */
	unsigned count, cap;
	struct sim_entry *entries;   /* owned; of a stream */
	unsigned entry_count, entry_cap;
	uint64_t last_ms, last_seq;  /* of a stream: the greatest id given */
	struct sim_element *parts;   /* owned; of a stream: its consumer groups, and what is pending (sim_groups.c) */
	unsigned part_count, part_cap;
};

/* One executed command of a transaction, shown to the observer right after it ran. */
struct sim_executed {
	uint32_t db;
	unsigned index;              /* among the replies of the transaction */
	unsigned argc;
	const struct slice *argv;
	bool is_write;
	struct slice reply;          /* raw */
};

struct sim_observer {
	void *context;
	void (*executed)(void *context, const struct sim_executed *executed);
	void (*expired)(void *context, uint32_t db, uint32_t key);   /* removed by its deadline, not by a command */
};

struct sim_replies {
	struct buffer bytes;
	size_t *ends;                /* owned: where reply i ends in bytes */
	unsigned count, cap;
};

struct sim_store;

struct sim_store *sim_store_new(struct pool *pool, uint64_t seed, const struct sim_observer *observer);
void sim_store_free(struct sim_store *store);
/* Runs MULTI … EXEC at NOW_MS of the store's clock. NULL: well. Otherwise what is wrong with the bytes, which is a fault of the core. */
const char *sim_store_execute(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms, struct sim_replies *replies);
/* The same for somebody else than the core: nobody is told, but the journal. */
void sim_store_meddle(struct sim_store *store, struct slice bytes, uint64_t now_ms);
/* Removes what has expired, as Redis's background cycle does. */
void sim_store_expire(struct sim_store *store, uint64_t now_ms);
/* How many entries the journal has. sim_store_rewind can come back to this place. */
unsigned sim_store_journal(const struct sim_store *store);
/* How many journal entries are older than that, by the store's clock. */
unsigned sim_store_journal_since(const struct sim_store *store, uint64_t now_ms);
/* Forgets everything after the first COUNT journal entries. */
void sim_store_rewind(struct sim_store *store, unsigned count);
/* Removes the keys that have expired, without notifications, as Redis does when it loads a snapshot file. Calls LOST for each. */
void sim_store_drop_expired(struct sim_store *store, uint64_t now_ms, void (*lost)(void *context, uint32_t db, uint32_t key), void *context);

const struct sim_key *sim_store_find(const struct sim_store *store, uint32_t db, uint32_t name);  /* even if it has expired and was not removed yet */
unsigned sim_store_key_count(const struct sim_store *store);
const struct sim_key *sim_store_key_at(const struct sim_store *store, unsigned index);
const struct sim_element *sim_key_element(const struct sim_key *key, uint32_t name);              /* NULL: absent */

void sim_replies_reset(struct sim_replies *replies);
void sim_replies_free(struct sim_replies *replies);
struct slice sim_replies_at(const struct sim_replies *replies, unsigned index);

/* Is it a command that may change something? */
bool sim_command_is_write(struct slice name);
/* Does a full store refuse it? */
bool sim_command_is_growing(struct slice name);
/* What the data takes, about as Redis counts it: of all databases, or without the reserved one. */
uint64_t sim_store_bytes(const struct sim_store *store, bool is_with_reserved);

#endif
