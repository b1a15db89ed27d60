/* Session access: whether clients that do not log in are let in. Redis decides that, so it is asked (probed) on a connection of its own: after
 * each opening of the store, and when a client's command may have changed it. */
#ifndef PROXY_SESSION_ACCESS_H
#define PROXY_SESSION_ACCESS_H

#include "session.h"

void sessions_start_probing(struct sessions *sessions);
void sessions_stop_probing(struct sessions *sessions);
/* Asks (again). The answer comes later, and then counts for all sessions. */
void sessions_probe(struct sessions *sessions);
/* A login under way is given up. */
void session_drop_login(struct session *session);

#endif
