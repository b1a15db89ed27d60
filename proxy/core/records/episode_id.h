/* Ids of records: "<dc>-<incarnation>-<seq>-<hash of the subject>", after the smallest dot of the episode and what it is about. */
#ifndef CORE_EPISODE_ID_H
#define CORE_EPISODE_ID_H

#include "base/bytes.h"
#include "proxy/core/versions/keyspace.h"

struct episode;
struct episodes;

/* The hash of database, kind, key and element. */
uint64_t episode_subject_hash(struct episodes *episodes, const struct element *element);
/* Appends the episode's id. */
void episode_add_id(const struct keyspace *keyspace, const struct episode *episode, struct buffer *out);
/* The open episode with this id; NULL: none. */
struct episode *episodes_find_open(const struct keyspace *keyspace, struct slice id);

#endif
