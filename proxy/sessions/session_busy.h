/* Session busy: while Redis runs a script it answers nobody, and what has been sent behind the script runs after it, whatever Redis then says. So once a script has
 * taken a moment, requests wait here, and Redis is asked, until it has gone on, or says that it is busy. Then they get that for an answer (-BUSY), as from Redis.
 * Reads that were sent before do, too. A write that was sent before waits until the script is over. */
#ifndef PROXY_SESSION_BUSY_H
#define PROXY_SESSION_BUSY_H

#include "session.h"

/* These commands are given to the core: if one of them is a script, it is looked at from now on. */
void session_note_scripts(struct session *session, const struct command *const *rows, uint32_t count);
/* A read was sent while a script may run. */
void session_note_read(struct session *session, uint64_t token);
/* Must the request wait? Then it comes again. */
bool session_waits_for_script(struct session *session, const struct command *row);
/* Has Redis gone on, or said that it is busy? */
void sessions_look_at_scripts(struct sessions *sessions);
void sessions_free_busy(struct sessions *sessions);

#endif
