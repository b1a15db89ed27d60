/* HOMEPORT GET, SET, DEL and EXPLAIN: a client deals with versions itself. The core answers (see versions_commands.h). */
#include "versions_commands.h"

#include "proxy/sessions/session_ask.h"
#include "proxy/sessions/session_reply.h"

/* Reads [FIELD field], which may follow from AT on. False: an error was answered. */
static bool session_read_field(struct session *session, const struct request *request, uint32_t at, struct event *event)
{
	uint32_t left = request->argc - at;
	if (left == 0)
		return true;
	if (left != 2 || !word_is(request->argv[at], "FIELD")) {
		session_reply_error_about(session, "ERR syntax error at '", request->argv[at], "': only FIELD field may stand here");
		return false;
	}
	event->asked.is_field = true;
	event->asked.element = request->argv[at + 1];
	return true;
}

/* "-" stands for the empty context, as it is easier to type than an empty argument. */
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
