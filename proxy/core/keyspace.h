/* Keyspace: what is remembered of writes that are not stable yet, by key and element. It stores; conflict.c decides.
 * Invariant: an element has an unstable mark or version (also one that stands on another element, as a clear's does), or an episode; a key
 * has an element or a write under way.
 * Invariant: what has no record here is settled: the store's value is everyone's, and every future write covers it. */
#ifndef CORE_KEYSPACE_H
#define CORE_KEYSPACE_H

#include "blocks.h"
#include "change.h"
#include "origin.h"
#include "table.h"

struct policy;
struct note;                         /* note.h */
struct episode;                      /* episode.h */
struct episodes;

enum kind { KIND_STRING, KIND_HASH, KIND_SET, KIND_ZSET, KIND_TTL, KIND_KEY, KIND_COUNT };
#define KIND_TYPES 4                 /* the first four are types; TTL is the deadline, KEY the clears of the whole key */

enum mark_flag {
	MARK_DELTA = 1,              /* adds to the number */
	MARK_PRESENT = 2,            /* makes the key present with its type */
	MARK_FRACTION = 4,           /* adds a fraction, or to a fraction */
	MARK_TTL = 8,                /* a SET that decides the TTL as well */
	MARK_EXPIRY = 16,            /* a clear because of an expiry */
	MARK_DEAD = 32,              /* a delta that a newer write of another type killed: it adds nothing */
};

/* One unstable write of one origin to one element. */
struct mark {
	uint64_t seq : 56, flags : 8;
	uint64_t hlc;
	struct note *note;           /* a reference */
};

struct history {                     /* of one origin, in seq order */
	unsigned origin;
	uint32_t head, len, cap;
	uint8_t some_flags, all_flags;       /* those that at least one mark had, and those that each had */
	long double total_before;    /* of marks already forgotten */
	struct mark *marks;          /* owned; valid are [head, head+len) */
	long double *totals;         /* owned, beside them: see history_total. NULL: none of them is a delta */
};

/* An absolute or a clear that may decide the element. */
struct version {
	struct stamp stamp;          /* holds a reference to its context */
	bool is_present;
	bool is_outdone;             /* absent for its type's sake only (rule 7): no rule prefers it to what is alive */
	bool is_clearing;            /* the same write cleared the key before it made this present */
	bool is_set;                 /* a string SET: clears elements of other types */
	int64_t expire_at_ms;        /* TTL */
	double score;                /* sorted set */
	struct slice value;          /* string, hash: owned copy */
};

struct element {
	struct table_node node;      /* in keyspace.elements */
	struct key *key;
	struct element *next, **prev_link;       /* in key->elements */
	struct element *dirty_next;
	enum kind kind;
	struct slice name;           /* field or member, owned; empty otherwise */
	struct history *histories;   /* owned */
	unsigned history_count;
	uint32_t unstable;           /* marks that a ledger still names */
	bool is_kept;                /* all of it is stable; it stays because a decision is open */
	bool has_deltas, has_fractions;          /* some mark was one */
	struct version *versions;    /* owned: the live ones: those that no other covers */
	unsigned version_count, version_cap;
	struct episode *episodes;    /* owned: conflicts about it */
	/* What the store must be told at the end of the turn (render.c). */
	bool is_dirty;               /* in keyspace.dirty_elements */
	bool is_redecided;           /* set the value from its versions */
	bool has_pending;            /* add PENDING */
	bool is_pending_float;
	long double pending;
	struct slice result;         /* owned: set this number first (the result of a fraction's increment) */
};

struct key {
	struct table_node node;      /* in keyspace.keys */
	uint32_t db;
	struct slice name;           /* stands behind the struct */
	const struct policy *policy; /* the rule for it, as configured when this record was made */
	struct element *elements;
	struct element *fixed[KIND_COUNT];       /* the string, TTL and KEY elements, where there are any */
	struct stamp tops[KIND_TYPES];           /* greatest write that made the key present with this type; hlc 0: none. No context held */
	uint32_t kept;               /* elements that are */
	uint32_t under_way;          /* local writes gathered and not answered: keep this record */
	uint32_t in_flight;          /* those of them that were sent: a remote batch waits for their answers */
	struct key *dirty_next;
	struct key *thinned_next;
	bool is_thinned;             /* in keyspace.thinned_keys: an element was removed from it, or a deadline set, in this turn */
	bool is_suspect;             /* decided while rules differed, and noted (rules_change.c) */
	bool is_dirty;               /* in keyspace.dirty_keys: delete it in the store and write all that is visible */
};

struct key_name { uint32_t db; struct slice name; };

struct flush {                       /* an unstable FLUSHDB or FLUSHALL */
	struct stamp stamp;
	uint32_t db;                 /* or DB_ALL */
	struct note *note;           /* a reference */
};

/* The last live version of an element whose rule keeps versions, when its metadata goes: its dot stays beside the data. */
struct spill {
	uint32_t db;
	enum kind kind;              /* string or hash */
	struct slice key, element;   /* owned */
	unsigned origin;
	uint64_t seq, hlc;
	bool is_present;
};

struct spills {
	struct spill *items;         /* owned */
	unsigned count, cap;
};
void spills_add(struct spills *spills, const struct spill *spill);   /* takes it over */
void spills_free(struct spills *spills);

