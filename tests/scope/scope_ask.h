/* Ask: what a core answers when it is asked for the siblings of an element, as HOMEPORT GET does. */
#ifndef SCOPE_ASK_H
#define SCOPE_ASK_H

#include "scope_world.h"

/* Where the answer to the ask with that token goes. */
struct scope_siblings *scope_asked_by(struct scope_world *world, uint64_t token);
void scope_note_reply(struct scope_world *world, uint64_t token, struct slice bytes);

#endif
