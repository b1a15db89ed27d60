/* End: what ends an open episode. It is the write with the smallest stamp of those that have seen all of the episode, are none of its sides, and found a
 * decision open. */
#ifndef CORE_EPISODE_END_H
#define CORE_EPISODE_END_H

#include "episode_side.h"

/* Before an absolute write competes for ELEMENT. */
void episodes_compete(struct keyspace *keyspace, struct element *element, const struct party *party);
/* A write of another type is about to kill what is smaller of ELEMENT. */
void episodes_kill(struct keyspace *keyspace, struct element *element, const struct party *party);
/* More is known of the episode than when it was ended: is what ended it still the one? */
void episode_recheck_resolution(struct keyspace *keyspace, struct episode *episode);
/* Of two episodes that are joined, the earlier resolution counts. */
void episode_take_resolution(struct keyspace *keyspace, struct episode *episode, struct episode *other);
/* More writes are in it than before: is what ends it here already? */
void episode_find_resolution(struct keyspace *keyspace, struct episode *episode);
void episode_drop_resolution(struct keyspace *keyspace, struct episode *episode);

#endif
