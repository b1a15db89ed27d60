/* Finish: the final form of a group's writes, as the replies tell it. Private to this room. */
#ifndef CORE_FINISH_H
#define CORE_FINISH_H

#include "local_state.h"

void finish_begin(struct local *local, struct group *group);
/* Takes the writes into the metadata; of whole keys not many more than MOST elements, which counts down. True: all are taken. */
bool finish_some(struct local *local, struct group *group, const struct event *event, unsigned *most);
/* What is collected is let go. */
void finish_end(struct local *local);

#endif
