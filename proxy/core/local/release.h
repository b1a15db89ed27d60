/* Release: when a client may be told that its command was executed. It is asked for each reply once the store has executed the group, before the core
 * has its EVENT_ANSWERED: what the core does then (metadata, log) is work that no client needs to wait for.
 * Today the store's word is enough. A write that must not be acknowledged before other datacenters have it, too (a quorum), waits here: its slot
 * would then say what it waits for, `causes` knows how many datacenters have applied it, and it is answered by EFFECT_REPLY.
 * A header only: it costs nothing for each command. */
#ifndef CORE_RELEASE_H
#define CORE_RELEASE_H

#include "proxy/core/vocabulary/effect.h"

/* XADD: the stream has got as far as that id already. */
static inline bool release_is_too_small(struct slice reply)
{
	const struct slice start = SLICE("-ERR The ID specified in XADD is equal or smaller");
	return reply.len > start.len && memcmp(reply.ptr, start.ptr, start.len) == 0;
}

/* May the client of this slot be given the store's reply now? A slot without a token is the core's own. */
static inline bool release_may_answer(const struct slot *slot, struct slice reply)
{
	return slot->token != 0 && !(slot->is_id_chosen && release_is_too_small(reply));
}

/* Has the store added the group's outbox entry, of whose XADD this is the reply? If not, its outbox was deleted, maybe with all the rest: the group's
 * clients get no answer, as nothing that they wrote is kept. */
static inline bool release_has_entry(struct slice reply)
{
	return reply.len > 0 && reply.ptr[0] == '$' && reply.ptr[1] != '-';
}

#endif
