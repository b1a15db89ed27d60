/* Session exec: a transaction that is not the store's alone. Its commands for the store are given to the core as one request, so their effects are one
 * unit. Once they have run, the sidecar's own commands (CLIENT, HELLO, SUBSCRIBE, …) run in their order. If the store refuses the transaction, they do not. */
#ifndef PROXY_SESSION_EXEC_H
#define PROXY_SESSION_EXEC_H

#include "session.h"

/* Takes the transaction over. TOKEN: names EXEC's answer, of one part. MISTAKE: the command that is known to be wrong, by ERROR; UINT32_MAX: none is. */
void session_exec_parts(struct session *session, struct transaction *transaction, bool is_guarded, uint64_t token, uint32_t mistake, struct slice error);
/* Does the store run such a command, and not the sidecar? */
bool session_is_stored(const struct command *row);
/* Gives the core EVENT, of which only token, databases, protocol and commands are filled, as one transaction. Returns false if it is not taken, as a command of it is
 * wrong in itself: sessions->mistake says which. */
MUST_CHECK bool session_submit(struct session *session, struct event *event, bool is_guarded);
/* The client goes. */
void session_drop_exec(struct session *session);

#endif
