/* Stranded: writes of a user's keys that were made without knowing that he was taken over, and that the take-over has not seen (docs/replication-model.md,
 * H8). Each is told in a record, about its key, with the take-over as the other side, whether or not it met anything else. */
#ifndef CORE_STRANDED_H
#define CORE_STRANDED_H

#include "arrival.h"

/* The write of CHANGE takes USER (a hash) over. No key has latent writes. */
void stranded_begin(struct conflicts *conflicts, const struct arriving_write *write, const struct change *change, const uint64_t user[2]);
/* A change arrives, and was classified: was it stranded? */
void stranded_meet(struct conflicts *conflicts, const struct arrival *arriving);

#endif
