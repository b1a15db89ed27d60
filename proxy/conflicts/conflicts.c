/* Conflicts (see conflicts.h). */
#include "conflicts_jobs.h"

struct conflicts *conflicts_new(struct turn *turn, struct turn_clock *clock)
{
	struct conflicts *conflicts = memory_new(sizeof(*conflicts));
	conflicts->turn = turn;
	conflicts->clock = clock;
	return conflicts;
}

void conflicts_free(struct conflicts *conflicts)
{
	if (conflicts == NULL)
		return;
	while (conflicts->jobs != NULL)
		conflicts->jobs->drop(conflicts->jobs);
	memory_free(conflicts);
}
