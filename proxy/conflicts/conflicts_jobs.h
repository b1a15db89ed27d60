/* Conflicts jobs: the questions under way, so that they are bounded and can all be dropped. Private to this room. */
#ifndef PROXY_CONFLICTS_JOBS_H
#define PROXY_CONFLICTS_JOBS_H

#include "conflicts.h"

/* A question under way: the first member of the struct that answers it. */
struct conflicts_job {
	struct conflicts *conflicts;
	struct conflicts_job *next, **link;      /* among all */
	void (*drop)(struct conflicts_job *job);  /* ends it: its asker gets CONFLICTS_STOPPING */
};

struct conflicts {
	struct turn *turn;
	struct turn_clock *clock;
	struct conflicts_job *jobs;
	unsigned job_count;
};

/* Adds a job. False: there are too many already. */
MUST_CHECK bool conflicts_enter(struct conflicts *conflicts, struct conflicts_job *job, void (*drop)(struct conflicts_job *job));
void conflicts_leave(struct conflicts_job *job);
uint64_t conflicts_now_ms(const struct conflicts *conflicts);

#endif
