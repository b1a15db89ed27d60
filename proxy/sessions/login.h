/* Login: asks the store who a client is, on a connection of its own: AUTH as that user, then what that user may do.
 * All clients share the sidecar's own connections, so only users who may do everything are let in: anybody else would get
 * more than the store allows him. */
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
	const struct slice *auth;    /* arguments of AUTH, [user] password; NULL: come as nobody, the default user */
	unsigned auth_count;
	/* ERROR is the line for the client, without '-'; empty when allowed. The login is freed afterwards. */
	void (*done)(void *context, enum login_result result, struct slice error);
	void *context;
};

struct login *login_start(struct event_base *loop, const struct settings *settings, const struct login_request *request);
/* Before it is done; DONE is not called. */
void login_cancel(struct login *login);

#endif
