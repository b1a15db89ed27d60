/* Turn release: the point at which clients learn that their writes were executed. Private to this room. */
#ifndef PROXY_TURN_RELEASE_H
#define PROXY_TURN_RELEASE_H

#include "turn_step.h"

/* The store has executed GROUP; REPLIES are its COUNT replies. */
void turn_release(struct turn *turn, const struct turn_group *group, const struct slice *replies, unsigned count);

#endif
