/* Played: a play under way, and what is wrong with it. Each case is told once. */
#ifndef SCOPE_PLAYED_H
#define SCOPE_PLAYED_H

#include "scope_play.h"
#include "scope_world.h"

struct scope_played {
	const struct scope_course *course;
	struct scope_case *cases;
	unsigned count;
	struct scope_world *world;
	struct scope_history histories[SCOPE_CASES_MAX];
	/* What the model says for each set of batches. It depends on nothing else as long as there are no own words. */
	struct scope_state expected[SCOPE_CASES_MAX][SCOPE_BATCHES + 1];
	bool is_expected[SCOPE_CASES_MAX][SCOPE_BATCHES + 1];
	unsigned applied[SCOPE_DCS];
	unsigned written;            /* bit mask: datacenters that have written anything at all */
	unsigned due[SCOPE_CASES_MAX][SCOPE_DCS];    /* for each batch, a number by whose order the stamps must be ordered */
	unsigned own_count;          /* how many of the world's own words were taken into the histories */
	struct scope_tally *tally;
};

/* FORMAT tells what is wrong with case NUMBER. */
void scope_wrong(struct scope_played *play, unsigned number, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
