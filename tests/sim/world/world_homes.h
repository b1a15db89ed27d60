/* Homes of users, in the worlds that have them: patterns, requests that are not taken, and faults at the right moment. */
#ifndef SIM_WORLD_HOMES_H
#define SIM_WORLD_HOMES_H

#include "world.h"

#define FORWARDED (UINT64_C(1) << 63)        /* of HAPPENING_AWAY: a sidecar sent it, with the epoch; else the client goes by itself */

/* IS_FIRST: users live nowhere by default. */
const struct core_home *world_homes(bool is_first, unsigned *count);
/* For the auditor: whose a key is that only his home may write, and where users live by default. */
bool world_user_of(struct slice key, unsigned *user);
unsigned world_home_of(unsigned user);
unsigned world_no_home_of(unsigned user);
/* DC's core does not take a request: its client goes where it was told, or DC forwards it. */
void client_home_away(struct world *world, struct dc *dc, const struct effect *effect);
/* DC's sidecar has ended, or lost its connection to the store: whoever waits there is told so. */
void client_home_lost(struct world *world, const struct dc *dc);
/* A group of DC has just run. Sometimes something breaks before it is answered. IS_FLIP: it gave a home away. */
void client_home_strike(struct world *world, struct dc *dc, bool is_flip);
/* Adds up what became of moves, as long as DC's core knows it. */
void client_home_count(struct world *world, const struct dc *dc);
void homes_met_add(struct homes_met *into, const struct homes_met *other);
void homes_met_print(const struct homes_met *met);

#endif
