/* Sequence: the order of a list's elements, as far as writes to it are not stable. Writes travel as places in the list as it was where they were made.
 * As long as nothing concurrent comes, that is where they take effect, and only the writes are remembered. When something concurrent comes, they are
 * replayed over placeholders for what is stable, and each element has a place in a tree (Gentle, Kleppmann: "Collaborative Text Editing with
 * Eg-walker", 2025; Weidner, Kleppmann: "The Art of the Fugue", 2023). The order is a pure function of the set of writes: decision 54.
 * Invariant: a write that is forgotten is covered by every one that is remembered, or is still to come. */
#ifndef CORE_SEQUENCE_H
#define CORE_SEQUENCE_H

#include "origin.h"

struct keyspace;
struct note;                         /* note.h */
struct sequence_tree;                /* sequence_tree.h */

enum sequence_kind {
	SEQUENCE_INSERT,             /* before the element at INDEX; 0: before all there is; SEQUENCE_TAIL: behind all there is */
	SEQUENCE_REMOVE,             /* COUNT elements from INDEX on */
	SEQUENCE_SET,                /* another value for the element at INDEX */
	SEQUENCE_CLEAR,              /* all that it has seen */
	SEQUENCE_KILL,               /* all that is older than it: the key has another type */
};
#define SEQUENCE_TAIL INT64_C(-1)

struct sequence_hit;                 /* which element a write removes or sets */
struct sequence_span;

/* One change of a write. */
struct sequence_op {
	struct stamp stamp;          /* holds its context */
	enum sequence_kind kind;
	int64_t index;               /* in the list as its write saw it, which had LENGTH elements */
	uint64_t count, length;
	struct note *note;           /* a reference: what is inserted or set. NULL: nothing is */
	bool is_lifted;              /* its store lacked some of what it has seen: LENGTH does not fit */
	uint64_t order;              /* of arrival: of two changes of one write, the later has more */
	struct sequence_span *span;  /* while there is a tree: what it inserted */
	struct sequence_hit *hits;
};

/* What is done to the list as it is in the store. */
struct sequence_edit {
	enum sequence_kind kind;     /* INSERT, REMOVE or SET */
	bool is_from_tail;           /* INDEX counts from the last element, which is 0; an insert comes behind that many */
	uint64_t index, count;
	struct note *note;           /* a reference */
};

/* A change that the arriving one met at the same element: removed by both, or set by one of them. */
struct sequence_meeting { unsigned origin; uint64_t seq, order; };

/* The newest and the oldest write of an origin that are remembered. */
struct sequence_top { unsigned origin; uint64_t seq, first; };

struct sequence {
	struct sequence_op **ops;    /* owned; in order of arrival */
	uint32_t count, cap;
	uint32_t kept;               /* how many were left when it was pruned last */
	uint64_t arrivals;
	struct sequence_top *tops;   /* owned */
	unsigned top_count, top_cap;
	struct sequence *next, **link;       /* in the keyspace's sequences */
	struct sequence_tree *tree;  /* owned; NULL: none is needed so far */
	uint64_t tree_bytes;         /* counted in the keyspace's */
	struct sequence_edit *edits; /* owned: what the store is to be told in this turn */
	uint32_t edit_count, edit_cap;
	struct sequence_meeting *meetings;       /* owned: of the op that came last */
	uint32_t meeting_count, meeting_cap;
};

struct sequence *sequence_new(struct keyspace *keyspace);
void sequence_free(struct keyspace *keyspace, struct sequence *sequence);
/* A change is remembered: it was made here, or is recalled. OP is copied. */
void sequence_add(struct keyspace *keyspace, struct sequence *sequence, const struct sequence_op *op);
/* A change comes from elsewhere and is remembered: its edits and meetings are noted. IS_ALIVE: no newer write of another type has killed it. */
void sequence_receive(struct keyspace *keyspace, struct sequence *sequence, const struct sequence_op *op, bool is_alive);
/* Something that clears or kills; nothing where it is known already. No edits: the key is written anew. */
void sequence_erase(struct keyspace *keyspace, struct sequence *sequence, const struct stamp *stamp, enum sequence_kind kind);
/* All of it is, what clears and kills too: only then may it be forgotten whole. */
bool sequence_is_stable(const struct keyspace *keyspace, const struct sequence *sequence);
/* Forgets what is stable and covered by all the rest. */
void sequence_prune(struct keyspace *keyspace, struct sequence *sequence);
/* Does so of all there are, however little it is: metadata was recalled, of which some precedes what was remembered. */
void sequences_prune_recalled(struct keyspace *keyspace);
/* A restart has to read again, for the order of lists, all their writes that are remembered. Returns the greatest seq, at most LIMIT, up to which none of ORIGIN's is. */
uint64_t sequences_before(const struct keyspace *keyspace, unsigned origin, uint64_t limit);
void sequence_drop_edits(struct keyspace *keyspace, struct sequence *sequence);
/* Visits the values of the elements, in order. False: some are known to the store only. */
bool sequence_values(struct keyspace *keyspace, struct sequence *sequence, void (*visit)(void *context, const struct note *note), void *context);

#endif
