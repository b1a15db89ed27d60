/* Gathering, for the other files of this room (see local.h). */
#ifndef CORE_GATHERING_H
#define CORE_GATHERING_H

#include "local_state.h"

/* The group that requests of this protocol join; 0: any, for our own writes. */
struct group *gathering_group(struct local *local, unsigned protocol);
/* Stamps, adds the outbox entry, sends. */
void gathering_close_group(struct local *local, struct group *group);
/* GROUP's batch: its header goes into the room in front of WRITES, so that these are not copied, unless it is too long. Returns the buffer that holds both, and
 * where they begin. */
const struct buffer *gathering_put_header(struct local *local, struct group *group, struct buffer *writes, size_t *start);
/* rerun_above.c: entries of streams whose id was too small are added again. */
void rerun_above(struct local *local, const struct group *group, const struct event *event);

#endif
