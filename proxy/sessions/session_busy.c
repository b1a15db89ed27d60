/* Session busy (see session_busy.h). While no script takes long this costs no request anything: what holds them makes every session a gated one. */
#include "session_busy.h"
#include "session_answers.h"

#include "connectors/net/timer.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/scripting/scripts.h"

#include <string.h>

#define FIRST_LOOK_MS 50                /* most scripts are long over then */
#define NEXT_LOOK_MS 20

static void session_regate(void *context, struct client *client)
{
	(void)context;
	struct session *session = client->session;
	session_changed(session);
	if (!session->is_behind_script || session->sessions->scripts.is_holding)
		return;
	session->is_behind_script = false;
	session_resume(session);
}

static void sessions_hold(struct sessions *sessions, bool is_on)
{
	if (sessions->scripts.is_holding == is_on)
		return;
	sessions->scripts.is_holding = is_on;
	client_table_visit(sessions->clients, session_regate, NULL);
}

/* Does it still owe the answer that it owed at the last look, and has not said why? */
static bool is_stuck(struct sessions *sessions, uint64_t *due)
{
	const struct store *store = sessions->status->store;
	uint64_t bytes, answers = store_answers(store);
	bool has_moved = answers != sessions->scripts.answers;
	store_load(store, &bytes, due);
	sessions->scripts.answers = answers;
	return *due > 0 && !has_moved && turn_busy(sessions->turn) == NULL;
}

void sessions_look_at_scripts(struct sessions *sessions)
{
	uint64_t due;
	if (!is_stuck(sessions, &due))
		sessions_hold(sessions, false);
}

/* What has been sent to run behind the script and changes nothing is given up: its answer finds nobody. */
static void session_give_up_reads(void *context, struct client *client)
{
	struct sessions *sessions = context;
	struct answers *answers = &client->answers;
	struct client_answer *answer;
	while (answers_due(answers) > 0 && (answer = answers_find(answers, answers->first)) != NULL && answer->is_behind_script)
		sessions_refuse(sessions, client_token(client, answers->first), slice_of(turn_busy(sessions->turn)));
}

static void scripts_look(void *context)
{
	struct sessions *sessions = context;
	uint64_t due;
	bool is_held = is_stuck(sessions, &due);
	sessions_hold(sessions, is_held);
	if (turn_busy(sessions->turn) != NULL)
		client_table_visit(sessions->clients, session_give_up_reads, sessions);
	if (is_held)
		turn_probe(sessions->turn);
	sessions->scripts.is_watching = due > 0;
	if (due > 0)
		timer_start(sessions->scripts.timer, is_held ? NEXT_LOOK_MS : FIRST_LOOK_MS);
}

void session_note_scripts(struct session *session, const struct command *const *rows, uint32_t count)
{
	struct sessions *sessions = session->sessions;
	struct scripts_watch *scripts = &sessions->scripts;
	for (uint32_t i = 0; i < count && !scripts->is_watching; i++) {
		if (!scripts_are_meant(rows[i]) && !libraries_are_meant(rows[i]))
			continue;
		if (scripts->timer == NULL)
			scripts->timer = timer_new(sessions->loop, scripts_look, sessions);
		scripts->is_watching = true;
		scripts->answers = store_answers(sessions->status->store);
		timer_start(scripts->timer, FIRST_LOOK_MS);
	}
}

void session_note_read(struct session *session, uint64_t token)
{
	uint32_t number;
	struct client_answer *answer;
	if (session->sessions->scripts.is_watching && sessions_find(session->sessions, token, &number, &answer) != NULL)
		answer->is_behind_script = true;
}

/* What the sidecar answers itself goes on; EXEC is the store's. */
bool session_waits_for_script(struct session *session, const struct command *row)
{
	if (!session->sessions->scripts.is_holding || (session_command_of(session, row) != NULL && strcmp(row->name, "exec") != 0))
		return false;
	session->is_behind_script = true;
	session_put_off(session);
	return true;
}

void sessions_free_busy(struct sessions *sessions)
{
	if (sessions->scripts.timer != NULL)
		timer_free(sessions->scripts.timer);
}
