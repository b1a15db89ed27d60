/* SELECT, QUIT, RESET, ACL WHOAMI: small commands about the conversation itself (see connection_commands.h). */
#include "connection_commands.h"

#include "proxy/sessions/rights.h"
#include "proxy/sessions/monitor.h"
#include "proxy/sessions/pinned.h"
#include "proxy/sessions/session_access.h"
#include "proxy/sessions/session_afar.h"
#include "proxy/sessions/session_news.h"
#include "proxy/sessions/session_promise.h"
#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/session_transaction.h"
#include "proxy/sessions/tracking.h"

void session_select(struct session *session, const struct request *request)
{
	int64_t db;
	const char *error = session_read_db(session->sessions, request->argv[1], &db);
	if (error != NULL) {
		session_reply_error(session, error);
		return;
	}
	session->db = (uint32_t)db;
	session_reply_ok(session);
}

void session_quit(struct session *session, const struct request *request)
{
	(void)request;
	session_reply_ok(session);
	client_end(session->client, CLIENT_ENDS);
}

void session_reset(struct session *session, const struct request *request)
{
	(void)request;
	session_leave_transaction(session);
	session_leave_afar(session);
	session_unpin(session);
	tracking_end(session);
	session_end_promise(session);
	session_hear_news(session, false);
	session->db = 0;
	session->protocol = 2;
	session->reply_mode = REPLY_MODE_ON;
	session->is_logged_in = false;
	slice_replace(&session->user, SLICE("default"));
	monitor_end(session);
	rights_free(session->rights);
	session->rights = NULL;
	credentials_set(&session->credentials, NULL, 0);
	access_enter(session, session->user);
	slice_replace(&session->name, (struct slice){ "", 0 });
	session_changed(session);
	session_reply(session, SLICE("+RESET\r\n"));
}

/* All clients share the sidecar's connections: asked through them, the store would name the sidecar's user. */
void session_whoami(struct session *session, const struct request *request)
{
	(void)request;
	resp_add_bulk(session_reply_begin(session), session->user);
	session_reply_built(session);
}

/* Inside MULTI Redis refuses it, as a client that may not block. */
void session_monitor(struct session *session, const struct request *request)
{
	(void)request;
	if (session->parts != NULL) {
		session_reply_error(session, "ERR MONITOR isn't allowed for DENY BLOCKING client");
		return;
	}
	monitor_begin(session);
	session_reply_ok(session);
}
