/* Moving: moves go on, one step after the other (moves.h). */
#ifndef CORE_MOVING_H
#define CORE_MOVING_H

#include "topology.h"

void moving_pump(struct topology *topology);
/* All that was gathered has been sent: those whose writes are held from now on go on from there. */
void moving_mark(struct topology *topology);
void moving_tick(struct topology *topology);             /* ends those that take too long */
void moving_lose_all(struct topology *topology);         /* the connection is lost */
/* The next one whose write is to be gathered now; NULL: none. It counts as gathered. */
struct move *moving_next_flip(struct topology *topology);
/* The store has executed the write of move NUMBER, our write SEQ; or refused it. */
void moving_flipped(struct topology *topology, uint64_t number, uint64_t seq);
void moving_flip_refused(struct topology *topology, uint64_t number);

#endif
