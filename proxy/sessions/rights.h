/* Rights: holds a client to the rules of its user, who may not do everything. Each of its requests is sent to a connection to Redis that stands as that user and
 * runs nothing (login.h). Redis answers whether the user may: what it denies, the client gets in Redis's words, and stands in Redis's ACL LOG; what it
 * allows goes the usual way. So rules count from the moment in which Redis has them, whoever changed them.
 * Requests that have come together are asked about together, and each waits for its answer in the client's own buffer.
 * Invariant: answers are taken in the order of requests, one for each. */
#ifndef PROXY_RIGHTS_H
#define PROXY_RIGHTS_H

#include "session.h"

struct rights;

enum rights_verdict {
	RIGHTS_ALLOW,
	RIGHTS_DENY,
	RIGHTS_ASK,                  /* put the request off (session_check): it comes again when the answer has come */
	RIGHTS_CANNOT_ASK,           /* the store is away */
};

/* LOGIN: one that is to be kept (login_keep), or NULL: it logs in by itself, by the session's credentials. */
struct rights *rights_new(struct session *session, struct login *login);
void rights_free(struct rights *rights);          /* NULL is fine */
/* May REQUEST, the next one of the session, be run? DENIAL, if not: Redis's answer to it; good until the next call. */
MUST_CHECK enum rights_verdict rights_ask(struct rights *rights, const struct command *row, const struct request *request, struct slice *denial);
/* Does its answer about such a command depend on rules that the sidecar itself has read? */
bool rights_depends_on_rules(const struct command *row);
/* Is nothing asked, and no answer waiting to be used? */
bool rights_is_idle(const struct rights *rights);
/* The store was lost: what is asked is asked again when there is one. */
void rights_drop(struct rights *rights);

#endif
