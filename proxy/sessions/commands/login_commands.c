/* AUTH and HELLO (see login_commands.h). The store decides who a client is; while it is asked, the client's further requests wait. */
#include "login_commands.h"

#include "proxy/sessions/rights.h"
#include "proxy/sessions/session_access.h"
#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/tracking.h"

static void session_greet(struct session *session);

static void session_on_login(void *context, enum login_result result, struct slice error)
{
	struct session *session = context;
	struct login *login = session->login;
	session->login = NULL;
	session_resume(session);
	if (result == LOGIN_REFUSED || result == LOGIN_FAILED) {
		greeting_forget(&session->greeting);
		struct buffer *reply = session_reply_begin(session);
		buffer_add_byte(reply, '-');
		buffer_add(reply, error);
		buffer_add_text(reply, "\r\n");
		session_reply_built(session);
		return;
	}
	session->is_logged_in = true;
	slice_replace(&session->user, session->greeting.user);
	rights_free(session->rights);
	session->rights = NULL;
	credentials_set(&session->credentials, session->greeting.credentials.auth, session->greeting.credentials.count);
	access_enter(session, session->user);
	session->rights = result == LOGIN_RESTRICTED ? rights_new(session, login) : NULL;
	access_learn(session, result == LOGIN_RESTRICTED);
	session_greet(session);
}

/* AUTH: the arguments of AUTH, [user] password. */
static void session_log_in(struct session *session, const struct slice *auth, unsigned count)
{
	if (!turn_is_open(session->sessions->turn)) {
		greeting_forget(&session->greeting);
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	session->greeting.user = buffer_copy(count == 2 ? auth[0] : SLICE("default"));
	credentials_set(&session->greeting.credentials, auth, count);
	struct login_request request = { auth, count, session_on_login, session };
	session->login = login_start(session->sessions->loop, session->sessions->status, &request);
	client_stall(session->client);
}

void session_auth(struct session *session, const struct request *request)
{
	if (request->argc > 3) {
		session_reply_error(session, "ERR syntax error");
		return;
	}
	session_log_in(session, request->argv + 1, request->argc - 1);
}

/* ---- HELLO ---- */

static bool session_read_protocol(struct session *session, const struct request *request)
{
	int64_t protocol = session->protocol;
	if (request->argc > 1 && !slice_to_int64(request->argv[1], &protocol)) {
		session_reply_error(session, "ERR Protocol version is not an integer or out of range");
		return false;
	}
	if (protocol < 2 || protocol > 3) {
		session_reply_error(session, "NOPROTO unsupported protocol version");
		return false;
	}
	session->greeting.protocol = (unsigned)protocol;
	return true;
}

/* Fills the greeting. AUTH is where the AUTH arguments begin, NULL without. False: an error was answered. */
static bool session_read_hello(struct session *session, const struct request *request, const struct slice **auth)
{
	*auth = NULL;
	if (!session_read_protocol(session, request))
		return false;
	session->greeting.is_hello = true;
	for (uint32_t i = 2; i < request->argc; i++) {
		uint32_t left = request->argc - i - 1;
		if (left >= 2 && word_is(request->argv[i], "AUTH")) {
			*auth = &request->argv[i + 1];
			i += 2;
		} else if (left >= 1 && word_is(request->argv[i], "SETNAME")) {
			if (!name_is_good(request->argv[++i])) {
				session_reply_error(session, SESSION_BAD_NAME);
				return false;
			}
			slice_replace(&session->greeting.name, request->argv[i]);
		} else {
			session_reply_error_about(session, "ERR Syntax error in HELLO option '", request->argv[i], "'");
			return false;
		}
	}
	return true;
}

void session_hello(struct session *session, const struct request *request)
{
	const struct slice *auth;
	if (!session_read_hello(session, request, &auth))
		greeting_forget(&session->greeting);
	else if (auth != NULL)
		session_log_in(session, auth, 2);
	else if (session_is_known(session))
		session_greet(session);
	else {
		greeting_forget(&session->greeting);
		session_refuse(session, COMMAND_RESULT_REFUSED,
		               !session->sessions->is_probed ? SESSION_LOADING :
		               "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
		               "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
	}
}

static void hello_add(struct buffer *reply, const char *name, struct slice value)
{
	resp_add_bulk(reply, slice_of(name));
	resp_add_bulk(reply, value);
}

static void session_reply_hello(struct session *session)
{
	const struct sidecar_status *status = session->sessions->status;
	struct buffer *reply = session_reply_begin(session);
	buffer_add_text(reply, session->protocol == 3 ? "%7\r\n" : "*14\r\n");
	hello_add(reply, "server", SLICE("redis"));
	hello_add(reply, "version", slice_of(store_facts(status->store)->version));
	resp_add_bulk(reply, SLICE("proto"));
	resp_add_integer(reply, session->protocol);
	resp_add_bulk(reply, SLICE("id"));
	resp_add_integer(reply, (int64_t)session->client->id);
	hello_add(reply, "mode", SLICE("standalone"));
	hello_add(reply, "role", SLICE("master"));
	resp_add_bulk(reply, SLICE("modules"));
	resp_add_array(reply, 0);
	session_reply_built(session);
}

/* The client is let in: what it asked for besides takes effect. */
static void session_greet(struct session *session)
{
	struct greeting *greeting = &session->greeting;
	if (greeting->is_hello) {
		session->protocol = greeting->protocol;
		if (greeting->name.ptr != NULL)
			slice_replace(&session->name, greeting->name);
		session_reply_hello(session);
	} else {
		session_reply_ok(session);
	}
	greeting_forget(greeting);
	session_changed(session);
	tracking_follow_protocol(session);
}
