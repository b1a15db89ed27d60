/* Stored: an outbox entry found at opening that the own log may lack. And what the files of this room need of each other. */
#ifndef CORE_STORED_H
#define CORE_STORED_H

#include "recovery_parts.h"

struct stored {
	struct slice intent, final;          /* owned; final empty: not known yet */
	uint64_t entry_ms, entry_seq;
	unsigned origin;
	bool was_sent;                       /* FINAL was given to the log, and somebody may have read it there: it must come again just as it is */
	uint64_t first_seq;
	unsigned write_count;
};

bool stored_read(struct recovery *recovery, const struct stored_entry *entry);       /* false: this version cannot */
struct stored *stored_find(struct recovery *recovery, unsigned origin, uint64_t first_seq);
void stored_drop_logged(struct recovery *recovery);                  /* those that the log holds */
/* Whoever reads this entry in the log hears of the floor that it was executed with. What is below is in the store, as the entry is. */
void stored_hear_floor(struct recovery *recovery, const struct stored *stored);
void stored_drop(struct recovery *recovery);                         /* all */
/* probe.c */
void probe_entry(struct recovery *recovery, const struct stored *stored, struct script *script);     /* asks what the entry came to */
/* Must the store be asked whether this change took place? */
bool probe_is_asked(const struct recovery *recovery, const struct stored *stored, enum plan pending, const struct change *change);
/* What the store's answer RAW means: the change took place; a fraction may have been added. */
bool probe_is_done(const struct change *change, struct slice raw);
bool probe_is_doubtful(const struct change *change, struct slice raw);
void probe_learn(struct change *change, struct slice raw);           /* what the write did not tell itself */
bool probe_is_recorded(struct recovery *recovery, const struct change *change, unsigned origin, uint64_t seq);
/* settle.c */
void settle_stored(struct recovery *recovery);                       /* our hello was read: asks about the others */
void settle_carry(struct recovery *recovery);                        /* the connection was lost before the gate opened */
void settle_adopt_carried(struct recovery *recovery);                /* matches batches of earlier openings with entries */
bool settle_is_certain(struct recovery *recovery, const struct stored *stored);      /* nobody has to be asked what it came to */
void settle_logged(struct recovery *recovery, const struct delivery *delivery);      /* the own log holds this message */

/* lost_end.c */
void lost_end_open(struct recovery *recovery);                       /* another run of the store begins */
void lost_end_find(struct recovery *recovery);                       /* our hello was read: what the log has lost is carried */
void lost_end_add_carried(struct recovery *recovery, struct append_list *list);      /* to LIST, in the order in which they were executed */
/* torn.c */
struct event torn_judge(struct recovery *recovery, const struct event *event);       /* what of EVENT, an opening, is to be believed */
void torn_begin(struct recovery *recovery);                          /* it was read */
void torn_hear_end(struct recovery *recovery);                       /* our hello was read */

#endif
