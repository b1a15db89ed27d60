/* Full store: when a simulated store refuses a group, as Redis at its limit of memory does, and whether the core goes beyond that limit as little as it
 * promises. */
#ifndef SIM_FULL_STORE_H
#define SIM_FULL_STORE_H

#include "world.h"

/* Why the store of DC refuses the group; NULL: it runs it. */
const char *full_store_refusal(struct dc *dc, const struct lane_group *group);
/* Was it right to run the group? BEFORE: what the store held before that (full_store_bytes). */
void full_store_judge(struct world *world, struct dc *dc, const struct lane_group *group, uint64_t before);
uint64_t full_store_bytes(const struct dc *dc);
/* A command of a client that the store runs. */
void full_store_judge_command(struct world *world, struct dc *dc, const struct sim_executed *executed);
/* A client's request was refused with this error. */
void full_store_judge_refusal(struct world *world, const struct dc *dc, const struct client_request *request, struct slice error);

#endif
