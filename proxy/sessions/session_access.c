/* Session access (see session_access.h). */
#include "session_access.h"

#include <event2/event.h>
#include <sys/time.h>

static void client_changed(void *context, struct client *client)
{
	(void)context;
	session_changed(client->session);
}

static void sessions_on_retry(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	sessions_probe(context);
}

/* If Redis could not be asked, it is asked again after a pause. */
static void sessions_on_probed(void *context, enum login_result result, struct slice error)
{
	static const struct timeval pause = { .tv_usec = 500 * 1000 };
	(void)error;
	struct sessions *sessions = context;
	sessions->probe = NULL;
	if (result == LOGIN_FAILED) {
		event_add(sessions->probe_retry, &pause);
		return;
	}
	sessions->is_probed = true;
	sessions->is_open_to_strangers = result == LOGIN_ALLOWED;
	client_table_visit(sessions->clients, client_changed, NULL);
}

void sessions_probe(struct sessions *sessions)
{
	login_cancel(sessions->probe);
	struct login_request request = { .done = sessions_on_probed, .context = sessions };
	sessions->probe = login_start(sessions->loop, sessions->status->settings, &request);
}

void sessions_start_probing(struct sessions *sessions)
{
	sessions->probe_retry = event_new(sessions->loop, -1, 0, sessions_on_retry, sessions);
}

void sessions_stop_probing(struct sessions *sessions)
{
	login_cancel(sessions->probe);
	event_free(sessions->probe_retry);
}

void session_drop_login(struct session *session)
{
	login_cancel(session->login);
	session->login = NULL;
	greeting_forget(&session->greeting);
}
