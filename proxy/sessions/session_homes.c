/* Session homes (see session_homes.h). */
#include "session_homes.h"

#include "proxy/homes/forward_form.h"
#include "proxy/homes/forwards.h"
#include "proxy/homes/homes_isolation.h"
#include "proxy/homes/homes_order.h"
#include "proxy/homes/homes_tell.h"
#include "proxy/homes/homes_words.h"
#include "proxy/conflicts/conflicts_access.h"
#include "session_answers.h"
#include "session_news.h"
#include "session_promise.h"
#include "tracking_requests.h"

#include <assert.h>

/* ---- commands of clients ---- */

/* The user has come home while the command was under way to where it had lived: the core has it next. */
static void sessions_here(void *context, uint64_t token, unsigned hops)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	if (client == NULL)
		return;
	answer->hops = (uint8_t)hops;
	session_note_return(client->session, answer);
}

static void sessions_answered_by(void *context, uint64_t token, unsigned dc)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client *client = client_table_find(sessions->clients, token, &number);
	if (client != NULL && client->session->promise != NULL)
		session_owe(client->session, dc);
}

static bool session_forward(struct session *session, struct client_answer *answer, const struct effect *away, struct buffer *error)
{
	struct sessions *sessions = session->sessions;
	struct homes_asker asker = {
		.context = sessions,
		.token = away->away.token,
		.here = sessions_here,
		.answered = sessions_answer_whole,
		.refused = sessions_refuse,
		.from = session->promise != NULL ? sessions_answered_by : NULL,
	};
	if (!forwards_send(sessions->homes, away, answer->hops, &asker, error))
		return false;
	assert(!answer->is_out);
	answer->is_out = true;
	if (session->forwards++ == 0)
		sessions->forwarding++;
	return true;
}

/* It watched here, and is to write elsewhere. If a home has moved since, that counts as a touch: its next WATCH goes there as well. */
static bool is_touched_by_move(const struct session *session, const struct effect *away)
{
	struct home home;
	if (!away->away.is_guarded || away->away.policy != HOME_FORWARD)
		return false;
	/* That he was given away is told when the new home has confirmed it. */
	return session->watched_moves != session->sessions->moves || (core_home_of_user(session->sessions->status->core, away->away.user, &home) && home.is_moving);
}

void sessions_away(void *context, const struct effect *away)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, away->away.token, &number, &answer);
	struct buffer error = { 0 };
	if (client == NULL)
		return;
	session_end_hold(client->session, answer);
	if (client->session->tracker != NULL)
		tracking_note_elsewhere(client->session, &(struct tracked_request){ .token = away->away.token, .commands = away->away.commands, .rows = away->away.rows, .count = away->away.count, .is_elsewhere = true });
	if (is_touched_by_move(client->session, away)) {
		sessions_refuse(sessions, away->away.token, (struct slice){ 0 });
		return;
	}
	if (away->away.is_in_many && !answer->is_tagged)
		buffer_add_text(&error, "HOMEPORT unsupported: a transaction in several databases (SELECT) does not go to another datacenter");
	else if (answer->is_tagged)
		forwards_add_moved(&error, sessions->status, away->away.dc, away->away.epoch);
	else if (away->away.policy == HOME_REDIRECT)
		homes_add_redirect(&error, sessions->status, away->away.dc);
	else if (away->away.policy == HOME_FORWARD && !away->away.is_guarded)
		(void)session_forward(client->session, answer, away, &error);
	else
		homes_add_refusal(&error, sessions->status, away);
	if (error.len > 0)
		sessions_refuse(sessions, away->away.token, buffer_slice(&error));
	buffer_free(&error);
}

/* What another sidecar sends is of many clients, who do not wait for each other. */
void sessions_held(void *context, uint64_t token)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	if (client == NULL || answer->is_tagged || answer->hops > 0)
		return;
	answer->is_held = client->session->is_held = true;
	client_stall(client);
}

static void session_settle(void *context, struct client *client)
{
	(void)context;
	if (client->session->forwards == 0)
		return;
	client->session->is_settling = true;
	client_stall(client);
}

void sessions_rehomed(void *context, const struct effect *home)
{
	struct sessions *sessions = context;
	sessions->moves++;
	homes_note(sessions->homes, home);
	sessions_note_news(sessions, home->home.user, home->home.dc);
	if (sessions->forwarding > 0)
		client_table_visit(sessions->clients, session_settle, NULL);
}

void session_leave_forwards(struct session *session)
{
	if (session->forwards > 0)
		session->sessions->forwarding--;
	session->forwards = 0;
}

/* ---- commands of other sidecars ---- */

