/* Happenings: what is due, in order of virtual time; what is due at the same time comes in the order it was planned. */
#ifndef SIM_HAPPENING_H
#define SIM_HAPPENING_H

#include <stdbool.h>
#include <stdint.h>

enum happening_type {
	HAPPENING_LOAD,              /* clients of a DC send */
	HAPPENING_TURN,              /* a sidecar's turn of the loop ends */
	HAPPENING_TICK,
	HAPPENING_GROUP,             /* the oldest group on its way reaches the store */
	HAPPENING_ANSWER,            /* the oldest answer on its way reaches the sidecar */
	HAPPENING_EXPIRED,           /* a notification reaches the sidecar */
	HAPPENING_LANDED,            /* the oldest append on its way becomes durable */
	HAPPENING_APPENDED,          /* … and the sidecar hears of it */
	HAPPENING_DELIVERY,          /* the next message of a log reaches a follower */
	HAPPENING_HANDLED,           /* a handler has ended */
	HAPPENING_OPENED,            /* a sidecar's connection to its store is made */
	HAPPENING_REOPEN,            /* a sidecar drops its connection to the store to start over */
	HAPPENING_TOLD,              /* how far a DC has read a log reaches the log's owner */
	HAPPENING_ROOM,              /* a log that was full takes appends again */
	HAPPENING_LOG_BACK,          /* a log that was down with its store takes appends again */
	HAPPENING_AWAY,              /* a request reaches another DC, where its user lives */
	HAPPENING_SIDECAR_START,
	HAPPENING_STORE_START,
	HAPPENING_FAULT,             /* something breaks */
	HAPPENING_STRIKE,            /* … this fault, at this DC */
	HAPPENING_HEAL,              /* something that lasts ends */
};

struct happening {
	uint64_t at_us;
	uint64_t order;
	enum happening_type type;
	unsigned dc;
	unsigned generation;         /* void when what it belongs to has been replaced since */
	uint64_t a, b;               /* meaning by type */
};

struct happenings {
	struct happening *items;     /* owned: a binary heap */
	unsigned count, cap;
	uint64_t planned;
};

void happenings_plan(struct happenings *happenings, const struct happening *happening);
bool happenings_take(struct happenings *happenings, struct happening *happening);    /* false: nothing is planned */
void happenings_free(struct happenings *happenings);

#endif
