/* Latent: lazy metadata. Most writes become stable without anything concurrent having touched their key. So a plain write keeps only its encoded bytes and
 * a 24-byte index entry until a concurrent write, a query, a flush or a rule change needs the key: then the key's latent writes are applied to the
 * metadata, in their order, as if each had been when it came (keyspace_recall, keyspace_key).
 * Entries are found as matches are in deflate (RFC 1951, section 4): by hash. Each entry names the one before it in its chain; a chain ends where an
 * entry has left the ring.
 * Invariant: a key with latent writes has no record (struct key), and each of its latent writes covers those before it.
 * Limit: LATENT_DEPTH_MAX in a chain; a key that is written more often gets a record. Their bytes count as metadata. */
#ifndef CORE_LATENT_H
#define CORE_LATENT_H

#include "base/shared.h"
#include "origin.h"

struct group;

enum latent_state {
	LATENT_UNDER_WAY,            /* sent to the store, or about to be; not answered */
	LATENT_LIVE,
	LATENT_TAKEN,                /* it is in the metadata, or did not take place */
};

#define LATENT_DEPTH_MAX 128
#define LATENT_INDEX_MAX UINT16_MAX

/* The writes of one batch, some of which are latent. */
struct latent_batch {
	struct latent_batch *next;   /* among spare ones */
	struct buffer bytes;         /* encoded writes; none while they are GROUP's */
	struct shared *shared;       /* who owns BYTES; NULL: the batch */
	struct group *group;         /* while it is under way; NULL then */
	struct stamp stamp;          /* of its first write; holds its context once it is not under way */
	uint32_t refs;               /* entries, and whoever makes it */
	bool is_ended;
};

struct latent {
	uint32_t hash;
	uint32_t previous;           /* in its chain: a position */
	uint32_t at;                 /* of the write in the batch's bytes */
	uint16_t index;              /* of the write in the batch */
	uint8_t state;               /* enum latent_state */
	uint8_t depth;               /* of a chain's newest: not more than so many are behind it */
	struct latent_batch *batch;
};

struct latent_reader {
	void *context;
	struct slice (*key_of)(void *context, const struct latent *latent, uint32_t *db);
	void (*take)(void *context, const struct latent *latent);    /* into the metadata; its state tells whether it is answered */
};

struct latents {
	struct latent_reader reader;
	struct latent *ring;         /* owned */
	uint32_t *heads;             /* owned: positions of the chains' newest */
	uint32_t cap;                /* of both: a power of two, or 0 */
	uint32_t first, next;        /* positions: they count on, and wrap */
	uint32_t waiting;            /* entries that are not taken */
	uint64_t bytes;              /* of entries and batches */
	struct latent_batch *spare;
	unsigned spare_count;
};

/* One reference, the caller's. */
struct latent_batch *latent_batch_new(struct latents *latents);
void latent_batch_drop(struct latents *latents, struct latent_batch *batch);
/* It is not under way (any more): takes over BYTES, and leaves memory for others there; holds the stamp's context. */
void latent_batch_end(struct latents *latents, struct latent_batch *batch, struct buffer *bytes, const struct stamp *stamp);
/* Likewise, with others who keep the bytes. */
void latent_batch_share(struct latents *latents, struct latent_batch *batch, struct shared *shared, const struct stamp *stamp);

/* Prefetch what the functions below look at. For many hashes: first this for each, then the other for each. */
void latents_warm(const struct latents *latents, uint64_t hash);
void latents_warm_newest(const struct latents *latents, uint64_t hash);
/* The newest that waits for a key with this hash; NULL: there is none. */
const struct latent *latents_newest(const struct latents *latents, uint64_t hash);
bool latents_have_room(struct latents *latents, uint64_t hash);
void latents_add(struct latents *latents, uint64_t hash, const struct latent *latent);
/* The write that stands AT in its batch, at *POSITION or later, has taken place; *POSITION moves on. */
void latents_answered(struct latents *latents, uint32_t *position, uint32_t at);
/* Of the COUNT entries from position FIRST on, all of one group, those that are still under way have not taken place. */
void latents_cancel(struct latents *latents, uint32_t first, uint32_t count);
/* Gives all that waits for this key to the reader. Returns whether there was any. */
bool latents_take(struct latents *latents, uint64_t hash, uint32_t db, struct slice key);
/* The same for all keys. */
void latents_take_all(struct latents *latents);
/* Drops the oldest entries that are taken or stable and whose group is answered. */
void latents_forget(struct latents *latents, const struct origins *origins);
void latents_free(struct latents *latents);
void latents_check(const struct latents *latents);

#endif
