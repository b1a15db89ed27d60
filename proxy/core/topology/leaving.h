/* Leaving: users of ours whom another datacenter has taken over. The write that says so has come, and is to be applied: from now on we are not their home. It is
 * applied once all has been sent that was taken before (docs/replication-model.md, H8). */
#ifndef CORE_LEAVING_H
#define CORE_LEAVING_H

#include "topology.h"

/* A remote write that gives USER the home VALUE is to be applied. */
void leaving_begin(struct topology *topology, struct slice user, struct slice value);
bool leaving_may_go(const struct topology *topology);            /* nothing that was taken of them is unsent */
void leaving_mark(struct topology *topology);                    /* all that was gathered has been sent */
void leaving_end(struct topology *topology);                     /* the store has answered, or the connection is lost */

#endif
