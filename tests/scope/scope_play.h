/* Play: one world, in which many cases go the same way side by side: what each datacenter has seen when it writes, whose clock is ahead, and
 * in which order the batches arrive. After each arrival every case is compared with the model. At the end the datacenters are compared with
 * each other, and the conflicts that they counted with rule 9. */
#ifndef SCOPE_PLAY_H
#define SCOPE_PLAY_H

#include "scope_outcome.h"
#include "scope_world.h"

#define SCOPE_START_MAX 64

struct scope_case {
	const char *operations[SCOPE_DCS];   /* by datacenter; NULL: it writes nothing */
	char start[SCOPE_START_MAX];
	const struct scope_row *row;         /* a pair; NULL: a triple */
	unsigned pair[2];                    /* which datacenters make the row's first and second write */
	bool is_wrong;                       /* something was, and was reported: nothing more is said of it */
};

struct scope_course {
	const struct scope_policy *policy;
	unsigned seen[SCOPE_DCS];    /* bit masks: what arrives before the datacenter writes. Only of those with a smaller index */
	unsigned clocks[SCOPE_DCS];  /* 0: behind all others, 2: ahead */
	unsigned orders;             /* bit DC: it reads the later datacenter's log first */
	bool is_together;            /* batches that arrive at a datacenter together are applied in one turn */
	bool is_settled;             /* the start is stable, so the cores have forgotten its metadata */
};

struct scope_tally { uint64_t cases, wrong, with_owns, worlds; };

void scope_play(const struct scope_course *course, struct scope_case *cases, unsigned count, struct scope_tally *tally, bool is_traced);

#endif
