/* Session ask (see session_ask.h). */
#include "session_ask.h"

#include "session_answers.h"
#include "session_reply.h"

void session_ask(struct session *session, struct event *event)
{
	struct sessions *sessions = session->sessions;
	if (!turn_is_open(sessions->turn)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	struct buffer by = { 0 };
	session_add_by(session, &by);
	event->type = EVENT_ASKED;
	event->asked.token = session_expect(session, 1, false, ANSWER_ASKED);
	event->asked.db = session->db;
	event->asked.client = session->name;
	event->asked.by = buffer_slice(&by);
	client_stall(session->client);
	turn_ask(sessions->turn, event);
	buffer_free(&by);
	session->gathering = turn_gathering(sessions->turn);
}
