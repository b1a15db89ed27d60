/* Admin moves: POST /v1/homes/USER and POST /v1/homes: moving one user, and several. Private to this room. */
#ifndef PROXY_ADMIN_MOVES_H
#define PROXY_ADMIN_MOVES_H

#include "admin_request.h"

/* USER is NULL: those that the body names. */
void admin_move(struct admin_request *request, const char *user);
/* False: the request has failed with why not. */
MUST_CHECK bool admin_moves_are_allowed(struct admin_request *request);
/* An error of the core, or of another sidecar, without the word that is there for clients of Redis. */
void admin_homes_fail(struct admin_request *request, unsigned status, struct slice error);

#endif
