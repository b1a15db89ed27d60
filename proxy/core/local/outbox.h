/* Outbox: messages for the own log, from a group's answer until the log has them for good. */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include "proxy/core/ledger/books.h"
#include "proxy/core/topology/topology.h"

struct append {
	struct append *next;
	uint64_t id;                         /* 0: not handed to the connector yet */
	struct slice bytes;                  /* owned, unless they are in SHARED */
	struct shared *shared;               /* NULL: nobody else keeps them */
	unsigned origin;
	uint64_t last_seq;                   /* 0: a heartbeat, or a part before the last */
	unsigned events;
	uint64_t entry_ms, entry_seq;        /* its outbox entry, which may go once the log has this; 0 0: none */
	bool is_part;                        /* not the last part: the own log must not be read again from here */
	bool passes_limit;                   /* a hello, or stands before one: recovery waits for it, so a full log takes it, too */
	bool is_guess;                       /* carried, and the store was never asked for its outcome */
};

struct append_list { struct append *first, **end; };

struct outbox {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct books *books;
	struct policies *policies;
	struct topology *topology;
	struct append_list sent, waiting;    /* handed to the connector and not durable; not handed over yet */
	uint64_t next_id;
	uint64_t bytes, events;              /* of all appends there are, in whosever list */
	uint64_t heartbeat_ms;               /* when the last one was sent */
};

void outbox_init(struct outbox *outbox);
void outbox_free(struct outbox *outbox);
/* BYTES: a whole batch, copied. FACTS: origin, last_seq, events, entry. */
void outbox_add_batch(struct outbox *outbox, struct append_list *list, struct slice bytes, const struct append *facts);
/* BYTES: in SHARED, which the outbox holds as long as it needs it. */
void outbox_add_shared(struct outbox *outbox, struct append_list *list, struct shared *shared, struct slice bytes, const struct append *facts);
/* A batch of writes that did nothing, from FIRST_SEQ on, in front of NEXT. It is earlier than NEXT in time as well: readers take what is later for a
 * sign that they have everything earlier. */
void outbox_add_void(struct outbox *outbox, struct append_list *list, uint64_t first_seq, const struct stamp *next);
void outbox_disown_entries(struct outbox *outbox);       /* ids of outbox entries mean nothing after a reconnect */
void outbox_hand_over(struct outbox *outbox);            /* hands over all that waits, even if the gate is closed */
void outbox_pump(struct outbox *outbox);                 /* hands over all that waits, if the gate is open */
void outbox_appended(struct outbox *outbox, uint64_t id, int64_t position);
void outbox_retry(struct outbox *outbox, uint64_t id);
/* HELLO: 0; or the nonce of this opening, if it is the opening's first message. */
void outbox_heartbeat(struct outbox *outbox, uint64_t hello);
void append_free(struct outbox *outbox, struct append *append);
void append_list_init(struct append_list *list);
void append_list_add(struct append_list *list, struct append *append);
void append_list_clear(struct outbox *outbox, struct append_list *list);
void append_list_move(struct append_list *from, struct append_list *to);

#endif
