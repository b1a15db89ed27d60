/* Delta walk: the live increments and patches of an element that its decider does not cover, in the order of their stamps: that in which they count. */
#ifndef CORE_DELTA_WALK_H
#define CORE_DELTA_WALK_H

#include "arrival.h"

struct delta_walk {
	const struct origins *origins;
	const struct element *element;
	uint32_t *at;                /* owned: of each history, the next mark */
};

struct delta {
	const struct note *note;
	unsigned flags;
	long double amount;          /* of an increment */
};

/* DECIDER: NULL: none. AFTER: begins behind this stamp; NULL: at the first. */
void delta_walk_begin(struct delta_walk *walk, const struct origins *origins, const struct element *element, const struct version *decider,
                      const struct stamp *after);
bool delta_walk_next(struct delta_walk *walk, struct delta *delta);
void delta_walk_end(struct delta_walk *walk);

/* Does it show in which order these two were done? By their marks' flags. */
bool delta_order_shows(unsigned a, unsigned b);
/* What decides is known, and one that is later and shows its order is there before the arriving one: then all of it is written anew, in order. */
bool delta_comes_late(const struct origins *origins, const struct arrival *arriving, const struct version *decider);

/* An increment or patch that no newer write of another type has killed. */
static inline bool mark_is_live_delta(const struct mark *mark)
{
	return (mark->flags & (MARK_DELTA | MARK_DEAD)) == MARK_DELTA;
}

#endif
