/* Append: a message for the own log; and lists of them, which the outbox counts together. */
#ifndef CORE_APPEND_LIST_H
#define CORE_APPEND_LIST_H

#include "base/bytes.h"
#include "base/shared.h"

struct outbox;

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
	bool was_sent;                       /* somebody may have read it in the log: it must come again just as it is */
	uint64_t appended_ms;                /* kept: our steady clock when the log had it */
};

struct append_list { struct append *first, **end; };

void append_list_init(struct append_list *list);
void append_list_add(struct append_list *list, struct append *append);
/* BYTES: a whole batch, copied. FACTS: origin, last_seq, events, entry. */
void outbox_add_batch(struct outbox *outbox, struct append_list *list, struct slice bytes, const struct append *facts);
/* BYTES: in SHARED, which the outbox holds as long as it needs it. */
void outbox_add_shared(struct outbox *outbox, struct append_list *list, struct shared *shared, struct slice bytes, const struct append *facts);
struct append *append_new(struct outbox *outbox, struct slice bytes, const struct append *facts);  /* counted, and in no list yet */
struct append *append_over(struct outbox *outbox, struct buffer *bytes, const struct append *facts);     /* takes BYTES over */
struct append *append_list_take(struct append_list *list);                /* the first */
void append_list_move(struct append_list *from, struct append_list *to);
void append_list_clear(struct outbox *outbox, struct append_list *list);
void append_free(struct outbox *outbox, struct append *append);
void append_release(struct append *append);                              /* one that no list of the outbox counts any more */

#endif
