/* Conflicts parcels: the conflict records on their way to the topic: a ring, oldest first, bounded in number and bytes. Private to this room. */
#ifndef PROXY_CONFLICTS_PARCELS_H
#define PROXY_CONFLICTS_PARCELS_H

#include "config/settings.h"

#define PARCELS_MAX 1000u

struct parcel {                      /* owned */
	struct slice entry;          /* set on the last record of an entry of the stream: the entry's id; else empty */
	struct slice key, bytes;
};

/* Ids count up from FIRST to NEXT, which is the next one to be given. */
struct parcels {
	struct parcel ring[PARCELS_MAX];     /* a parcel is at its id modulo PARCELS_MAX */
	uint64_t first, next;
	size_t bytes;
};

struct parcel *parcels_at(struct parcels *parcels, uint64_t id);
uint64_t parcels_count(const struct parcels *parcels);
/* Room for COUNT more? An entry of PARCELS_MAX records or fewer always fits while there are no parcels, however large it is. */
bool parcels_have_room(const struct parcels *parcels, unsigned count);
/* Adds an encoded record, cut to what a message may hold. There must be room. False: it cannot be read. */
MUST_CHECK bool parcels_add(struct parcels *parcels, struct slice record, const struct settings *settings);
void parcels_drop_first(struct parcels *parcels);
void parcels_drop_all(struct parcels *parcels);

#endif
