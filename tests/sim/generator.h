/* Generator: what clients send: every kind of write, on few keys, so that DCs meet. */
#ifndef SIM_GENERATOR_H
#define SIM_GENERATOR_H

#include "world.h"

/* One request of a client of DC, drawn from the world's dice. */
void generator_send(struct world *world, struct dc *dc);
/* Stories: one command as text, words separated by blanks; returns its token. */
uint64_t generator_say(struct world *world, struct dc *dc, const char *text);

unsigned operation_count(void);
const struct operation *operation_at(unsigned index);

#endif
