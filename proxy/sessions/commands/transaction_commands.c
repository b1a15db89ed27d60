/* MULTI, EXEC, DISCARD, WATCH and UNWATCH (see transaction_commands.h). */
#include "transaction_commands.h"

#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/session_afar.h"
#include "proxy/sessions/session_answers.h"
#include "proxy/sessions/session_guarded.h"
#include "proxy/sessions/session_transaction.h"
#include "proxy/sessions/session_watch.h"

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

static void session_abort(struct session *session, const char *why)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "EXECABORT Transaction discarded because of: ");
	buffer_add_text(&text, why);
	buffer_add(&text, (struct slice){ "", 1 });
	session_reply_error(session, text.ptr);
	buffer_free(&text);
}

void session_exec(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction == NULL) {
		session_reply_error(session, "ERR EXEC without MULTI");
		return;
	}
	bool is_guarded = session->watcher != NULL, is_under_way = false;
	const char *busy = turn_busy(session->sessions->turn);
	if (busy != NULL)
		session_abort(session, busy);
	else if (session->is_spoiled)
		session_reply_error(session, "EXECABORT Transaction discarded because of previous errors.");
	else if (session->is_touched)
		session_reply(session, session_no_array(session));
	else if (session_queued(session) == 0 && !is_guarded)
		session_reply(session, SLICE("*0\r\n"));
	else if (!turn_is_open(session->sessions->turn))
		session_reply_error(session, "EXECABORT Transaction discarded because of: " SESSION_LOADING);
	else
		is_under_way = true;
	if (!is_under_way)
		session_leave_transaction(session);
	else if (is_guarded && session_queued(session) > 0)
		session_queue_guarded(session);
	else
		session_run_transaction(session, is_guarded);
}

/* ---- WATCH ---- */

void session_watch(struct session *session, const struct request *request)
{
	if (session->transaction != NULL) {
		session_reply_error(session, "ERR WATCH inside MULTI is not allowed");
		return;
	}
	if (session->watcher == NULL)
		session->watched_moves = session->sessions->moves;
	if (answers_due(&session->client->answers) > 0)
		session_defer(session, session_command_of(session, command_find(request->argc, request->argv)), request);
	else if (!session_watch_afar(session, request) && !session_queue_watch(session, request))
		session_watch_keys(session, request);
}

void session_unwatch_all(struct session *session, const struct request *request)
{
	(void)request;
	session_unwatch(session);
	session_reply_ok(session);
}
