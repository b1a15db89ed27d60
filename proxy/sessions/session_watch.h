/* Session watch: WATCH on a connection of the client's own to Redis (store_guard.h). Its EXEC runs there, so Redis decides whether it does. */
#ifndef PROXY_SESSION_WATCH_H
#define PROXY_SESSION_WATCH_H

#include "session.h"

/* All that the client asked for before is answered. */
void session_watch_keys(struct session *session, const struct request *request);
/* EXEC of an empty transaction: the answer says whether what was watched has changed. */
void session_check_watched(struct session *session);

#endif
