/* Session guarded (see session_guarded.h). */
#include "session_guarded.h"

#include "session_reply.h"
#include "session_transaction.h"
#include "session_watch.h"

static void session_queue_up(struct session *session)
{
	struct session **end = &session->sessions->guarded.first;
	while (*end != NULL)
		end = &(*end)->next_guarded;
	*end = session;
	session->next_guarded = NULL;
	session->is_queued = true;
	client_stall(session->client);
}

void session_queue_guarded(struct session *session)
{
	struct guarded *guarded = &session->sessions->guarded;
	if (guarded->running != NULL || guarded->first != NULL) {
		session_queue_up(session);
		return;
	}
	guarded->running = session;
	session_run_transaction(session, true);
}

bool session_queue_watch(struct session *session, const struct request *request)
{
	struct guarded *guarded = &session->sessions->guarded;
	if (guarded->running == NULL && guarded->first == NULL)
		return false;
	session->watch_request = request_copy(request);
	session_queue_up(session);
	return true;
}

static void session_leave_front(struct guarded *guarded)
{
	struct session *session = guarded->first;
	struct request *request = session->watch_request;
	guarded->first = session->next_guarded;
	session->is_queued = false;
	if (request == NULL) {
		guarded->running = session;
		session_run_transaction(session, true);
		return;
	}
	session->watch_request = NULL;
	session_resume(session);
	session_watch_keys(session, request);
	memory_free(request);
}

/* Where many clients watch the same key, most of those that wait could not run. They need not wait to learn that. */
static void guarded_look(struct guarded *guarded)
{
	guarded->was_touched = false;
	for (struct session *session = guarded->first; session != NULL; session = session->next_guarded) {
		if (session->watcher == NULL || session->watch_request != NULL)
			continue;
		session->is_looking = true;
		guarded->looks_due++;
		store_guard_look(session->watcher);
	}
}

static void guarded_tell_touched(struct guarded *guarded)
{
	struct session *next;
	for (struct session *session = guarded->first; session != NULL; session = next) {
		next = session->next_guarded;
		if (!session->is_touched || session->watch_request != NULL)
			continue;
		session_leave_transaction(session);
		session_resume(session);
		session_reply(session, session_no_array(session));
	}
}

void sessions_run_guarded(struct sessions *sessions)
{
	struct guarded *guarded = &sessions->guarded;
	while (guarded->running == NULL && guarded->looks_due == 0 && guarded->first != NULL) {
		guarded_tell_touched(guarded);
		if (guarded->was_touched)
			guarded_look(guarded);
		if (guarded->looks_due > 0 || guarded->first == NULL)
			return;
		session_leave_front(guarded);
	}
}
