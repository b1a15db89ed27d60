/* Session block: pops that wait (BLPOP, BLMOVE, BZPOPMIN and their kin), and reads that do (XREAD BLOCK). A pop is given to the core as any write is: inside
 * its transaction Redis answers at once, and what is popped is replicated. Where there is nothing to pop, the client waits (waiters.h), and the command is
 * given to the core again, for one key, when Redis has told that something may be there (key_looks.h). A read waits likewise, but goes to Redis as any read.
 * Invariant: at most one try of a client is under way, and its answer is the client's: what is popped is given to nobody else. */
#ifndef PROXY_SESSION_BLOCK_H
#define PROXY_SESSION_BLOCK_H

#include "session.h"

/* False: it does not wait, since something about it is wrong that Redis will tell. */
bool session_block(struct session *session, const struct command *row, const struct request *request);
/* Its client has gone. */
void session_leave_block(struct session *session);
/* Ends the wait as if its time was over, or with an error. False: it does not wait. */
bool session_end_wait(struct session *session, bool is_error);
/* The process stops. */
void session_abandon_block(struct session *session);
/* At the end of a turn: those try whose turn it is. */
void sessions_serve_blocked(struct sessions *sessions);
/* The store was lost. */
void sessions_lose_blocked(struct sessions *sessions);
void sessions_free_blocked(struct sessions *sessions);

#endif
