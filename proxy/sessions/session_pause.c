/* Session pause (see session_pause.h). While nothing is paused this costs no request anything: a pause makes every session a gated one. */
#include "session_pause.h"

#include "connectors/net/timer.h"
#include "transaction.h"

#include <string.h>

static void session_regate(void *context, struct client *client)
{
	(void)context;
	struct session *session = client->session;
	session_changed(session);
	if (!session->is_paused || session->sessions->pause.mode != PAUSE_NONE)
		return;
	session->is_paused = false;
	session_resume(session);
}

void sessions_unpause(struct sessions *sessions)
{
	if (sessions->pause.mode == PAUSE_NONE)
		return;
	timer_stop(sessions->pause.timer);
	sessions->pause.mode = PAUSE_NONE;
	sessions->pause.until_ms = 0;
	client_table_visit(sessions->clients, session_regate, NULL);
}

static void sessions_on_pause_over(void *context)
{
	sessions_unpause(context);
}

void sessions_pause(struct sessions *sessions, enum pause_mode mode, uint64_t ms)
{
	struct pause *pause = &sessions->pause;
	uint64_t now_ms = turn_clock_now(sessions->clock)->steady_us / 1000;
	if (pause->timer == NULL)
		pause->timer = timer_new(sessions->loop, sessions_on_pause_over, sessions);
	pause->mode = mode > pause->mode ? mode : pause->mode;
	pause->until_ms = now_ms + ms > pause->until_ms ? now_ms + ms : pause->until_ms;
	uint64_t left_ms = pause->until_ms - now_ms;
	timer_start(pause->timer, (uint32_t)(left_ms < UINT32_MAX ? left_ms : UINT32_MAX));
	client_table_visit(sessions->clients, session_regate, NULL);
}

/* A script whose first line says that it writes nothing. */
static bool is_reading_script(const struct command *row, const struct request *request)
{
	if (strcmp(row->name, "eval") != 0 || request->argc < 2)
		return false;
	struct slice body = request->argv[1];
	const char *end = body.len > 2 && memcmp(body.ptr, "#!", 2) == 0 ? memchr(body.ptr, '\n', body.len) : NULL;
	return end != NULL && memmem(body.ptr, (size_t)(end - body.ptr), "no-writes", strlen("no-writes")) != NULL;
}

/* Redis's flags WRITE and MAY_REPLICATE. */
static bool may_write(const struct command *row, const struct request *request)
{
	if (is_reading_script(row, request))
		return false;
	static const char *const more[] = { "eval", "evalsha", "fcall", "pfcount", "publish", "spublish" };
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (strcmp(row->name, more[i]) == 0)
			return true;
	}
	return row->class == COMMAND_WRITE;
}

static bool session_may_write(const struct session *session, const struct command *row, const struct request *request)
{
	if (session->transaction == NULL || strcmp(row->name, "exec") != 0)
		return may_write(row, request);
	const struct transaction_list *list = transaction_list(session->transaction);
	for (uint32_t i = 0; i < list->count; i++) {
		if (may_write(list->rows[i], &list->commands[i]))
			return true;
	}
	return false;
}

bool session_waits_for_pause(struct session *session, const struct command *row, const struct request *request)
{
	enum pause_mode mode = session->sessions->pause.mode;
	if (mode == PAUSE_NONE || strcmp(row->name, "quit") == 0 || (mode == PAUSE_WRITE && !session_may_write(session, row, request)))
		return false;
	session->is_paused = true;
	session_put_off(session);
	return true;
}

void sessions_free_pause(struct sessions *sessions)
{
	if (sessions->pause.timer != NULL)
		timer_free(sessions->pause.timer);
}
