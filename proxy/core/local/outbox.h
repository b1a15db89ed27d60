/* Outbox: messages for the own log, from a group's answer until the log has them for good (outbox.c). */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include "proxy/core/core.h"

struct append {
	struct append *next;
	uint64_t id;                         /* 0: not handed to the connector yet */
	struct slice bytes;                  /* owned */
	unsigned origin;
	uint64_t last_seq;                   /* 0: a heartbeat, or a part before the last */
	unsigned events;
	uint64_t entry_ms, entry_seq;        /* the outbox entry it settles; 0 0: none */
	bool is_part;                        /* one before the last: the own log must not be read again from here */
	bool is_guess;                       /* carried: its outcome was never asked for */
};

struct append_list { struct append *first, **end; };

/* outbox.c */
/* BYTES: a whole batch, copied. FACTS: origin, last_seq, events, entry. */
void outbox_add_batch(struct core *core, struct append_list *list, struct slice bytes, const struct append *facts);
void outbox_disown_entries(struct core *core);   /* ids of outbox entries mean nothing after a reconnect */
void append_free(struct core *core, struct append *append);
void append_list_clear(struct core *core, struct append_list *list);
void append_list_move(struct append_list *from, struct append_list *to);
void outbox_hand_over(struct core *core);        /* all that waits, whatever the gate */
void outbox_pump(struct core *core);
void outbox_appended(struct core *core, uint64_t id, int64_t position);
void outbox_retry(struct core *core, uint64_t id);
void outbox_heartbeat(struct core *core, bool is_hello);
void outbox_add_void(struct core *core, struct append_list *list, unsigned origin, uint64_t first_seq, uint64_t last_seq);
void append_list_init(struct append_list *list);
void append_list_add(struct append_list *list, struct append *append);

#endif
