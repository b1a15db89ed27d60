/* Clients that move between datacenters with session tokens. */
#ifndef SIM_CLIENT_SESSION_H
#define SIM_CLIENT_SESSION_H

#include "world.h"

/* A client of DC asks for a token, or waits for one that was given out before. */
void client_session_send(struct world *world, struct dc *dc);
/* For stories: returns the request's token. TEXT: in the pool; the session token to wait for. */
uint64_t client_session_mint(struct world *world, struct dc *dc);
uint64_t client_session_wait(struct world *world, struct dc *dc, uint32_t text, uint64_t wait_ms);
/* Every token that is still remembered is waited for at every DC. */
void client_session_everywhere(struct world *world);

#endif
