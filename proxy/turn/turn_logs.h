/* Turn logs: opens the own log and those of the peers, and makes their messages into events. Private to this room. */
#ifndef PROXY_TURN_LOGS_H
#define PROXY_TURN_LOGS_H

#include "turn_step.h"

/* False: ERROR says which log, what and what to do. */
MUST_CHECK bool turn_open_logs(struct turn *turn, struct buffer *error);
void turn_close_logs(struct turn *turn);

#endif
