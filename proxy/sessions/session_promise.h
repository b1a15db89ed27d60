/* Session promise: HOMEPORT SESSION ON. What a client has seen in another datacenter, by a forwarded command or before it came here, is owed to it: its next command
 * waits until that is here, so what it sees never goes back in time. What a datacenter has seen is told by its session token (docs/session-tokens.md).
 * A wait ends after limits.session_wait: the command gets the reason and is not executed, and the next one waits again. */
#ifndef PROXY_SESSION_PROMISE_H
#define PROXY_SESSION_PROMISE_H

#include "session.h"

/* TOKEN: of another connection; empty: none. */
void session_promise(struct session *session, struct slice token);
void session_end_promise(struct session *session);
/* A command of it was answered by this datacenter. */
void session_owe(struct session *session, unsigned dc);
/* True: the request that is being looked at comes again, or has got its answer. */
bool session_waits_for_promise(struct session *session, const struct command *row);

#endif
