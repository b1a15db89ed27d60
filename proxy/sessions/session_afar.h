/* Session afar: WATCH of keys whose user's home is elsewhere, where his commands are forwarded to. Redis there has to decide whether EXEC runs. So, from WATCH until
 * its transaction is over, the client talks with the home's sidecar on a connection of its own, which answers its commands. */
#ifndef PROXY_SESSION_AFAR_H
#define PROXY_SESSION_AFAR_H

#include "session.h"

/* All that the client asked for before is answered. False: it is a WATCH for the Redis here. */
bool session_watch_afar(struct session *session, const struct request *request);
/* A client that is afar: true, if the request went there. False: it is one for the sidecar here. */
bool session_ask_afar(struct session *session, const struct command *row, const struct request *request);
/* What was watched there is not watched any more, and nothing that is due comes. */
void session_leave_afar(struct session *session);

#endif
