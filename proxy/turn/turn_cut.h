/* Turn cut: while this datacenter is cut off for a drill (proxy/ops/isolation.h), its log gets nothing more and no log of a peer is read. When it is healed, the core gives
 * again what the log did not get, and the peers' logs are read on from where they were. To the core and to its peers that is a log that was away. Private to this room. */
#ifndef PROXY_TURN_CUT_H
#define PROXY_TURN_CUT_H

#include "proxy/core/core.h"

struct cut_log { int64_t position; bool is_followed, is_paused; };

struct turn_cut {
	bool is_on;
	uint64_t first_id;           /* of what the own log did not get; 0: there was nothing */
	struct cut_log logs[CORE_DCS_MAX];       /* how the core wants them read, and how far they were */
};

/* The core wants this of a log. True: not now. */
bool turn_cut_takes(struct turn_cut *cut, const struct effect *effect);

#endif
