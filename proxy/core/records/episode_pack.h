/* Packs, for those who write them and read them back. */
#ifndef CORE_EPISODE_PACK_H
#define CORE_EPISODE_PACK_H

#include "episode.h"

/* Nobody is in it yet: somebody must be. */
struct pack *pack_new(struct keyspace *keyspace, struct slice name, enum episode_list list);
void pack_move(struct episodes *episodes, struct pack *pack, enum episode_list list);
void pack_add(struct pack *pack, struct episode *episode);
/* Its records, or nothing: they are not known for good. */
void pack_keep_records(struct keyspace *keyspace, struct pack *pack, struct slice records, uint64_t digest);
/* Are RECORDS what is to be told at last, under the rules with this digest? */
bool pack_is_known(const struct pack *pack, uint64_t digest);
/* The store is to forget it, with the next group. */
void pack_leave_store(struct episodes *episodes, const struct pack *pack);

#endif
