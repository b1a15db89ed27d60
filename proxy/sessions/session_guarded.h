/* Session guarded: EXECs of clients that watch keys, one at a time. Each runs on a connection of its own, so the next one could not be on its way anyway. */
#ifndef PROXY_SESSION_GUARDED_H
#define PROXY_SESSION_GUARDED_H

#include "session.h"

/* Does its WATCH have to wait? Then it is in the queue. */
bool session_queue_watch(struct session *session, const struct request *request);
/* Its transaction runs, or waits for that of others. */
void session_queue_guarded(struct session *session);
/* At the end of a turn: the next one runs. */
void sessions_run_guarded(struct sessions *sessions);

#endif
