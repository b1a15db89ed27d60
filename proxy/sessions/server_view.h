/* Server view: what the store says of itself, shown to a client as its own world: without the reserved database, and without the sidecar's own connections,
 * transactions and subscriptions. Three steps: what kind of answer is due, what the store is asked, and what becomes of its answer. */
#ifndef PROXY_SERVER_VIEW_H
#define PROXY_SERVER_VIEW_H

#include "session.h"

/* What is to be done when an answer comes. */
enum answer_kind {
	ANSWER_PLAIN,                /* nothing */
	ANSWER_INFO,                 /* INFO */
	ANSWER_INFO_OURS,            /* likewise, and our section is added */
	ANSWER_ACCESS,               /* the command may have changed who is let in, and who may do what: Redis is asked again */
	ANSWER_CONFIG,               /* CONFIG GET */
	ANSWER_CONFIG_SET,           /* as ACCESS; and notifications may have been turned on or off */
	ANSWER_RESETSTAT,            /* CONFIG RESETSTAT */
	ANSWER_CHANNELS,             /* PUBSUB CHANNELS */
	ANSWER_NUMSUB,
	ANSWER_NUMPAT,
	ANSWER_MEMORY,               /* MEMORY STATS */
	ANSWER_SLOWLOG,              /* SLOWLOG GET, COMMANDLOG GET */
	ANSWER_SLOWLOG_LEN,          /* asked as SLOWLOG GET */
	ANSWER_QUEUED,               /* whether the store has memory: if so, the client is told that its command is queued */
	ANSWER_ASKED,                /* the client was stalled and goes on */
	ANSWER_ORDERED,              /* of XREAD: what is not in order yet is left out; session->wanted is the time up to which it is */
	ANSWER_POP,                  /* of a pop that may wait (session_block.h) */
	ANSWER_GUARDED,              /* likewise, and watches nothing any more */
};

enum answer_kind answer_kind_of(const struct command *row, const struct request *request);
/* REQUEST as the store is asked; good until the next call. IS_ALONE: not for a transaction. */
const struct request *server_view_ask(struct session *session, const struct command *row, const struct request *request, bool is_alone);
/* session->wanted, of a command of a transaction, which is REQUEST as the store was asked. */
uint64_t server_view_wanted(const struct command *row, const struct request *request);
/* The store's REPLY as the client sees it; good until the next call. WANTED: as session->wanted was when it was asked. */
struct slice server_view_adapt(struct session *session, enum answer_kind kind, struct slice reply, uint64_t wanted);
/* May such an answer have changed what users may do? */
bool answer_is_about_access(enum answer_kind kind);

#endif
