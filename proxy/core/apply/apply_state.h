/* The state of this room, private to it (see apply.h). */
#ifndef CORE_APPLY_STATE_H
#define CORE_APPLY_STATE_H

#include "apply.h"

struct apply {
	struct causes *causes;
	struct topology *topology;
	struct suspects *suspects;
	struct onlookers *onlookers;
	struct keyspace *keyspace;
	struct conflicts *conflicts;
	struct policies *policies;
	struct apply_window *window;         /* owned, NULL until it is needed */
	struct changes latent, piece;        /* scratch */
};

#endif
