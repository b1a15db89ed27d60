/* HOMEPORT GET, SET, DEL and EXPLAIN: a client deals with versions itself. The core answers; until it has, the client's next requests wait,
 * so that they see what this one did (see session_commands.h). */
#include "session_commands.h"

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

void session_add_by(const struct session *session, struct buffer *by)
{
	buffer_add(by, session->user);
	buffer_add_byte(by, '@');
	buffer_add_text(by, session->client->peer);
}

/* Takes [FIELD field] at the end, from AT on. False: an error was answered. */
static bool session_read_field(struct session *session, const struct request *request, uint32_t at, struct event *event)
{
	uint32_t left = request->argc - at;
	if (left == 0)
		return true;
	if (left != 2 || !session_is(request->argv[at], "FIELD")) {
		session_reply_error_about(session, "ERR syntax error at '", request->argv[at], "': only FIELD field may stand here");
		return false;
	}
	event->asked.is_field = true;
	event->asked.element = request->argv[at + 1];
	return true;
}

/* "-" is easier to type than an empty argument. */
static struct slice context_of(struct slice argument)
{
	return slice_equal(argument, SLICE("-")) ? (struct slice){ "", 0 } : argument;
}

void session_homeport_get(struct session *session, const struct request *request)
{
	struct event event = { .asked = { .ask = ASK_GET, .key = request->argv[2] } };
	if (session_read_field(session, request, 3, &event))
		session_ask(session, &event);
}

void session_homeport_explain(struct session *session, const struct request *request)
{
	struct event event = { .asked = { .ask = ASK_EXPLAIN, .key = request->argv[2] } };
	if (session_read_field(session, request, 3, &event))
		session_ask(session, &event);
}

void session_homeport_set(struct session *session, const struct request *request)
{
	const struct slice *argv = request->argv;
	struct event event = { .asked = { .ask = ASK_SET, .key = argv[2], .value = argv[3], .context = context_of(argv[4]) } };
	if (session_read_field(session, request, 5, &event))
		session_ask(session, &event);
}

void session_homeport_del(struct session *session, const struct request *request)
{
	const struct slice *argv = request->argv;
	struct event event = { .asked = { .ask = ASK_DELETE, .key = argv[2], .context = context_of(argv[3]) } };
	if (session_read_field(session, request, 4, &event))
		session_ask(session, &event);
}
