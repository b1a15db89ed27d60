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

#endif
