/* Appends: which messages given to a log are in flight (sent, not yet durable), and which were dropped and must be given again.
 * A connector that cannot take a message drops it and every later one. Once it can go on, it asks for them again, from the first that it
 * dropped. So order is kept, and the connector holds nothing but what is in flight.
 * Invariant: first_due <= dropped_from <= next while dropping; ids from first_due up to, not including, dropped_from are in flight. */
#ifndef CONNECTORS_APPENDS_H
#define CONNECTORS_APPENDS_H

#include "base/bytes.h"

struct appends {                     /* zero-initialise */
	uint64_t first_due;          /* the first id that is not known to be durable */
	uint64_t next;               /* the id to come; equal to first_due: nothing is due */
	bool is_dropping;
	uint64_t dropped_from;       /* while dropping: the first id that was dropped, or would be */
};

/* ID was given. False: drop it. An id that is not the next one starts a new series; the old series is forgotten. */
MUST_CHECK bool appends_give(struct appends *appends, uint64_t id);
/* Everything up to ID is durable. False: ID was dropped meanwhile or belongs to an older series: do not report it. */
MUST_CHECK bool appends_acknowledge(struct appends *appends, uint64_t id);
void appends_drop_due(struct appends *appends);          /* what is in flight counts as dropped, and what comes is dropped */
void appends_drop_coming(struct appends *appends);       /* what is in flight stays so; what comes is dropped */
void appends_drop_last(struct appends *appends);         /* likewise, and the one given last was dropped, too */
/* The connector can take messages again. True: ask for them from *id on. */
MUST_CHECK bool appends_go_on(struct appends *appends, uint64_t *id);
bool appends_are_under_way(const struct appends *appends);

#endif
