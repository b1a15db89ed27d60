/* Handler: what the world answers when a core asks for the handler of a custom rule: the union of all words, or a failure, after a while. */
#ifndef SIM_HANDLER_H
#define SIM_HANDLER_H

#include "world.h"

void sim_handler_asked(struct world *world, struct dc *dc, const struct effect *effect);

#endif
