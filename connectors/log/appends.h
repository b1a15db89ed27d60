/* Appends: which messages given to a log are on their way, and which must be given again.
 * A connector that cannot take a message drops it and all that follow until it can go on; then it asks for them again from the
 * first one that it dropped. So order is kept, and the connector stores nothing but what is on its way.
 * Invariant: first_due <= dropped_from <= next while dropping; ids from first_due up to dropped_from are on their way. */
#ifndef CONNECTORS_APPENDS_H
#define CONNECTORS_APPENDS_H

#include "base/bytes.h"

struct appends {                     /* zero-initialise */
	uint64_t first_due;          /* the first id that is not known to be durable */
	uint64_t next;               /* the id to come; equal to first_due: nothing is due */
	bool is_dropping;
	uint64_t dropped_from;       /* while dropping: the first id that was dropped, or would be */
};

/* ID was given. False: drop it. An id out of turn starts a new series: its giver has forgotten the old one. */
MUST_CHECK bool appends_give(struct appends *appends, uint64_t id);
/* Everything up to ID is durable. False: ID was dropped meanwhile, or belongs to an older series: say nothing. */
MUST_CHECK bool appends_acknowledge(struct appends *appends, uint64_t id);
void appends_drop_due(struct appends *appends);          /* all that is on its way counts as dropped, too */
void appends_drop_coming(struct appends *appends);       /* what is on its way still is; what comes is dropped */
void appends_drop_last(struct appends *appends);         /* likewise, and so was the one given last */
/* The connector can take messages again. True: ask for them from *id on. */
MUST_CHECK bool appends_go_on(struct appends *appends, uint64_t *id);
bool appends_are_under_way(const struct appends *appends);

#endif
