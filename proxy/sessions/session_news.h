/* Session news: HOMEPORT TRACKING ON. Clients that keep who lives where are told of each user whose home has changed: one message of RESP3 a turn, with each user once.
 * Who is told of no names has to forget all: too many changed at once, the client has not read what it was sent, or Redis was away. */
#ifndef PROXY_SESSION_NEWS_H
#define PROXY_SESSION_NEWS_H

#include "session.h"

void session_hear_news(struct session *session, bool is_on);
/* USER lives at DC from now on. */
void sessions_note_news(struct sessions *sessions, struct slice user, unsigned dc);
/* Any home may have changed. */
void sessions_forget_homes(struct sessions *sessions);
/* The turn ends. */
void sessions_tell_news(struct sessions *sessions);
void sessions_free_news(struct sessions *sessions);

#endif
