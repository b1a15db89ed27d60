/* Canary (see canary.h). */
#include "canary.h"

void canary_free(struct canary *canary)
{
	memory_free(canary->user);
	memory_free(canary->key);
	memory_free(canary->writes);
	*canary = (struct canary){ 0 };
}

void canary_note_write(struct canary *canary, uint64_t number, uint64_t began_ms, uint64_t now_ms)
{
	canary->writes = array_reserve(canary->writes, canary->count, &canary->cap, sizeof(*canary->writes));
	canary->writes[canary->count++] = (struct canary_write){ number, now_ms };
	if (now_ms - began_ms > canary->rto_ms)
		canary->rto_ms = now_ms - began_ms;
}

void canary_note_read(struct canary *canary, bool is_found)
{
	canary->reads++;
	canary->stale += !is_found;
}

/* How many are missing; *FIRST: the first of them. */
static uint64_t missing(const struct canary *canary, const bool *is_there, uint64_t count, unsigned *first)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < canary->count; i++) {
		uint64_t number = canary->writes[i].number;

		if (number < count && is_there[number])
			continue;
		if (found++ == 0)
			*first = i;
	}
	return found;
}

void canary_note_switch(struct canary *canary, const bool *is_there, uint64_t count)
{
	unsigned first = 0;
	uint64_t unseen = missing(canary, is_there, count, &first);

	canary->has_switched = true;
	if (unseen == 0)
		return;
	canary->unseen += unseen;
	/* All that was acknowledged up to the one before the first that is missing is there. */
	uint64_t there_ms = canary->writes[first > 0 ? first - 1 : 0].at_ms, rpo_ms = canary->writes[canary->count - 1].at_ms - there_ms;

	if (rpo_ms > canary->rpo_ms)
		canary->rpo_ms = rpo_ms;
}

void canary_note_end(struct canary *canary, const bool *is_there, uint64_t count)
{
	unsigned first;

	canary->lost = missing(canary, is_there, count, &first);
	canary->is_compared = true;
}
