/* Waiting: requests are held, looked at again, or refused: a held one was not executed, so that can always be said. */
#ifndef CORE_WAITING_H
#define CORE_WAITING_H

#include "topology.h"

#define CORE_HELD_FULL \
	"HOMEPORT HELD too many writes wait for users that are being moved, or for this datacenter to start (limits.held): nothing was written, try again"
#define CORE_HELD_GUARDED "HOMEPORT HELD this datacenter is starting, or has not caught up, and does not know whether it is home of the user of a watched key: nothing was written, try again"

/* Its client is told to wait; or it is refused, if too much waits already. A transaction that is guarded cannot wait: a move counts as a touch of what is watched. HELD: it waited before; else NULL. MOVE: what it waits for, if that is one. */
void waiting_hold(struct topology *topology, const struct event *request, struct held *held, enum held_why why, struct move *move);
/* Could it wait, if it does not yet? */
bool waiting_has_room(const struct topology *topology, const struct event *request);
/* Takes the next one that may be looked at again; NULL: none. It is to be held again, or let go. */
struct held *waiting_take_ready(struct topology *topology);
void waiting_let_go(struct topology *topology, struct held *held);
void waiting_refuse_all(struct topology *topology, struct held_list *list, const char *why);
/* Those that wait for anything but a move. */
void waiting_refuse_late(struct topology *topology);
void waiting_free_done(struct topology *topology);

#endif
