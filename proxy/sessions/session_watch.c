/* Session watch (see session_watch.h). While its WATCH or its EXEC is under way, the client is stalled: the connections that all clients share know nothing
 * of the order on this one. */
#include "session_watch.h"

#include "session_answers.h"
#include "session_parts.h"
#include "session_reply.h"

static void session_on_guard_reply(void *context, struct slice reply)
{
	struct session *session = context;
	uint64_t token = session->watcher_token;
	session->watcher_token = 0;
	if (session->parts != NULL)
		parts_check(session->parts, reply);
	else
		sessions_answer(session->sessions, token, reply);
}

/* Who watches keys learns of it from an EXEC that does not run. */
static void session_on_guard_lost(void *context, struct slice error)
{
	struct session *session = context;
	uint64_t token = session->watcher_token;
	session->watcher = NULL;
	session->watcher_token = 0;
	session->sessions->guarded.looks_due -= session->is_looking;
	session->is_looking = false;
	session->is_touched = token == 0;
	if (token != 0)
		sessions_refuse(session->sessions, token, error.len > 0 ? error : SLICE(SESSION_LOADING));
}

static void session_on_guard_look(void *context, bool is_touched)
{
	struct session *session = context;
	session->is_looking = false;
	session->sessions->guarded.looks_due--;
	session->is_touched |= is_touched;
}

void session_watch_keys(struct session *session, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	struct store_guard_callbacks callbacks = { session, session_on_guard_look, session_on_guard_reply, session_on_guard_lost };
	if (!turn_is_open(sessions->turn)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	if (session->watcher == NULL)
		session->watcher = turn_guard_new(sessions->turn, session->protocol, &callbacks);
	session->watcher_token = session_expect(session, 1, false, ANSWER_ASKED);
	client_stall(session->client);
	store_guard_watch(session->watcher, session->db, session_encode(session, request));
}

void session_check_watched(struct session *session)
{
	session->watcher_token = session_expect(session, 1, false, ANSWER_GUARDED);
	client_stall(session->client);
	store_guard_speak(session->watcher, session->protocol);
	store_guard_check(session->watcher);
}
