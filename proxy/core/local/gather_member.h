/* Gather member: a command joins an open group (see local.h). */
#ifndef CORE_GATHER_MEMBER_H
#define CORE_GATHER_MEMBER_H

#include "local_state.h"

/* Finishes MEMBER with what was planned: its store commands are in place, the step's changes are what it does. */
void gather_planned(struct local *local, struct group *group, struct member *member, const struct planned *planned);
/* Where a command may empty a collection, the store is asked whether it did. */
void gather_emptiness_check(struct local *local, struct group *group, struct member *member);
struct plan_world gather_world(const struct local *local, uint32_t db);

#endif
