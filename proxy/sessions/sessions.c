/* Sessions: what clients and turn tell, handed to each session (see sessions.h). */
#include "sessions.h"

#include "rights.h"
#include "monitor.h"
#include "pinned.h"
#include "session.h"
#include "session_access.h"
#include "session_afar.h"
#include "session_answers.h"
#include "session_block.h"
#include "session_busy.h"
#include "session_exec.h"
#include "session_guarded.h"
#include "session_homes.h"
#include "session_news.h"
#include "session_pause.h"
#include "session_promise.h"
#include "session_route.h"
#include "session_transaction.h"
#include "tracking.h"

/* ---- what the clients' side tells ---- */

static void session_accepted(void *context, struct client *client)
{
	struct session *session = memory_new(sizeof(*session));
	session->sessions = context;
	session->client = client;
	session->protocol = 2;
	session->user = buffer_copy(SLICE("default"));
	session->name = buffer_copy((struct slice){ "", 0 });
	session->library_name = buffer_copy((struct slice){ "", 0 });
	session->library_version = buffer_copy((struct slice){ "", 0 });
	client->session = session;
	access_enter(session, session->user);
	session_changed(session);
}

static void session_closing(void *context, struct client *client)
{
	(void)context;
	struct session *session = client->session;
	session_leave_transaction(session);
	session_leave_afar(session);
	session_drop_exec(session);
	memory_free(session->deferred_request);
	memory_free(session->watch_request);
	session_leave_block(session);
	tracking_leave(session);
	session_end_promise(session);
	session_hear_news(session, false);
	session_unpin(session);
	session_drop_login(session);
	rights_free(session->rights);
	monitor_end(session);
	credentials_set(&session->credentials, NULL, 0);
	access_leave(session);
	session_leave_forwards(session);
	memory_free((void *)session->user.ptr);
	memory_free((void *)session->name.ptr);
	memory_free((void *)session->library_name.ptr);
	memory_free((void *)session->library_version.ptr);
	memory_free(session);
}

/* ---- what the turn tells ---- */

static void session_look_again(void *context, struct client *client)
{
	(void)context;
	session_changed(client->session);
}

static void sessions_opened(void *context, uint32_t databases)
{
	struct sessions *sessions = context;
	sessions->databases = databases;
	sessions->is_probing = !sessions->is_probed;
	client_table_visit(sessions->clients, session_look_again, NULL);
	access_ask(sessions, false);
	sessions_resume_tracking(sessions);
	sessions_forget_homes(sessions);
}

/* Nobody knows what became of the commands whose answers are due. As when Redis itself goes down, the client learns that from a closed
 * connection: an error would say that nothing has happened. A subscriber has a connection to Redis of its own, which a Redis that hangs keeps open:
 * it would wait for ever. */
static void session_lost(void *context, struct client *client)
{
	const bool *is_silent = context;
	if (client->session->rights != NULL)
		rights_drop(client->session->rights);
	session_stop_checking(client->session);
	if (answers_due(&client->answers) == 0 && !(*is_silent && client->session->subscription != NULL))
		return;
	answers_free(&client->answers);
	client_end(client, CLIENT_ENDS);
}

static void sessions_lost(void *context)
{
	struct sessions *sessions = context;
	bool is_silent = store_silence_ms(sessions->status->store) > 0;
	client_table_visit(sessions->clients, session_lost, &is_silent);
	sessions_lose_blocked(sessions);
	sessions_lose_tracking(sessions);
}

/* As from a datacenter that dies, nobody learns what became of what is due. The connections of other sidecars stay: the order to heal comes on one of them. */
static void session_cut(void *context, struct client *client)
{
	const bool *is_on = context;
	session_changed(client->session);
	if (*is_on && !client->session->is_peer)
		client_end(client, CLIENT_DEAD);
}

