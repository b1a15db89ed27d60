/* Conflicts jobs: a list (see conflicts_jobs.h). */
#include "conflicts_jobs.h"

#define JOBS_MAX 64u

bool conflicts_enter(struct conflicts *conflicts, struct conflicts_job *job, void (*drop)(struct conflicts_job *job))
{
	if (conflicts->job_count == JOBS_MAX)
		return false;
	*job = (struct conflicts_job){ .conflicts = conflicts, .next = conflicts->jobs, .link = &conflicts->jobs, .drop = drop };
	if (job->next != NULL)
		job->next->link = &job->next;
	conflicts->jobs = job;
	conflicts->job_count++;
	return true;
}

void conflicts_leave(struct conflicts_job *job)
{
	*job->link = job->next;
	if (job->next != NULL)
		job->next->link = job->link;
	job->conflicts->job_count--;
}

uint64_t conflicts_now_ms(const struct conflicts *conflicts)
{
	return turn_clock_now(conflicts->clock)->unix_ms;
}
