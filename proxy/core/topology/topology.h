/* Topology: which datacenter is home of which user, and who moves (docs/replication-model.md, "Homes").
 *
 *   user_hash.c   a user as 128 bits                                   homes.c       who is home of a user
 *   patterns.c    whose a key is, and where users live by default      waiting.c     requests are held, and looked at again
 *   home_map.c    homes of their own, in memory                        moves.c       users that are being moved away
 *   move_orders.c moves begin                                          moving.c      … go on, and end
 *   home_news.c   homes that a group is about to write                 admission.c   is a request taken here, held, or meant for another home?
 *   held.c        a request that waits                                 doubt.c       do all have the same homes configured?
 *   missed.c      what may have been taken over while others were not heard
 *   leaving.c     users whom others have taken over
 *   topology.c    the room begins, ends, and goes on
 *
 * It writes nothing: local/gather_home.c gathers what a move writes. Invariant: whoever gives a user away is not its home from the moment when that
 * is gathered; who gets one is it once the store has answered. */
#ifndef CORE_TOPOLOGY_H
#define CORE_TOPOLOGY_H

#include "held.h"
#include "home_map.h"
#include "moves.h"
#include "patterns.h"
#include "proxy/core/causes/causes.h"
#include "proxy/core/scripting/scripts.h"

struct topology {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct patterns patterns;
	struct home_map map;
	struct scripts *scripts;             /* they stand beside the homes */
	struct moves moves;
	struct held_list waiting;            /* for anything but a move, in the order in which they came */
	struct held_list ready;              /* may be looked at again now */
	struct held_list done;               /* effects of this step may point to them */
	struct slice *arrived;               /* owned: users whose homes a remote group that is being filled has changed */
	unsigned arrived_count, arrived_cap;
	uint64_t doubted_ms;                 /* our steady clock since when others may have other homes configured; 0: they do not */
	uint64_t stored_digest;              /* of the configured homes, as the store has it; 0: none */
	uint64_t heard_digests[CORE_DCS_MAX];        /* as others told it since they read a message of this process … */
	bool is_heard[CORE_DCS_MAX];                 /* … which these have */
	uint64_t missed_ms[CORE_DCS_MAX];    /* our steady clock: what others wrote until then may have taken users over, and is not here yet. 0: it is */
	unsigned missed_count;               /* of those that are not 0 */
	struct user_hash *leaving;           /* owned: users of ours whom a write takes away that is about to be applied */
	unsigned leaving_count, leaving_cap;
	bool is_learning;                    /* a group is on its way to the store that changes homes */
	bool is_leaving_unsent;              /* what was taken of some of them before may not be sent yet */
	bool is_agreed;                      /* this process need not be in doubt any more */
	bool is_on;                          /* homes are configured */
	bool is_settled;                     /* of this opening: we have caught up. What the table says is no longer older than what we announced */
	bool is_asking;                      /* the next message of ours asks its readers for an answer */
	bool is_answer_due;                  /* a peer has asked how far we are */
};

/* Is he one of ours whom another datacenter has taken over (leaving.h)? */
static inline bool topology_is_leaving(const struct topology *topology, struct user_hash hash)
{
	for (unsigned i = 0; i < topology->leaving_count; i++)
		if (topology->leaving[i].low == hash.low && topology->leaving[i].high == hash.high)
			return true;
	return false;
}

/* NULL where *ERROR says what is wrong with the configured homes. */
struct topology *topology_new(const struct core_options *options, struct step *step, struct causes *causes, const char **error);
void topology_free(struct topology *topology);
void topology_begin_step(struct topology *topology);
/* The connection is lost: what is held is refused, moves are over. */
void topology_close(struct topology *topology);
/* A turn ends: what waited for messages goes on. */
void topology_pump(struct topology *topology);
void topology_tick(struct topology *topology);       /* who waits too long is told so */
/* Does somebody wait for our next message? */
static inline bool topology_is_heartbeat_due(const struct topology *topology) { return topology->is_asking || topology->is_answer_due; }
void topology_status(const struct topology *topology, struct core_status *status);

#endif
