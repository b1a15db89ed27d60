/* Client: what the clients of a scope world send. */
#ifndef SCOPE_CLIENT_H
#define SCOPE_CLIENT_H

#include "scope_world.h"

/* DC's client sends OPERATION for case NUMBER; the core gathers it until the turn ends. The operation EXPIRY is none
 * of a client: the store's clock passes the deadline. */
void scope_say(struct scope_world *world, unsigned dc, unsigned number, const char *operation);
/* DC's client asks for the siblings of an element that is a string or a field; the answer is there after the next run. */
void scope_ask(struct scope_world *world, unsigned dc, unsigned number, unsigned key, enum scope_element element);

#endif
