/* Session homes: commands for users whose home is another datacenter: refused, redirected, or sent there; and those that the core holds while a user moves. Only
 * what the core says in its effects happens here. Commands of one client are executed in the order in which it sent them, as far as one datacenter executes them: a client
 * with a held command is stalled, and so is one with commands under way elsewhere when a home changes. */
#ifndef PROXY_SESSION_HOMES_H
#define PROXY_SESSION_HOMES_H

#include "session.h"

/* As turn_callbacks.away, .held and .rehomed; CONTEXT is the sessions. */
void sessions_away(void *context, const struct effect *away);
void sessions_held(void *context, uint64_t token);
void sessions_rehomed(void *context, const struct effect *home);
/* A request that another sidecar sends here for its client. */
void session_take_forward(struct session *session, const struct request *request);
/* The client goes: its commands elsewhere are not waited for. */
void session_leave_forwards(struct session *session);

#endif
