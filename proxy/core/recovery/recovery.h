/* Recovery: opening, from what the store and the logs hold.
 *
 *   recover.c    the steps of it                       positions.c  what is written beside the effects
 *   settle.c     outbox entries whose outcome is unknown  reread.c  what is read back from the store */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "proxy/core/core.h"
#include "proxy/core/wire/envelope.h"
#include "proxy/core/conflicts/render.h"

struct delivery;
struct group;

struct stored {                      /* an outbox entry found at opening that the log may lack */
	struct slice intent, final;          /* owned; final empty: not known yet */
	uint64_t entry_ms, entry_seq;
	unsigned origin;
	uint64_t first_seq;
	unsigned write_count;
};

struct reread { uint32_t db; struct slice key; bool is_expired; };   /* owned key: to be read back */
struct suspect { uint32_t db; struct slice key; bool is_again; };    /* owned key: decided while rules differed (rules_change.c) */

/* positions.c */
void positions_write(struct core *core, struct script *script);
MUST_CHECK bool positions_read(struct core *core, const struct event *event, bool *is_same_run, uint64_t *incarnation);
bool positions_are_due(const struct core *core);
void positions_record(struct core *core);        /* a group of its own for positions that moved */
/* recover.c */
void recover_open(struct core *core, const struct event *event);
void recover_close(struct core *core);
void recover_own_batch(struct core *core, const struct delivery *delivery);     /* each message of the own log while it is read */
void recover_pump(struct core *core);
struct stored *stored_find(struct core *core, unsigned origin, uint64_t first_seq);
/* settle.c */
void settle_stored(struct core *core);                               /* the own log was read: what became of outbox entries it lacks? */
void settle_carry(struct core *core);                                /* an opening ends before its gate opened */
void settle_adopt_carried(struct core *core);                        /* what came of earlier openings */
void settle_answered(struct core *core, const struct event *event);
void settle_logged(struct core *core, const struct delivery *delivery);      /* the own log has this: was it settled without its answer? */
/* reread.c */
void reread_add(struct core *core, uint32_t db, struct slice key, bool is_expired);
/* The keys of a write whose context claims more than the store had: what it did may not fit what others have, and results of its increments do not:
 * they are dropped. */
void reread_touched(struct core *core, struct changes *changes);
void reread_writes(struct core *core, struct slice writes);
void reread_pump(struct core *core);
void reread_clear(struct core *core);

#endif
