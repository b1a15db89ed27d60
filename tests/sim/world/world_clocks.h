/* World, its clocks: set wrong and right again, and what cores say of time is judged by the true one. */
#ifndef SIM_WORLD_CLOCKS_H
#define SIM_WORLD_CLOCKS_H

#include "world.h"

/* How fresh a core says that its data is, judged. */
void world_judge_freshness(struct world *world, const struct dc *dc);
/* DC's wall clock is set to something wrong, or right. Its sidecar may be down meanwhile. */
void world_set_clock(struct world *world, struct dc *dc, int64_t ahead_ms);
int64_t world_draw_step(struct world *world);

#endif
