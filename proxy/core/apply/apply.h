/* Apply: writes enter the metadata: one by one as their answers come, a batch of a log's a few at a time.
 *
 *   apply.c        changes of a write, writes of a batch
 *   apply_piece.c  changes of a write that has very many, some at a time
 *   latent_take.c  latent writes, when somebody looks at their key */
#ifndef CORE_APPLY_H
#define CORE_APPLY_H

#include "proxy/core/causes/suspects.h"
#include "proxy/core/causes/onlookers.h"
#include "proxy/core/conflicts/conflict.h"
#include "proxy/core/resp/script.h"
#include "proxy/core/topology/topology.h"

struct apply_window;
struct delivery;

struct apply;
struct rooms;

struct apply *apply_new(const struct rooms *rooms);
void apply_free(struct apply *apply);
/* One write: its changes, in order, with its own context where it has one. WRITE: its mode, rules and stamp; the rest is filled in. KNOWN: keys of the
 * first changes, as far as they are known. */
void apply_changes(struct apply *apply, struct arriving_write *write, const struct changes *changes, struct key **known, unsigned known_count);
/* A write of ours that the store has executed. KEYS: those of its intent, in its order, which is mostly that of the changes. */
void apply_answered(struct apply *apply, const struct stamp *stamp, const struct changes *changes, struct key **keys, unsigned key_count);
/* A remote batch: what becomes of it goes into SCRIPT, or waits in the keyspace to be rendered. */
void apply_delivery_writes(struct apply *apply, struct delivery *delivery, struct script *script);
/* Likewise, some at a time. Until all are in, nothing else may enter the metadata of their keys, and nothing may be rendered. */
struct apply_piece {
	struct stamp stamp;                  /* of the write that is next, or of which some changes are in */
	struct slice writes, changes;        /* the rest of the batch, and of that write; borrowed from the delivery */
	struct write_facts facts;
	bool is_in_write;
	uint64_t elements;                   /* counts changes */
};
void apply_begin_pieces(struct apply_piece *piece, const struct delivery *delivery);
/* The next MOST changes, which counts down. True: all are in. */
bool apply_some(struct apply *apply, const struct delivery *delivery, struct apply_piece *piece, unsigned *most);
/* The store has long had them. IS_LIFTED: when they were made, it lacked some of what they count as having seen. */
void apply_recalled(struct apply *apply, const struct stamp *first, struct slice writes, bool is_lifted);
/* A new keyspace: from now on its latent writes can be read. */
void latent_open(struct apply *apply);

#endif