static void sessions_isolated(void *context, bool is_on)
{
	struct sessions *sessions = context;
	client_table_visit(sessions->clients, session_cut, &is_on);
}

static void sessions_mistaken(void *context, uint64_t token, unsigned index, struct slice error)
{
	struct sessions *sessions = context;
	if (sessions->submitting != token) {
		sessions_refuse(sessions, token, error);
		return;
	}
	sessions->mistake.token = token;
	sessions->mistake.index = index;
	buffer_reset(&sessions->mistake.error);
	buffer_add(&sessions->mistake.error, error);
}

static void sessions_group_answered(void *context)
{
	struct sessions *sessions = context;
	client_table_send(sessions->clients);
}

static void sessions_gathered(void *context)
{
	struct sessions *sessions = context;
	uint64_t backlog_max = sessions->status->settings->limits_store_bytes;
	sessions->is_store_behind = turn_backlog(sessions->turn) > (sessions->is_store_behind ? backlog_max / 2 : backlog_max);
	if (sessions->scripts.is_holding)
		sessions_look_at_scripts(sessions);
	sessions_run_guarded(sessions);
	sessions_serve_blocked(sessions);
	client_table_set_store_behind(sessions->clients, sessions->is_store_behind);
	client_table_catch_up(sessions->clients);
}

static void sessions_ended(void *context)
{
	struct sessions *sessions = context;
	sessions_tell_news(sessions);
	client_table_flush(sessions->clients);
}

static void session_drain(void *context, struct client *client)
{
	(void)context;
	session_abandon_detour(client->session);
	session_abandon_block(client->session);
}

void sessions_drain(struct sessions *sessions)
{
	client_table_visit(sessions->clients, session_drain, NULL);
	client_table_drain(sessions->clients);
}

/* ---- all sessions ---- */

struct sessions *sessions_new(const struct sessions_options *options)
{
	struct sessions *sessions = memory_new(sizeof(*sessions));
	sessions->loop = options->loop;
	sessions->clock = options->clock;
	sessions->status = options->status;
	pinned_check_rows();
	sessions->commands = options->commands;
	sessions->calls = memory_new(command_count() * sizeof(*sessions->calls));
	access_start(sessions);
	return sessions;
}

void sessions_free(struct sessions *sessions)
{
	access_stop(sessions);
	sessions_free_pause(sessions);
	sessions_free_busy(sessions);
	sessions_free_blocked(sessions);
	sessions_free_tracking(sessions);
	sessions_free_news(sessions);
	buffer_free(&sessions->mistake.error);
	buffer_free(&sessions->reply);
	buffer_free(&sessions->encoded);
	buffer_free(&sessions->view_text);
	memory_free(sessions->view_argv);
	memory_free(sessions->calls);
	memory_free(sessions->commands);
	memory_free(sessions);
}

void sessions_connect(struct sessions *sessions, struct turn *turn, struct client_table *clients, const struct sessions_helpers *helpers)
{
	sessions->turn = turn;
	sessions->clients = clients;
	sessions->conflicts = helpers->conflicts;
	sessions->homes = helpers->homes;
}

struct client_callbacks sessions_client_callbacks(struct sessions *sessions)
{
	return (struct client_callbacks){
		.context = sessions,
		.accepted = session_accepted,
		.request = session_request,
		.closing = session_closing,
	};
}

struct turn_callbacks sessions_turn_callbacks(struct sessions *sessions)
{
	return (struct turn_callbacks){
		.context = sessions,
		.opened = sessions_opened,
		.lost = sessions_lost,
		.answered = sessions_answer,
		.refused = sessions_refuse,
		.mistaken = sessions_mistaken,
		.away = sessions_away,
		.held = sessions_held,
		.rehomed = sessions_rehomed,
		.isolated = sessions_isolated,
		.tracked = sessions_tracked,
		.group_answered = sessions_group_answered,
		.gathered = sessions_gathered,
		.ended = sessions_ended,
	};
}
