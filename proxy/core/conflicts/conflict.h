/* Conflict: takes a change into the metadata, finds what it is concurrent with, and notes what the store must be told
 * (docs/replication-model.md, rules 4 to 11). The files of this room, each using only those above it:
 *
 *   arrival.c          what a change does, in the terms of the rules
 *   verdict.c          which version decides, and what increments add to it
 *   conflict_count.c   the pairs of concurrent writes that a change makes: counted, and given to the records
 *   delta_walk.c       the increments and patches that count, in order
 *   patch.c            parts of strings
 *   fraction.c         increments, and what has to be read back because two orders differ
 *   list.c             lists: their changes, and the commands that tell the store of them
 *   stream.c           streams: what is told of one as a whole, and the commands that tell the store of its entries
 *   compete.c          versions compete, and types kill those of other types
 *   sibling.c          versions that a client's write names beside itself
 *   stranded.c         writes that a take-over of their user has not seen
 *   conflict.c         all of it, for one change
 *   render.c           the commands that tell the store
 *
 * This header declares what conflict.c defines, and the structs that all share. */
#ifndef CORE_CONFLICT_H
#define CORE_CONFLICT_H

#include "base/arena.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/versions/note.h"
#include "proxy/core/rules/rule.h"

enum apply_mode {
	APPLY_LOCAL,         /* the store has executed it: remember it */
	APPLY_REMOTE,        /* resolve, count conflicts, tell the store */
	APPLY_RECALL,        /* the store has long had it: restore the metadata */
};

/* A write on its way into the metadata: what its changes have in common. It lives on the stack of whoever applies it. */
struct arriving_write {
	enum apply_mode mode;
	bool is_under_our_rules;             /* it was made under the rules that are in force here */
	bool is_lifted;                      /* it counts as having seen what its store had lost (causes_lift) */
	const struct stamp *stamp;
	const struct write_facts *facts;
	struct context *explicit_context;    /* what its client had seen; NULL: what its batch had seen counts */
	/* Filled in on the way: */
	bool has_named;                      /* it has named siblings */
	bool is_naming_known;                /* and their records know it already */
};

/* A number that two DCs' fractions made inexact and this DC has to read back (rule 11). Owned slices. */
struct rounding {
	uint32_t db;
	enum change_kind kind;       /* CHANGE_SET, CHANGE_FIELD_SET, CHANGE_SCORE_SET */
	struct slice key, element;
};

/* What outlives a write. */
struct conflicts {
	struct keyspace *keyspace;
	bool is_listing;                     /* give EFFECT_CONFLICT, too */
	struct effects *effects;             /* of this step */
	struct arena *arena;                 /* of this step: seqs that reports point to */
	uint64_t counts[CORE_RULES][KIND_COUNT][OUTCOME_COUNT];
	bool (*user_of)(const void *context, struct slice key, uint64_t user[2]);        /* whose the key is, as a hash; false: nobody's */
	const void *user_context;
	struct stream_ids ids;               /* of entries that clients add here (XADD *) */
	uint64_t stranded;                   /* changes that were stranded by take-overs */
	struct rounding *roundings;              /* owned; taken by the core */
	unsigned rounding_count, rounding_cap;
};

/* KEY: the change's, with all that is known of it in the metadata; NULL for a flush, before which no key has latent writes. */
void conflicts_take_over(struct conflicts *conflicts, const struct arriving_write *write, const struct change *change, const uint64_t user[2]);
void conflicts_apply(struct conflicts *conflicts, struct arriving_write *write, const struct change *change, struct key *key);

#endif
