/* Login: asks the store who a client is, on a connection of its own: AUTH as that user, then ACL GETUSER for what that user may do.
 * All clients share the sidecar's own connections, so only users who may do everything are let in: any other user would get more than the
 * store allows. */
#ifndef PROXY_LOGIN_H
#define PROXY_LOGIN_H

#include "config/settings.h"

struct event_base;
struct login;

enum login_result {
	LOGIN_ALLOWED,
	LOGIN_REFUSED,       /* by the store, or here because the user is restricted */
	LOGIN_FAILED,        /* the store could not be asked */
};

struct login_request {
	const struct slice *auth;    /* the arguments of AUTH, [user] password; NULL: no AUTH, the default user */
	unsigned auth_count;
	/* ERROR is the line for the client, without '-'; empty if the login is allowed. The login frees itself afterwards. */
	void (*done)(void *context, enum login_result result, struct slice error);
	void *context;
};

struct login *login_start(struct event_base *loop, const struct settings *settings, const struct login_request *request);
/* Gives up a login that is not done: DONE is not called. NULL is fine. */
void login_cancel(struct login *login);

#endif
