/* Session ask: a client's question to the core about versions or conflicts. Its next requests wait for the answer, so that they see what this one
 * did. */
#ifndef PROXY_SESSION_ASK_H
#define PROXY_SESSION_ASK_H

#include "session.h"

/* Makes EVENT an EVENT_ASKED of this client, and gives it to the core. */
void session_ask(struct session *session, struct event *event);

#endif
