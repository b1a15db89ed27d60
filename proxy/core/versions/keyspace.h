/* Keyspace: what is remembered of writes that are not stable yet, by key and element. It stores; conflict.c decides.
 * Invariant: an element has an unstable mark or version (also one that stands on another element, as a clear's does), or an episode; a key
 * has an element or a write under way.
 * Invariant: what has no record here is settled: the store's value is everyone's, and every future write covers it. */
#ifndef CORE_KEYSPACE_H
#define CORE_KEYSPACE_H

#include "proxy/core/commands/change.h"
#include "element.h"
#include "latent.h"
#include "mark.h"
#include "origin.h"
#include "spills.h"
#include "base/table.h"

struct policy;
struct note;                         /* note.h */
struct episodes;                     /* episode.h */

struct flush {                       /* an unstable FLUSHDB or FLUSHALL */
	struct stamp stamp;
	uint32_t db;                 /* or DB_ALL */
	struct note *note;           /* a reference */
};

/* An unstable write that takes a user over from the datacenter that was his home (conflicts/stranded.h). */
struct take_over {
	struct stamp stamp;
	uint64_t user[2];            /* a hash */
	struct note *note;           /* a reference */
};

struct keyspace {
	struct origins *origins;
	uint64_t now_ms;             /* of this step */
	struct policy *(*policy_for)(void *context, struct slice key);
	void *policy_context;
	bool is_whole;               /* of metadata, nothing is still to be recalled */
	struct table keys, elements;
	struct sequence *sequences;  /* all there are */
	struct latents latents;      /* writes of keys without a record */
	struct flush *flushes;
	unsigned flush_count, flush_cap;
	struct take_over *take_overs;        /* owned */
	unsigned take_over_count, take_over_cap;
	struct element *dirty_elements, **dirty_elements_end;    /* in the order they were touched: a collection runs empty where it did at the origin */
	struct key *dirty_keys, *thinned_keys;
	unsigned *edits;             /* owned: which replies of the group that is rendered tell how many entries of streams came late */
	unsigned edit_count, edit_cap;
	bool is_flush_dirty;         /* the store must be told of a flush first, of these databases: */
	bool *flushed;               /* owned; DATABASES of them */
	uint32_t databases, reserved_db;
	uint32_t kept_elements, kept_keys;       /* fields, members; keys with a kept element */
	struct spills spills;        /* go with the next group (spill.c) */
	struct episodes *episodes;   /* the records' own: they attach theirs, and take it away before the keyspace is freed (records/episode.h) */
	uint32_t note_value_bytes_max;
	bool is_forgetting;          /* the last keyspace_forget left something that is stable */
	uint64_t bytes;              /* of all this but what is latent, roughly */
};

/* Does a flush of FLUSHED concern the keys of DB? */
static inline bool flush_concerns(uint32_t flushed, uint32_t db) { return flushed == DB_ALL ? db != DB_RESERVED : flushed == db; }

static inline uint64_t keyspace_bytes(const struct keyspace *keyspace) { return keyspace->bytes + keyspace->latents.bytes; }

/* Zero-initialise, then this. POLICY_FOR tells the rule of a key. */
void keyspace_open(struct keyspace *keyspace, struct origins *origins, uint32_t databases, uint32_t reserved_db);
/* These look a key up. Its latent writes, if there are any, are applied to the metadata first: so whoever is applying a change must not call them, and the
 * rooms that apply changes (records/, conflicts/) are given the key. */
struct key *keyspace_recall(struct keyspace *keyspace, uint32_t db, struct slice name);       /* NULL: nothing is known of it */
struct key *keyspace_key(struct keyspace *keyspace, uint32_t db, struct slice name);        /* adds it if nothing is known of it */
/* keyspace_key of many. Cache misses are batched: what is needed of all keys is prefetched before the first is looked at. Where BATCH is given, a plain
 * write of a key without a record becomes latent instead: NULL stands for its key. */
void keyspace_keys(struct keyspace *keyspace, const struct key_name *names, unsigned count, struct latent_batch *batch, struct key **keys);
/* Has a write to it been sent and not answered? */
bool keyspace_is_in_flight(const struct keyspace *keyspace, uint32_t db, struct slice name);
/* Every key with latent writes gets a record. */
void keyspace_take_latent(struct keyspace *keyspace);
/* Finds or adds. A new one starts with the unstable clears and flushes that concern it. */
struct element *keyspace_element(struct keyspace *keyspace, struct key *key, enum kind kind, struct slice name);
/* Before these are applied, which change elements of KEY: cache misses are batched, of so many at a time. */
#define WARM_ELEMENTS 32U
void keyspace_warm_elements(const struct keyspace *keyspace, const struct key *key, const struct change *changes, unsigned count);
/* It is in no conflict that is remembered (any more). */
void element_free(struct keyspace *keyspace, struct element *element);
/* Frees the key if nothing is known of it any more. */
void keyspace_release_key(struct keyspace *keyspace, struct key *key);
void keyspace_add_take_over(struct keyspace *keyspace, const struct stamp *stamp, struct note *note, const uint64_t user[2]);
void keyspace_add_flush(struct keyspace *keyspace, const struct stamp *stamp, uint32_t db, struct note *note);
void keyspace_set_dirty(struct keyspace *keyspace, struct element *element);
void keyspace_set_key_dirty(struct keyspace *keyspace, struct key *key);
void keyspace_set_thinned(struct keyspace *keyspace, struct key *key);  /* it may be gone, and its deadline with it: remote.c asks */
void keyspace_set_flush_dirty(struct keyspace *keyspace, uint32_t db);  /* or DB_ALL */
/* Visits every key that has a record; none has latent writes. */
void keyspace_visit_keys(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context);
/* The same, whatever is latent besides. */
void keyspace_visit_taken(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context);
/* The same, after keyspace_take_latent. */
void keyspace_each_key(struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context);
void keyspace_free(struct keyspace *keyspace);
void keyspace_check(const struct keyspace *keyspace);

/* Has every DC applied write SEQ of ORIGIN (causal stability)? */
static inline bool mark_is_stable(const struct keyspace *keyspace, unsigned origin, uint64_t seq)
{
	return seq <= keyspace->origins->items[origin].stable;
}

#endif
