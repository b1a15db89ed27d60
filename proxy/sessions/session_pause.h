/* Session pause: CLIENT PAUSE. Requests of all clients, or those that may write, wait until it is over. */
#ifndef PROXY_SESSION_PAUSE_H
#define PROXY_SESSION_PAUSE_H

#include "session.h"

/* As in Redis, a pause that is under way is neither shortened nor softened by another one. */
void sessions_pause(struct sessions *sessions, enum pause_mode mode, uint64_t ms);
void sessions_unpause(struct sessions *sessions);
/* Must the request wait? Then it comes again. */
bool session_waits_for_pause(struct session *session, const struct command *row, const struct request *request);
void sessions_free_pause(struct sessions *sessions);

#endif
