/* Conflicts parts: what the conflicts*.c files share. Nobody else includes this. */
#ifndef PROXY_CONFLICTS_PARTS_H
#define PROXY_CONFLICTS_PARTS_H

#include "conflicts.h"
#include "conflicts_reader.h"

/* A question under way; the first member of what answers it. */
struct conflicts_job {
	struct conflicts *conflicts;
	struct conflicts_job *next, **link;      /* among all */
	void (*drop)(struct conflicts_job *job);  /* ends it */
};

struct conflicts {
	struct turn *turn;
	struct turn_clock *clock;
	struct conflicts_job *jobs;
	unsigned job_count;
};

#define CONFLICTS_STOPPING "LOADING Homeport is stopping"

/* False: there are too many already. */
MUST_CHECK bool conflicts_enter(struct conflicts *conflicts, struct conflicts_job *job, void (*drop)(struct conflicts_job *job));
void conflicts_leave(struct conflicts_job *job);
uint64_t conflicts_now_ms(const struct conflicts *conflicts);

#endif