struct keyspace {
	struct origins *origins;
	uint64_t now_ms;             /* of this step */
	const struct policy *(*policy_for)(void *context, struct slice key);
	void *policy_context;
	struct table keys, elements;
	struct key *expected;        /* borrowed: probably the next one asked for, so that it need not be searched; NULL: unknown */
	struct flush *flushes;
	unsigned flush_count, flush_cap;
	struct element *dirty_elements, **dirty_elements_end;    /* in the order they were touched: a collection runs empty where it did at the origin */
	struct key *dirty_keys, *thinned_keys;
	bool is_flush_dirty;         /* the store must be told of a flush first, of these databases: */
	bool *flushed;               /* owned; DATABASES of them */
	uint32_t databases, reserved_db;
	uint32_t kept_elements, kept_keys;       /* fields, members; keys with a kept element */
	struct spills spills;        /* go with the next group (spill.c) */
	struct episodes *episodes;   /* owned: all of them */
	uint32_t note_value_bytes_max;
	struct blocks blocks;        /* notes and values */
	uint64_t bytes;              /* of all this, roughly */
};

/* Zero-initialise, then this. POLICY_FOR tells the rule of a key. */
void keyspace_open(struct keyspace *keyspace, struct origins *origins, uint32_t databases, uint32_t reserved_db);
struct key *keyspace_key(struct keyspace *keyspace, uint32_t db, struct slice name);        /* finds or adds */
struct key *keyspace_find(const struct keyspace *keyspace, uint32_t db, struct slice name); /* NULL: nothing known */
/* keyspace_key of each: many at once need not wait for memory one after the other. */
void keyspace_keys(struct keyspace *keyspace, const struct key_name *names, unsigned count, struct key **keys);
/* Finds or adds. A new one starts with the clears and flushes that concern it. */
struct element *keyspace_element(struct keyspace *keyspace, struct key *key, enum kind kind, struct slice name);
/* Whether all of it is stable and it stays for an open decision only: such is no unstable metadata. */
void element_set_kept(struct keyspace *keyspace, struct element *element, bool is_kept);
bool versions_are_stable(const struct keyspace *keyspace, const struct element *element);
/* Several live versions wait for a decision: they stay, stable or not. */
bool element_is_open(const struct element *element);
bool key_is_open(const struct key *key);         /* one of its elements is */
/* Frees an element that was only looked at, if nothing unstable is known of it: what it had is spilled like any other's. */
void keyspace_settle_element(struct keyspace *keyspace, struct element *element);
/* Frees the key if nothing is known of it any more. */
void keyspace_release_key(struct keyspace *keyspace, struct key *key);
/* What a mark is made of. */
struct marking { const struct stamp *stamp; unsigned flags; long double delta; struct note *note; };
void keyspace_mark(struct keyspace *keyspace, struct element *element, const struct marking *marking);
/* Before writes to these keys are marked: fetches what is known of their strings and deadlines into the processor's cache. */
void keyspace_warm(struct key *const *keys, unsigned count);
void keyspace_add_flush(struct keyspace *keyspace, const struct stamp *stamp, uint32_t db, struct note *note);
void keyspace_set_dirty(struct keyspace *keyspace, struct element *element);
void keyspace_set_key_dirty(struct keyspace *keyspace, struct key *key);
void keyspace_set_thinned(struct keyspace *keyspace, struct key *key);  /* it may be gone, and its deadline with it: remote.c asks */
void keyspace_set_flush_dirty(struct keyspace *keyspace, uint32_t db);  /* or DB_ALL */
void keyspace_each_key(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context);
/* Drops what is stable, after origins' stable seqs moved. */
void keyspace_forget(struct keyspace *keyspace);
/* Looks at every key: what conflict records brought back has no mark that would bring it up. */
void keyspace_sweep(struct keyspace *keyspace);
void keyspace_free(struct keyspace *keyspace);
void keyspace_check(const struct keyspace *keyspace);

/* Did an unstable write make the key present with a type other than KIND? */
static inline bool key_has_other_type(const struct key *key, enum kind kind)
{
	for (unsigned type = 0; type < KIND_TYPES; type++)
		if (type != (unsigned)kind && key->tops[type].hlc != 0)
			return true;
	return false;
}

struct history *element_history(const struct element *element, unsigned origin);    /* NULL: no mark of that origin */
void history_forget(struct keyspace *keyspace, struct history *history, uint32_t count);     /* the oldest COUNT marks */
void history_free(struct keyspace *keyspace, struct history *history);
void history_kill(struct history *history, uint32_t count);          /* the oldest COUNT marks, and those forgotten, add nothing from now on */
/* How many marks of HISTORY have seq <= LIMIT. */
uint32_t history_upto(const struct history *history, uint64_t limit);
static inline struct mark *history_mark(const struct history *history, uint32_t index)
{
	return &history->marks[history->head + index];
}
/* Sum of this origin's deltas to the element up to and including this mark. */
static inline long double history_total(const struct history *history, uint32_t index)
{
	return history->totals == NULL ? history->total_before : history->totals[history->head + index];
}
bool mark_is_stable(const struct keyspace *keyspace, unsigned origin, uint64_t seq);

#endif
