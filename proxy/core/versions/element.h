/* Element: a string, a field, a member, a key's deadline, or the clears of a whole key: what is decided by itself; and the key that it is part of. */
#ifndef CORE_ELEMENT_H
#define CORE_ELEMENT_H

#include "base/bytes.h"
#include "proxy/core/commands/change.h"
#include "mark.h"
#include "origin.h"
#include "base/table.h"

struct episode;                      /* episode.h */
struct note;                         /* note.h */
struct policy;                       /* policy.h */
struct keyspace;                     /* keyspace.h */
struct sequence;                     /* sequence.h */

/* An absolute or a clear that may decide the element. */
struct version {
	struct stamp stamp;          /* holds a reference to its context */
	bool is_present;
	bool is_outdone;             /* absent only because another type is newer (rule 7): no rule prefers it to what is alive */
	bool is_clearing;            /* the same write cleared the key before it made this present */
	bool is_final;               /* absent, whatever present is alive: an acknowledgement */
	bool is_set;                 /* a string SET: clears elements of other types */
	bool is_vouched;             /* while metadata is recalled: a record, or a write that left it alive, says that it is alive */
	int64_t expire_at_ms;        /* TTL */
	double score;                /* sorted set */
	struct slice value;          /* string, hash: owned copy, or held by NOTE */
	struct note *note;           /* a reference, where it keeps the whole value; NULL otherwise */
};

/* What the store shall do to a string (conflicts/patch.c). One of these. */
struct todo {
	struct note *note;           /* a patch; a reference */
	struct slice number;         /* owned: set to this */
	long double sum;             /* add this */
	bool is_float;
};

#define FIRST_MARKS 2

/* What each write looks at comes first. */
struct element {
	struct table_node node;      /* in keyspace.elements */
	struct key *key;
	enum kind kind;
	uint32_t unstable;           /* marks that a ledger still names */
	struct history *histories;   /* FIRST_HISTORY, or owned */
	struct version *versions;    /* FIRST_VERSION, or owned: the live ones: those that no other covers */
	unsigned history_count;
	unsigned version_count, version_cap;
	bool is_kept;                /* all of it is stable; it stays because a decision is open */
	bool has_deltas, has_fractions, has_patches;     /* some mark was one */
	/* What the store must be told at the end of the turn (render.c). */
	bool is_dirty;               /* in keyspace.dirty_elements */
	bool is_redecided;           /* set the value from its versions */
	bool has_pending;            /* add PENDING */
	bool is_pending_float;
	/* Room for what most elements need, so that they are one allocation. */
	struct version first_version;
	struct history first_history;
	struct mark first_marks[FIRST_MARKS];    /* of FIRST_HISTORY */
	struct element *next, **prev_link;       /* in key->elements */
	struct element *dirty_next;
	struct slice name;           /* field or member, owned; empty otherwise */
	struct episode *episodes;    /* owned: conflicts about it */
	long double pending;
	struct slice result;         /* owned: set this number first (the result of a fraction's increment) */
	struct todo *todo;           /* owned: what is added to a string that has patches, in order; after all the above */
	unsigned todo_count, todo_cap;
	struct sequence *sequence;   /* owned: of a list, its unstable writes */
};

struct key {
	struct table_node node;      /* in keyspace.keys */
	uint32_t db;
	struct slice name;           /* stands behind the struct */
	const struct policy *policy; /* the rule for it, as configured when this record was made */
	struct element *elements;
	struct element *fixed[KIND_COUNT];       /* the string, list, TTL and KEY elements, and the one of a stream as a whole, where there are any */
	struct stamp tops[KIND_TYPES];           /* greatest write that made the key present with this type; hlc 0: none. No context held */
	uint32_t kept;               /* elements that are */
	uint32_t under_way;          /* local writes gathered and not answered: keep this record */
	uint32_t in_flight;          /* those of them that were sent: a remote batch waits for their answers */
	struct key *dirty_next;
	struct key *thinned_next;
	bool is_thinned;             /* in keyspace.thinned_keys: an element was removed from it, or a deadline set, in this turn */
	bool is_read_back;           /* in this step (readback.c) */
	bool is_suspect;             /* it was decided while DCs had different rules, and is noted (suspects.c) */
	bool is_decided_again;       /* what our store had lost of it was decided again */
	bool is_dirty;               /* in keyspace.dirty_keys: delete it in the store and write all that is visible */
};

/* Names a key that a write touches. */
struct key_name {
	uint32_t db;
	struct slice name;
	uint32_t at;                 /* where the write stands in the batch's bytes */
	uint16_t index;              /* which of the batch's writes it is, from 0 */
	bool is_plain;               /* it may be latent (latent.h) */
};

/* A key has at most one such element, and its name is empty. */
static inline bool kind_is_fixed(enum kind kind)
{
	switch (kind) {
	case KIND_STRING: case KIND_LIST: case KIND_TTL: case KIND_KEY:
		return true;
	case KIND_HASH: case KIND_SET: case KIND_ZSET: case KIND_STREAM: case KIND_COUNT:
		return false;
	}
	return false;
}

/* Of a stream as a whole, its element has no name; its entries' have. */
static inline bool element_is_of_stream(const struct element *element) { return element->kind == KIND_STREAM && element->name.len == 0; }
/* Is it the only one of its kind that its key has? */
static inline bool element_is_fixed(const struct element *element) { return kind_is_fixed(element->kind) || element_is_of_stream(element); }

/* Whether all of it is stable and it stays for an open decision only: such an element is not counted as unstable metadata. */
void element_set_kept(struct keyspace *keyspace, struct element *element, bool is_kept);
/* Have all DCs applied every live version of it? */
bool versions_are_stable(const struct keyspace *keyspace, const struct element *element);
/* Several live versions wait for a decision: they stay, stable or not. */
bool element_is_open(const struct element *element);
bool key_is_open(const struct key *key);         /* one of its elements is */

#endif
