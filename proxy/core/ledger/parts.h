/* Parts: what makes the reserved database whole (event.h). They are made together, in one transaction, before anything is written there. If one is gone later,
 * somebody deleted it, or all of them: the data may be gone as well, and what is left tells wrong things. */
#ifndef CORE_PARTS_OF_STORE_H
#define CORE_PARTS_OF_STORE_H

#include "books.h"

/* Adds to GROUP what makes them. Nothing may be there before they are: where the store refuses this group, the next one that it takes has them, too. */
void parts_make(struct books *books, struct group *group);
void parts_made(struct books *books, const struct group *group);     /* it was answered */
bool parts_refused(const struct group *group);                       /* it was refused. True: what is there is to be judged anew */
/* Which are marked? Returns the first of PART_COUNT replies. */
unsigned parts_ask(const struct books *books, struct script *script);
bool parts_are_whole(const struct slice *replies);

#endif
