/* Sides of an episode: its writes, as far as a record can tell of them. Of many sides the newest are kept, and older ones that may still decide. Both are
 * functions of all writes of the episode, so what was dropped on the way does not depend on the order in which the writes came. */
#ifndef CORE_EPISODE_SIDE_H
#define CORE_EPISODE_SIDE_H

#include "proxy/core/versions/note.h"
#include "proxy/core/wire/record.h"

struct episode;

/* What a side's version is to a write that has seen a given set of writes. */
enum life {
	LIFE_ALIVE,
	LIFE_KILLED,                 /* by a newer write of another type */
	LIFE_COVERED,                /* by a write that has seen it */
};

struct side {
	struct stamp stamp;          /* its context is the note's */
	struct note *note;           /* a reference */
	unsigned flags;              /* of its mark */
	enum life life;              /* for every write that is still to come */
	bool is_again;               /* the side was already the sole survivor of an earlier conflict; this is a new one */
	bool is_clearing;            /* its write cleared the key before it set this: killed, it is still a removal */
};

/* A write that is no side any more. TRAITS: enum episode_trait, of its clear, unless it has set the element again behind that. */
struct other { unsigned origin; uint64_t seq; unsigned traits; };

/* Facts that a record's kind is told from. They stay when the side that they are from is dropped. */
enum episode_trait { EPISODE_TYPE_CLASH = 1, EPISODE_REMOVAL = 2, EPISODE_PRESENT = 4, EPISODE_EXPIRY = 8, EPISODE_POP = 16, EPISODE_DOUBLE_POP = 32,
                     EPISODE_STRANDED = 64 };

/* Adds MORE, which a side of ORIGIN stands for, to *TRAITS. Pops of two origins removed the same element. */
void episode_add_traits(unsigned *traits, unsigned *pop_origin, unsigned more, unsigned origin);
enum record_kind episode_kind(const struct episode *episode);
/* Is every write that is concurrent with this one, and concerns ELEMENT, a pair with it? Not so for two increments, two clears, nor for the
 * deadlines of two SETs; nor for anything under the whole key. */
bool element_meets_all(const struct element *element, const struct note *note, unsigned flags);
/* Did another absolute write of the episode see this side? */
bool episode_covers(const struct episode *episode, const struct side *side);
/* Fills IS_SHOWN, one for each side: does a record tell of it? It tells of the newest, and of older ones that may still decide. IS_KEPT: the episode is. */
void episode_choose(const struct episode *episode, bool is_kept, bool *is_shown);
const struct side *episode_side(const struct keyspace *keyspace, const struct episode *episode, const struct stamp *stamp);  /* NULL: none */
/* Lets PARTY tell of a side if it tells more of that write. Returns whether it does. */
bool episode_upgrade_side(struct keyspace *keyspace, struct episode *episode, const struct party *party);
/* Adds the write as a side, or lets it tell more of the one that it is. Returns whether it is new; *SIDE is what was added then. */
bool episode_put_side(struct keyspace *keyspace, struct episode *episode, const struct party *party, struct side *side);
/* Remembers a write that belongs to the episode and is no side (any more). */
void episode_add_other(struct keyspace *keyspace, struct episode *episode, const struct other *other);
struct other *episode_other(const struct episode *episode, const struct stamp *stamp);        /* NULL: none */

#endif
