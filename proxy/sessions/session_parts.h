/* Session parts: the answer to an EXEC, put together from several hands: the store's replies, those of the sidecar's own commands, and errors of commands
 * that are wrong in themselves. As long as a session has parts, its client is stalled, and every reply that it gets is the next part. */
#ifndef PROXY_SESSION_PARTS_H
#define PROXY_SESSION_PARTS_H

#include "session.h"

enum part_kind {
	PART_STORE,                  /* the store replies */
	PART_OWN,                    /* the sidecar does, once the store has */
	PART_KNOWN,                  /* it is an error that is known */
};

struct part {
	enum part_kind kind;
	bool is_begun, is_done;
	struct buffer reply;         /* owned */
};

struct parts {
	struct session *session;
	struct part *items;          /* owned */
	uint32_t count;
	uint32_t at;                 /* the one that is due; all before it are done, of this phase */
	bool is_own;                 /* the store has replied: the sidecar's own commands run, one after the other */
	bool is_running;             /* one of them is running: what it replies at once is noticed there */
	uint32_t confirmations_due;  /* of SUBSCRIBE. UNSUBSCRIBE: UINT32_MAX, its mark is the last */
	void (*go_on)(struct parts *parts);                        /* by whom they were made: a phase is over, or a part is */
	void (*refused)(struct parts *parts, struct slice reply);  /* likewise: the store ran nothing, or another datacenter has answered it all */
};

/* The next reply. */
void parts_take(struct parts *parts, struct slice reply);
/* REPLY is all that there will be to what is due. */
void parts_settle(struct parts *parts, struct slice reply);
/* REPLY: of an EXEC of nothing, as the store has no part in it. */
void parts_check(struct parts *parts, struct slice reply);
/* A confirmation of the subscription; IS_LAST: no more will come. IS_MARK: it is the mark behind an UNSUBSCRIBE, not to be given out. */
void parts_take_confirmation(struct parts *parts, struct slice reply, bool is_mark, bool is_last);
/* Frees what it owns. */
void parts_drop(struct parts *parts);

#endif
