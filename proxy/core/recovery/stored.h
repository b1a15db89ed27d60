/* Stored: an outbox entry found at opening that the own log may lack. And what the files of this room need of each other. */
#ifndef CORE_STORED_H
#define CORE_STORED_H

#include "recovery_parts.h"

struct stored {
	struct slice intent, final;          /* owned; final empty: not known yet */
	uint64_t entry_ms, entry_seq;
	unsigned origin;
	uint64_t first_seq;
	unsigned write_count;
};

bool stored_read(struct recovery *recovery, const struct stored_entry *entry);       /* false: this version cannot */
struct stored *stored_find(struct recovery *recovery, unsigned origin, uint64_t first_seq);
void stored_drop_logged(struct recovery *recovery);                  /* what the log has; the rest waits for the probe */
void stored_drop(struct recovery *recovery);                         /* all */
/* settle.c */
void settle_stored(struct recovery *recovery);                       /* the own log was read: what became of outbox entries it lacks? */
void settle_carry(struct recovery *recovery);                        /* an opening ends before its gate opened */
void settle_adopt_carried(struct recovery *recovery);                /* what came of earlier openings */
void settle_logged(struct recovery *recovery, const struct delivery *delivery);      /* the own log has this: was it settled without its answer? */

#endif
