/* Missed: while this datacenter did not hear another one, that may have taken users over from it (docs/replication-model.md, H10). So after an opening, and
 * once a silent one is heard again, this datacenter acts as home of nobody until it has what the other one had written by then; or that one is silent again. */
#ifndef CORE_MISSED_H
#define CORE_MISSED_H

#include "topology.h"

#define MISSED_HEARTBEATS 4          /* so long a silence of a datacenter may hide a take-over … */
#define DEAD_HEARTBEATS 6            /* … as one takes users over once the home was silent for so long; and a returned one waits no longer for who is */
#define UNAPPLIED_HEARTBEATS 60      /* nor for one that is heard, and whose writes cannot be applied */

void missed_begin_opening(struct topology *topology);
/* DC's log has told something: to be called before that is noted. */
void missed_hear(struct topology *topology, unsigned dc);
void missed_pump(struct topology *topology);
/* Our steady clock from when on DC is taken to be dead, if it is not heard before. A clock of it that is ahead has been passed by then. */
uint64_t missed_dead_ms(const struct topology *topology, unsigned dc);

#endif
