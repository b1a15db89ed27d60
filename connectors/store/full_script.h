/* Full script: how a group is run although the store is full. At its limit of memory Redis queues nothing in a MULTI, not even DEL; a script that is
 * marked for it runs. It executes the very bytes of the group, atomically, and gives what EXEC would have given. */
#ifndef CONNECTORS_FULL_SCRIPT_H
#define CONNECTORS_FULL_SCRIPT_H

#include "pipeline.h"

/* PIPELINE's protocol is 2 or 3. */
void full_script_send(struct pipeline *pipeline, const struct effect *group, unsigned protocol);

#endif
