/* Kept: what was appended lately to a log that is in the store. A store that is killed may come back without its last writes, and then the log in it has
 * lost the same ones, whoever was told of them and whoever has read them. As long as this process runs, it still has them, and appends them once more
 * (proxy/core/recovery/lost_end.c). */
#ifndef CORE_KEPT_H
#define CORE_KEPT_H

#include "outbox.h"

#define KEPT_MS 10000                    /* a store that writes to its disk every second loses less */
#define KEPT_PART 4                      /* of limits.outbox: as many bytes at most */

void kept_add(struct outbox *outbox, struct append *append);         /* the log has it */
void kept_forget(struct outbox *outbox);                             /* what was kept for long enough */
void kept_clear(struct outbox *outbox);
/* Another run of the store begins. Nobody knows what its log still holds: all that was handed over counts as kept, and what waits goes to WAITING. */
void kept_take_back(struct outbox *outbox, struct append_list *waiting);
/* Moves batches that the log lacks from what is kept to LOST, whole and in order. */
void kept_take_lost(struct outbox *outbox, struct append_list *lost);

#endif
