/* Packs: the records of one transaction are stored together in one field of the hash, which costs the store little more than one record. Mostly they become
 * stable, and leave, together. One that has changed by itself is stored alone from then on, as it may do so often. */
#ifndef CORE_EPISODE_PACK_H
#define CORE_EPISODE_PACK_H

#include "episode.h"

struct pack {
	struct slice name;           /* owned: the field, the id of its first record */
	struct slice records;        /* owned: their final text, unless one of them or a rule changes; empty: not known */
	uint64_t digest;             /* of the rules under which RECORDS is their text */
	struct pack *before, *after; /* in its list */
	enum episode_list list;      /* of its episodes, when they were written */
	struct episode *first;
	unsigned count;
	unsigned changed;            /* of them, in the transaction that is being written */
};

/* No episode is in it yet: the caller adds one at least. */
struct pack *pack_new(struct keyspace *keyspace, struct slice name, enum episode_list list);
void pack_move(struct episodes *episodes, struct pack *pack, enum episode_list list);
void pack_add(struct pack *pack, struct episode *episode);
/* Keeps the text of its records; none: they may still change. */
void pack_keep_records(struct keyspace *keyspace, struct pack *pack, struct slice records, uint64_t digest);
/* Are RECORDS what is to be told at last, under the rules with this digest? */
bool pack_is_known(const struct pack *pack, uint64_t digest);
/* The store is to forget it, with the next group. */
void pack_leave_store(struct episodes *episodes, const struct pack *pack);

/* Takes the episode out of its pack. The others stay where they are, but for the last one, with whom the pack goes. */
void pack_leave(struct keyspace *keyspace, struct episode *episode);
/* What is stored in it is no longer true: the store is told so, and whoever is left in it is written anew, in another place. */
void pack_break(struct keyspace *keyspace, struct pack *pack);

#endif
