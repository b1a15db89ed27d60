/* Marks: the write log of an element. A mark says that a write touched it, and stays until the write is stable, whether or not the write decides.
 * Conflicts are counted, and increments added up, by marks. */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include "origin.h"

struct element;
struct key;
struct keyspace;
struct note;                         /* note.h */

enum mark_flag {
	MARK_DELTA = 1,              /* adds to the value that is decided */
	MARK_PRESENT = 2,            /* makes the key present with its type */
	MARK_FRACTION = 4,           /* adds a fraction, or to a fraction; of a patch: appends, so where it lands depends on the order */
	MARK_TTL = 8,                /* a SET that decides the TTL as well */
	MARK_EXPIRY = 16,            /* a clear because of an expiry */
	MARK_DEAD = 32,              /* a newer write of another type killed it: a delta adds nothing any more */
	MARK_LONG_DEAD = 64,         /* such a write killed it and is forgotten: for whatever comes, it is dead */
	MARK_PATCH = 128,            /* a delta that changes part of a string: its note has the bytes */
	MARK_UNION = 256,            /* such a part that makes a HyperLogLog a union: the order among these is all the same */
};

/* One unstable write of one origin to one element. */
struct mark {
	uint64_t seq : 55, flags : 9;
	uint64_t hlc;
	struct note *note;           /* a reference */
};

struct history {                     /* of one origin, in seq order */
	unsigned origin;
	uint32_t head, len, cap;
	uint16_t some_flags, all_flags;      /* those that at least one mark had, and those that each had */
	long double total_before;    /* of marks already forgotten */
	bool has_own_marks;
	struct mark *marks;          /* owned, or the element's FIRST_MARKS; valid are [head, head+len) */
	long double *totals;         /* owned, beside them: see history_total. NULL: none of them is a delta */
};

/* What a mark is made of. */
struct marking { const struct stamp *stamp; unsigned flags; long double delta; struct note *note; };
void keyspace_mark(struct keyspace *keyspace, struct element *element, const struct marking *marking);

struct history *element_history(const struct element *element, unsigned origin);    /* NULL: no mark of that origin */
void history_forget(struct keyspace *keyspace, struct history *history, uint32_t count);     /* the oldest COUNT marks */
/* The oldest COUNT marks of ELEMENT's are about to be forgotten: what they killed of other types stays dead. */
void history_note_killed(const struct keyspace *keyspace, const struct element *element, const struct history *history, uint32_t count);
void history_free(struct keyspace *keyspace, struct history *history);
void history_kill(struct history *history, uint32_t count);          /* the oldest COUNT marks, and those forgotten, add nothing from now on */
/* How many marks of HISTORY have seq <= LIMIT. */
uint32_t history_upto(const struct history *history, uint64_t limit);

static inline struct mark *history_mark(const struct history *history, uint32_t index)
{
	return &history->marks[history->head + index];
}

/* The stamp of the write that this mark tells of, without its context. */
static inline struct stamp history_stamp(const struct history *history, uint32_t index)
{
	const struct mark *mark = history_mark(history, index);
	return (struct stamp){ .seq = mark->seq, .hlc = mark->hlc, .origin = history->origin };
}

/* Sum of this origin's deltas to the element up to and including this mark. */
static inline long double history_total(const struct history *history, uint32_t index)
{
	return history->totals == NULL ? history->total_before : history->totals[history->head + index];
}

/* Before writes to these keys are marked: fetches what is known of their strings and deadlines into the processor's cache. */
void keyspace_warm(struct key *const *keys, unsigned count);

#endif
