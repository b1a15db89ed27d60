/* Clock trial: all is healed; one clock is set wrong and right again, and each core must say so. */
#ifndef SIM_CLOCK_TRIAL_H
#define SIM_CLOCK_TRIAL_H

#include "world.h"

void world_try_clocks(struct world *world);

#endif
