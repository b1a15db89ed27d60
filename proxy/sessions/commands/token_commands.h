/* HOMEPORT TOKEN and WAITFOR: session tokens, for clients that move between datacenters. */
#ifndef PROXY_TOKEN_COMMANDS_H
#define PROXY_TOKEN_COMMANDS_H

#include "proxy/sessions/session.h"

void session_homeport_token(struct session *session, const struct request *request);
void session_homeport_session(struct session *session, const struct request *request);
void session_homeport_waitfor(struct session *session, const struct request *request);

#endif
