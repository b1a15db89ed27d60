/* The state of this room, private to it (see local.h). */
#ifndef CORE_LOCAL_STATE_H
#define CORE_LOCAL_STATE_H

#include "local.h"
#include "proxy/core/scripting/scripts.h"
#include "proxy/core/topology/held.h"

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
	unsigned units_rerun;                /* of aborted's first group */
	bool is_draining;                    /* a remote batch waits for local answers: send no local group */
};

#endif
