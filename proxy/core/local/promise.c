#include "promise.h"

#include "local_state.h"

void promise_note_ids(struct group *group, uint64_t ms)
{
	if (group->ids_from_ms == 0 || ms < group->ids_from_ms)
		group->ids_from_ms = ms;
}

static void bound_by(uint64_t *until_ms, const struct group *group)
{
	if (group != NULL && group->ids_from_ms != 0 && group->ids_from_ms < *until_ms)
		*until_ms = group->ids_from_ms;
}

/* What will be chosen is not before the HLC, which never goes back. What was chosen is in a group that gathers, that Redis has not answered, or that is to be
 * run again; a key that is to be read back brings entries of any time. */
uint64_t promise_entries(const struct local *local, const struct group *closing)
{
	const struct causes *causes = local->causes;
	uint64_t until_ms = hlc_ms(causes->hlc);
	if (!causes->is_gate_open || !causes_are_caught_up(causes) || local->rereads->count > 0)
		return 0;
	bound_by(&until_ms, closing);
	bound_by(&until_ms, local->open[0]);
	bound_by(&until_ms, local->open[1]);
	for (const struct group *group = local->groups->unanswered; group != NULL; group = group->next)
		bound_by(&until_ms, group);
	for (const struct group *group = local->aborted; group != NULL; group = group->next)
		bound_by(&until_ms, group);
	return until_ms == IDS_OF_ANY_TIME ? 0 : until_ms;
}
