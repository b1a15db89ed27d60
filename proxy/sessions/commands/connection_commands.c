/* SELECT, QUIT, RESET, ACL WHOAMI: small commands about the conversation itself (see connection_commands.h). */
#include "connection_commands.h"

#include "proxy/sessions/pinned.h"
#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/session_transaction.h"

void session_select(struct session *session, const struct request *request)
{
	const struct sessions *sessions = session->sessions;
	int64_t db;
	if (sessions->databases == 0)
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
	else if (!slice_to_int64(request->argv[1], &db))
		session_reply_error(session, "ERR value is not an integer or out of range");
	else if (db < 0 || db >= sessions->databases || (uint64_t)db == sessions->status->settings->redis_database)
		session_reply_error(session, "ERR DB index is out of range");
	else {
		session->db = (uint32_t)db;
		session_reply_ok(session);
	}
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
	session_unpin(session);
	session->db = 0;
	session->protocol = 2;
	session->reply_mode = REPLY_MODE_ON;
	session->is_logged_in = false;
	slice_replace(&session->user, SLICE("default"));
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
