/* Outbox: messages for the own log, from a group's answer until the log has them for good. */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include "append_list.h"
#include "proxy/core/ledger/books.h"
#include "proxy/core/topology/topology.h"

struct local;

struct outbox {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct books *books;
	struct policies *policies;
	struct topology *topology;
	const struct local *local;           /* what it promises of entries (promise.h) */
	struct append_list sent, waiting;    /* handed to the connector and not durable; not handed over yet */
	struct append_list kept;             /* durable in a log that is in the store, for a while: both may lose their end (kept.c) */
	uint64_t kept_bytes;
	bool is_held;                        /* the store is not connected, and the log in it may have lost its end: nothing is handed over */
	uint64_t retry_id;                   /* while held, the connector asked for everything from here on; 0: it did not */
	uint64_t next_id;
	uint64_t bytes, events;              /* of all appends there are, in whosever list */
	uint64_t heartbeat_ms;               /* when the last one was sent */
};

void outbox_init(struct outbox *outbox);
void outbox_free(struct outbox *outbox);
/* A batch of writes that did nothing, from FIRST_SEQ on, in front of NEXT. It is earlier than NEXT in time as well: readers take what is later for a
 * sign that they have everything earlier. */
void outbox_add_void(struct outbox *outbox, struct append_list *list, uint64_t first_seq, const struct stamp *next);
void outbox_disown_entries(struct outbox *outbox);       /* ids of outbox entries mean nothing after a reconnect */
/* The store is not connected: until it is, nothing goes to a log that is in it. */
void outbox_hold(struct outbox *outbox);
void outbox_go_on(struct outbox *outbox);
void outbox_hand_over(struct outbox *outbox);            /* hands over all that waits, even if the gate is closed */
void outbox_pump(struct outbox *outbox);                 /* hands over all that waits, if the gate is open */
void outbox_appended(struct outbox *outbox, uint64_t id, int64_t position);
void outbox_retry(struct outbox *outbox, uint64_t id);
/* HELLO: 0; or the nonce of this opening, if it is the opening's first message. */
void outbox_heartbeat(struct outbox *outbox, uint64_t hello);
/* A hello that others need not wait behind: nothing follows it. */
void outbox_tell_stopped(struct outbox *outbox, uint64_t hello);

#endif