static void session_take_order(struct session *session, const struct forwarded *forwarded)
{
	struct sessions *sessions = session->sessions;
	uint64_t token = session_expect_tagged(session, 1, false, forwarded->head.tag);
	struct homes_order order = { .user = forwarded->order[0], .dc = forwarded->order[1], .is_passed_on = true,
	                             .is_forced = forwarded->order[3].len > 0, .is_now = slice_equal(forwarded->order[3], SLICE("NOW")) };
	struct homes_asker asker = { .context = sessions, .token = token, .answered = sessions_answer, .refused = sessions_refuse };
	struct buffer by = { 0 };
	session_add_by(session, &by);
	order.by = buffer_slice(&by);
	if (!conflicts_user_is_allowed(sessions->status->settings, session->user))
		sessions_refuse(sessions, token, SLICE("NOPERM the user that the other datacenter logs in as may not move users: see the setting conflicts.users"));
	else if (!homes_hold_read(forwarded->order[2], &order.hold_ms))
		sessions_refuse(sessions, token, SLICE("ERR HOLD is a number of milliseconds, at most 60000"));
	else
		homes_order(sessions->homes, &order, &asker);
	buffer_free(&by);
}

static void session_take_isolation(struct session *session, const struct forwarded *forwarded)
{
	struct sessions *sessions = session->sessions;
	uint64_t token = session_expect_tagged(session, 1, false, forwarded->head.tag);
	struct isolation_order order;
	struct buffer by = { 0 };
	session_add_by(session, &by);
	const char *error = NULL;
	if (!conflicts_user_is_allowed(sessions->status->settings, session->user))
		error = "NOPERM the user that the other datacenter logs in as may not cut this one off: see the setting conflicts.users";
	else if (!homes_isolation_read(forwarded->order, &order))
		error = "ERR this is no order to cut a datacenter off";
	order.by = buffer_slice(&by);
	if (error == NULL)
		error = turn_isolate(sessions->turn, &order);
	if (error != NULL)
		sessions_refuse(sessions, token, slice_of(error));
	else
		sessions_answer(sessions, token, SLICE("+OK\r\n"));
	buffer_free(&by);
}

static void session_take_commands(struct session *session, const struct forwarded *forwarded)
{
	struct sessions *sessions = session->sessions;
	bool is_transaction = forwarded->head.mode == FORWARD_MULTI;
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = session_expect_tagged(session, forwarded->count, is_transaction, forwarded->head.tag),
			.db = forwarded->head.db,
			.protocol = session->protocol,
			.commands = forwarded->commands,
			.rows = forwarded->rows,
			.count = forwarded->count,
			.is_transaction = is_transaction,
			.client = forwarded->head.client,
			.is_forwarded = true,
			.forwarded_epoch = forwarded->head.epoch,
		},
	};
	if (forwarded->head.db >= sessions->databases || forwarded->head.db == sessions->status->settings->redis_database) {
		sessions_refuse(sessions, event.request.token, SLICE("ERR DB index is out of range"));
		return;
	}
	turn_request(sessions->turn, &event);
}

void session_take_forward(struct session *session, const struct request *request)
{
	struct forwarded forwarded;
	const char *error = NULL;
	bool is_read = forward_read(request, &forwarded, &error), is_ping = is_read && forwarded.head.mode == FORWARD_PING;
	if (is_read && !is_ping && forwarded.head.mode != FORWARD_ISOLATE && turn_is_isolated(session->sessions->turn)) {
		is_read = false;
		error = "HOMEPORT UNREACHABLE the home of this user is cut off for a drill; the command was not executed";
	}
	if (is_read && !is_ping && !turn_is_open(session->sessions->turn)) {
		is_read = false;
		error = SESSION_LOADING;
	}
	if (!is_read)
		sessions_refuse(session->sessions, session_expect_tagged(session, 1, false, forwarded.head.tag), slice_of(error));
	else if (is_ping)
		sessions_answer(session->sessions, session_expect_tagged(session, 1, false, forwarded.head.tag), SLICE("+PONG\r\n"));
	else if (forwarded.head.mode == FORWARD_TOKEN)
		turn_ask(session->sessions->turn, &(struct event){ .type = EVENT_ASKED, .asked = { .ask = ASK_TOKEN, .token = session_expect_tagged(session, 1, false, forwarded.head.tag) } });
	else if (forwarded.head.mode == FORWARD_ISOLATE)
		session_take_isolation(session, &forwarded);
	else if (forwarded.order != NULL)
		session_take_order(session, &forwarded);
	else
		session_take_commands(session, &forwarded);
	forwarded_free(&forwarded);
}
