/* Asks of clients: HOMEPORT GET, SET, DEL with contexts: fresh, stale, of another datacenter, or none. A client remembers the contexts that
 * it was given for a value. */
#ifndef SIM_CLIENT_ASK_H
#define SIM_CLIENT_ASK_H

#include "world.h"

/* One ask of a client of DC, drawn from the world's dice. */
void client_ask_send(struct world *world, struct dc *dc);
/* Decides an open conflict that DC's store knows of; false: there is none. */
bool client_ask_resolve(struct world *world, struct dc *dc);
/* One ask as a story wants it. */
uint64_t client_ask_say(struct world *world, struct dc *dc, const struct client_ask *ask);
/* Asks every datacenter for every version there is. */
void client_ask_everything(struct world *world);

#endif
