/* The state of this room, private to it (see local.h). */
#ifndef CORE_LOCAL_STATE_H
#define CORE_LOCAL_STATE_H

#include "local.h"
#include "proxy/core/scripting/scripts.h"
#include "proxy/core/topology/held.h"

/* A group whose answer is being taken in. */
struct finish {
	struct group *group;                 /* NULL: none is */
	struct stamp stamp;                  /* of the next write */
	uint32_t latent;
	unsigned member;                     /* the next one */
	bool is_moved;                       /* its stamp was */
	bool is_changed;                     /* FINAL holds its writes as far as they are known, as they differ from the intents, behind room for a header */
	struct buffer final;
	struct plan_walk walk;               /* over the whole key that MEMBER tells */
	struct buffer whole;                 /* its changes so far, encoded */
};

struct local {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct topology *topology;
	struct scripts *scripts;
	struct rereads *rereads;
	struct groups *groups;
	struct books *books;
	struct apply *apply;
	struct outbox *outbox;
	struct keyspace *keyspace;
	struct conflicts *conflicts;
	struct policies *policies;
	struct group *open[2];               /* by protocol: gathering, not sent */
	uint64_t gathering;                  /* counts the times that open groups were sent */
	struct slice client;                 /* of the request that is being gathered: its name for itself */
	bool is_careful;                     /* it cannot be run again by itself */
	struct group *aborted, **aborted_end;        /* answered with an abort: their units are to be run again */
	struct held_list guarded;            /* transactions of clients that watched keys: while writes are held, they wait */
	struct finish finish;
	unsigned units_rerun;                /* of aborted's first group */
	bool is_draining;                    /* a remote batch waits for local answers: send no local group */
};

#endif
