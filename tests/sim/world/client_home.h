/* What clients and operators do about homes: orders to move, and requests that arrive where their user lives. */
#ifndef SIM_CLIENT_HOME_H
#define SIM_CLIENT_HOME_H

#include "world.h"

/* Somebody orders a move at DC, or where the user lives as far as DC knows. */
void client_home_send(struct world *world, struct dc *dc);
/* For stories: USER is to move from DC to the datacenter TARGET. Returns the request's token. */
uint64_t client_home_order(struct world *world, struct dc *dc, unsigned user, unsigned target, uint32_t hold_ms);
/* Likewise: DC takes USER over; IS_NOW: even from a home that may be alive. */
uint64_t client_home_take_over(struct world *world, struct dc *dc, unsigned user, bool is_now);
/* A request that another datacenter did not take arrives at DC, if its client has not given up. */
void client_home_arrives(struct world *world, struct dc *dc, uint64_t token, uint64_t forwarded_epoch);
/* All is at rest: nobody waits, and each core knows what its store holds. */
void client_home_judge(struct world *world);

#endif
