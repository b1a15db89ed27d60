/* Login: asks the store who a client is, on a connection of its own: AUTH as that user. If that user may do everything, the connection has done its work.
 * If not, it is kept, and stands in a state in which Redis refuses every command, but looks at the user's rights first: so it tells of each whether that user
 * may run it, in Redis's own words, which also puts denials in Redis's ACL LOG (rights.h).
 * That state is that of a RESP2 client that is subscribed to a channel. The sidecar subscribes as its own user before AUTH; RESP3 lets it send AUTH
 * after that, and HELLO 2 ends RESP3. */
#ifndef PROXY_LOGIN_H
#define PROXY_LOGIN_H

#include "proxy/ops/status.h"

struct event_base;
struct login;

#define LOGIN_CHANNEL "homeport:guard"   /* what such connections are subscribed to; nobody publishes there */

enum login_result {
	LOGIN_ALLOWED,
	LOGIN_RESTRICTED,    /* likewise, but not to do everything */
	LOGIN_REFUSED,       /* by the store */
	LOGIN_FAILED,        /* the store could not be asked */
};

struct login_request {
	const struct slice *auth;    /* the arguments of AUTH, [user] password */
	unsigned auth_count;
	/* ERROR is the line for the client, without '-'; empty if the login is allowed. The login frees itself afterwards, unless it is RESTRICTED. */
	void (*done)(void *context, enum login_result result, struct slice error);
	void *context;
};

/* Of a login that is kept: replies to what login_ask sends, in that order. Each may cancel the login. */
struct login_keeper {
	void *context;
	void (*told)(void *context, struct slice reply);
	void (*lost)(void *context);         /* cancel it */
};

struct login *login_start(struct event_base *loop, const struct sidecar_status *status, const struct login_request *request);
/* To be called while DONE tells LOGIN_RESTRICTED. */
void login_keep(struct login *login, const struct login_keeper *keeper);
/* May its user read every key by whatever it may run, as last heard? */
bool login_reads_all_keys(const struct login *login);
void login_ask(struct login *login, struct slice commands);
/* Gives up a login: neither DONE nor its keeper is called any more. NULL is fine. */
void login_cancel(struct login *login);

#endif
