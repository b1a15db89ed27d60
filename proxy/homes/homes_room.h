/* Homes room: what its files share. Private to this room. */
#ifndef PROXY_HOMES_ROOM_H
#define PROXY_HOMES_ROOM_H

#include "connectors/peer/peer_link.h"
#include "homes.h"
#include "homes_changes.h"
#include "proxy/turn/turn.h"

struct homes_batch;
struct order;

struct homes {
	struct homes_options options;
	struct turn *turn;
	struct peer_link *links[CORE_DCS_MAX][2];    /* owned; by protocol; NULL: not needed yet */
	uint64_t last_tag;
	struct order *orders;                        /* owned: a list of those that wait for the core */
	struct homes_batch *batches;                 /* owned: a list of those that are not complete */
	struct homes_changes *changes;               /* owned */
};

#endif
