/* Dated: the writes of a case, each with when it was made and what it has seen. For the files of the model. */
#ifndef SCOPE_DATED_H
#define SCOPE_DATED_H

#include "scope_model.h"

#define SCOPE_VERSIONS_MAX (SCOPE_DCS * SCOPE_WRITES_MAX + SCOPE_OWNS_MAX)

/* A write among those of a case. */
struct dated {
	const struct scope_write *write;
	unsigned dc, seen;
	uint64_t stamp;
	uint64_t own_seq;            /* the seq of an own word; 0: it is a client's write */
	const uint64_t *contexts;
};

struct dated_writes { struct dated items[SCOPE_VERSIONS_MAX]; unsigned count; };

bool scope_covers(const struct dated *newer, const struct dated *older);     /* it had seen it */
/* WRITES become those in APPLIED. */
void scope_gather(const struct scope_history *history, unsigned applied, struct dated_writes *writes);

#endif
