/* Session access: which users may do everything, and whether clients are let in that do not log in. Redis decides both. It is asked by ACL GETUSER, on a connection
 * of the sidecar's own, about the user `default` and about those that clients have logged in as: after each opening of the store, after each command of a client
 * that may have changed it, and once a second, since users may be changed beside the sidecar. Until the answer to such a command has come, no client's next
 * request is run. */
#ifndef PROXY_SESSION_ACCESS_H
#define PROXY_SESSION_ACCESS_H

#include "rights.h"

void access_start(struct sessions *sessions);
void access_stop(struct sessions *sessions);
/* Asks. IN_DOUBT: no client goes on until the answer has come. */
void access_ask(struct sessions *sessions, bool in_doubt);
/* SESSION is this user from now on. */
void access_enter(struct session *session, struct slice user);
/* Redis has just said whether its user may do everything. */
void access_learn(struct session *session, bool is_restricted);
void access_leave(struct session *session);
/* May this request of a session that is gated be run? DENIAL: as that of rights_ask. */
MUST_CHECK enum rights_verdict access_verdict(struct session *session, const struct command *row, const struct request *request, struct slice *denial);
/* A login under way is given up. */
void session_drop_login(struct session *session);
#endif
