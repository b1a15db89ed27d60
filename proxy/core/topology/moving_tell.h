/* Moving, told: what whoever has ordered a move or a take-over is answered (moving.h). */
#ifndef CORE_MOVING_TELL_H
#define CORE_MOVING_TELL_H

#include "topology.h"
#include "proxy/core/vocabulary/home.h"

/* PARTS, one behind the other. It lives until the next step. */
struct slice topology_text(struct topology *topology, const struct slice *parts, unsigned count);
#define TEXT(topology, ...) \
	topology_text(topology, (const struct slice[]){ __VA_ARGS__ }, sizeof((const struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice))

struct moved { struct home home; bool is_confirmed; uint64_t held_ms; };

/* The user, where he lives now, since which epoch, whether that datacenter knows it, and how long writes of his may have waited. */
void moving_tell(struct topology *topology, uint64_t token, struct slice user, const struct moved *moved);
/* Likewise, whose he was, and for how long what was written there may not be known here, in ms; "unknown": that was never measured. */
void moving_tell_taken(struct topology *topology, const struct move *move);

#endif
