/* Identity: which datacenter this is, and which ones its peers are (docs/replication-model.md, "Identity"). A datacenter has a random id beside its
 * name. The store keeps it with the data, and the own log carries it in heartbeats and hellos.
 * Invariant: once known, an id changes only when an operator makes the store forget it. */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "base/bytes.h"
#include "core_status.h"

struct causes;
struct batch;

struct identity {
	uint32_t heartbeat_ms;
	char candidate[CORE_ID_MAX + 1];     /* of the store: what our id becomes where neither our log nor a peer knows one */
	char first[CORE_ID_MAX + 1];         /* of this opening: the first candidate in our log, if no id stands there */
	uint64_t changes, stored_changes;    /* ids that were learnt; and how many of them the store has */
	/* somebody else who writes our log, or reads others' in our name */
	uint64_t rival_ms;                   /* our steady clock when its last message was read; 0: there is nobody */
	uint64_t rival_incarnation;          /* the latest in which it wrote */
	uint64_t beat_incarnation, beat_hlc; /* the last heartbeat in our log that is not ours … */
	unsigned beats;                      /* … and how many of that incarnation there were */
	bool is_renewal_due;                 /* it wrote later than our incarnation began: the next opening begins another */
};

/* An opening begins: the store, which would have this id if it were the first of its datacenter, tells next what it remembers. */
void identity_begin(struct causes *causes, struct slice candidate);
/* A field of the positions; false: it is none of these. */
bool identity_read(struct causes *causes, struct slice field, struct slice value);
/* How many ids of positions there are: FIELDS and VALUES have room for CORE_DCS_MAX. */
unsigned identity_fields(const struct causes *causes, struct buffer *fields, struct slice *values);
/* A message of DC's log. False: another datacenter wrote it, it must not be applied. */
bool identity_hear(struct causes *causes, unsigned dc, const struct batch *batch, unsigned origin);
/* A message that stands in our own log between ours. False: it holds writes that our store may lack. */
bool identity_hear_between(struct causes *causes, const struct batch *batch);
/* Another process reads DC's log in our name. */
void identity_hear_namesake(struct causes *causes, unsigned dc);
/* Our log was read up to our hello. */
void identity_hear_end(struct causes *causes);
/* A peer that has an id writes as an incarnation that has not told its own yet: it does so soon. Until then, nothing of it may be applied. */
bool identity_is_awaited(const struct causes *causes, unsigned origin);
void identity_tick(struct causes *causes);

#endif
