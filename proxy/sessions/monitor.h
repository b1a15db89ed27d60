/* Monitor: MONITOR shows the commands of this homeportd's clients, as they sent them, in the order in which they were taken in. Redis's own MONITOR would show the
 * sidecar's transactions instead. */
#ifndef PROXY_MONITOR_H
#define PROXY_MONITOR_H

#include "session.h"

void monitor_begin(struct session *session);
/* RESET, or the end. */
void monitor_end(struct session *session);
/* To be called only while there are monitors. */
void monitor_show(struct session *session, const struct command *row, const struct request *request);

/* A command was taken in. */
static inline void monitor_note(struct session *session, const struct command *row, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	sessions->calls[row - command_at(0)]++;
	if (sessions->monitors != NULL)
		monitor_show(session, row, request);
}

#endif
