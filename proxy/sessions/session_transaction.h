/* Session transaction: MULTI gathers commands, EXEC gives them to the core as one request. */
#ifndef PROXY_SESSION_TRANSACTION_H
#define PROXY_SESSION_TRANSACTION_H

#include "session.h"

void session_begin_transaction(struct session *session);
/* Keeps a command for EXEC, and answers that it is queued, or why not. */
void session_queue(struct session *session, const struct command *row, const struct request *request);
/* Commands queued so far; -1: outside of a transaction. */
int64_t session_queued(const struct session *session);
/* Gives what is queued to the core, and forgets it. IS_GUARDED: by WATCH. The store must be open. */
void session_run_transaction(struct session *session, bool is_guarded);
/* Forgets what is queued, and what is watched. */
void session_leave_transaction(struct session *session);

#endif
