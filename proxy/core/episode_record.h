/* Episode as a record: what is told of it in the store and on the conflicts topic (record.h). */
#ifndef CORE_EPISODE_RECORD_H
#define CORE_EPISODE_RECORD_H

#include "episode.h"

/* The origins in the order of their DCs' names and incarnations: the same everywhere, as indexes are not. Fill it anew when origins came. */
struct ordering { unsigned items[ORIGINS_MAX]; unsigned count; };
void ordering_fill(struct ordering *ordering, const struct origins *origins);

/* Appends its id. */
void episode_add_id(const struct keyspace *keyspace, const struct episode *episode, struct buffer *out);
struct telling {
	const struct keyspace *keyspace;
	const struct ordering *ordering;
	uint64_t rules_digest;
	bool is_last;                /* the record is over: what only serves to take it up again is left out */
};
/* Appends the record. */
void episode_encode(const struct telling *telling, const struct episode *episode, struct buffer *out);

#endif
