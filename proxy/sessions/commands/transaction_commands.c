/* MULTI, EXEC, DISCARD, WATCH and UNWATCH (see transaction_commands.h). */
#include "transaction_commands.h"

#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/session_transaction.h"

void session_multi(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction != NULL) {
		session_reply_error(session, "ERR MULTI calls can not be nested");
		return;
	}
	session_begin_transaction(session);
	session_reply_ok(session);
}

void session_discard(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction == NULL) {
		session_reply_error(session, "ERR DISCARD without MULTI");
		return;
	}
	session_leave_transaction(session);
	session_reply_ok(session);
}

void session_exec(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction == NULL) {
		session_reply_error(session, "ERR EXEC without MULTI");
		return;
	}
	struct turn *turn = session->sessions->turn;
	bool is_guarded = session->watched.first != NULL;
	/* While remote writes go first, they may be to keys that it watches. */
	bool is_touched = session->watched.is_touched || (is_guarded && turn_is_open(turn) && turn_is_holding(turn));
	watches_drop(session->sessions->watches, &session->watched);
	if (session->is_spoiled)
		session_reply_error(session, "EXECABORT Transaction discarded because of previous errors.");
	else if (is_touched)
		session_reply(session, session->protocol == 3 ? SLICE("_\r\n") : SLICE("*-1\r\n"));
	else if (session_queued(session) == 0)
		session_reply(session, SLICE("*0\r\n"));
	else if (!turn_is_open(turn))
		session_reply_error(session, "EXECABORT Transaction discarded because of: " SESSION_LOADING);
	else
		session_run_transaction(session, is_guarded);
	session_leave_transaction(session);
}

/* ---- WATCH ---- */

void session_watch(struct session *session, const struct request *request)
{
	if (session->transaction != NULL) {
		session_reply_error(session, "ERR WATCH inside MULTI is not allowed");
		return;
	}
	for (uint32_t i = 1; i < request->argc; i++)
		watches_add(session->sessions->watches, &session->watched, session->db, request->argv[i]);
	session_changed(session);
	session_reply_ok(session);
}

void session_unwatch(struct session *session, const struct request *request)
{
	(void)request;
	watches_drop(session->sessions->watches, &session->watched);
	session_changed(session);
	session_reply_ok(session);
}
