/* Gathering, for the other files of this room (see local.h). */
#ifndef CORE_GATHERING_H
#define CORE_GATHERING_H

#include "local_state.h"

/* The group that requests of this protocol join; 0: any, for our own writes. */
struct group *gathering_group(struct local *local, unsigned protocol);
/* Stamps, adds the outbox entry, sends. */
void gathering_close_group(struct local *local, struct group *group);
/* The header of the batch that GROUP's writes are, into its payload. */
void gathering_add_header(struct local *local, struct group *group);
/* rerun_above.c: entries of streams whose id was too small are added again. */
void rerun_above(struct local *local, const struct group *group, const struct event *event);

#endif
