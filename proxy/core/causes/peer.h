/* Peer: one datacenter as we know it: whether its log is followed, and what it has applied. */
#ifndef CORE_PEER_H
#define CORE_PEER_H

#include "core_status.h"
#include "proxy/core/versions/origin.h"

struct causes;

/* All that a DC committed before its steady clock showed this. CLOCK is 0: not told. Of streams' entries whose ids it chooses, none of an earlier id will come. */
struct fresh { uint64_t clock, steady_ms, entries_from_ms; };

/* What its messages tell of clocks (clocks.h). */
struct peer_clock {
	struct clock_pair pair;              /* its steady clock and ours */
	uint64_t told_own_ms;                /* the newest message of ours that it has told of: when that was sent, by our steady clock */
	unsigned untold;                     /* how many heartbeats since have told of no newer one */
	int64_t lead_ms;                     /* its wall clock, of its steady clock, at its newest message */
	uint64_t heard_ms;                   /* our steady clock when that came */
	struct clock_span told[CORE_DCS_MAX];        /* how far the wall clocks of others are ahead of its own */
};

struct peer {
	enum peer_state state;
	bool is_following;
	uint64_t listening_since_ms;         /* our steady clock when its log began to be read, or was read on */
	bool is_cut;                         /* of this opening: its log had lost its beginning, of which we had read nothing */
	int64_t position;                    /* of the last message of its log that was received */
	int64_t waiting_position;            /* of the first message that waits: how long is in the status */
	uint64_t named_incarnation;          /* the newest that told this datacenter's id: earlier ones are no strangers, unless they told another */
	uint64_t known_incarnation;          /* the newest it was heard in */
	uint64_t learnt;                     /* its messages that were applied here */
	uint64_t reached_incarnation;        /* of this opening: its newest of which a message was applied here, and so all that its log holds before that */
	uint64_t told_incarnation;           /* of ours: the newest for which it has said that of itself */
	struct peer_clock clock;
	struct fresh fresh;                  /* the newest message that is applied, and the store has answered */
	uint64_t applied_digest;             /* of its rules, as of its last batch that was applied here; 0: none yet */
	struct core_peer_status status;
};

/* Stops following a DC's log until somebody mends it; says so. TEXT: constant for PEER_NEEDS_RESYNC. */
void peer_stop(struct causes *causes, unsigned dc, enum peer_state state, const char *text);
/* What stopped a log stays to be seen until the next opening. */
void peer_note_state(struct peer *peer, enum peer_state state);
/* All that it committed before FRESH is in our store, which has answered. */
void peer_note_fresh(struct causes *causes, unsigned dc, const struct fresh *fresh);
void peer_doubt_fresh(struct causes *causes, unsigned dc);            /* our store has lost some of that */
/* The newest incarnation of DC of which a message was applied here, if all that its log holds before that is in our store; else 0. */
uint64_t peer_reached(const struct causes *causes, unsigned dc);
/* It has applied CONTEXT, and its own, or a forwarded, origin up to SEQ. */
void peer_learn(struct causes *causes, unsigned dc, const struct context *context, unsigned origin, uint64_t seq);

#endif
