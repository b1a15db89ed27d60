/* Drill moves: the users of a drill, moved a share at a time, and back. */
#ifndef PROXY_CTL_DRILL_MOVES_H
#define PROXY_CTL_DRILL_MOVES_H

#include "drill_running.h"

/* How many conflicts the sidecar has counted; -1: it does not answer. */
long long drill_count_conflicts(const struct running *running);
/* Is it to stop? Then it is noted why. */
bool drill_is_to_stop(struct running *running);
/* Until all are moved, or it is to stop. Returns how to exit. */
int drill_move_there(struct running *running);
/* Those who moved go back. Ctrl-C does not stop this, as it is what Ctrl-C is for; a second one has the rest stay. */
int drill_move_back(struct running *running);

#endif
