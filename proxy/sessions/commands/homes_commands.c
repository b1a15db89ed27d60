/* HOMEPORT HOME, HOMES, REHOME, FORWARD, PEER (see homes_commands.h). */
#include "homes_commands.h"

#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/teller_resp.h"
#include "proxy/homes/homes_list.h"
#include "proxy/homes/homes_order.h"
#include "proxy/homes/homes_tell.h"
#include "proxy/homes/homes_words.h"
#include "proxy/sessions/session_answers.h"
#include "proxy/sessions/session_homes.h"
#include "proxy/sessions/session_news.h"
#include "proxy/sessions/session_reply.h"

/* ---- where users live ---- */

void session_homeport_home(struct session *session, const struct request *request)
{
	struct homes *homes = session->sessions->homes;
	struct teller *teller = teller_resp_new();
	bool is_told = homes_tell_user(homes, NULL, request->argv[2], teller);
	teller_resp_finish(teller, session_reply_begin(session));
	if (is_told)
		session_reply_built(session);
	else
		session_reply_error(session, homes_unknown_user(homes));
}

void session_homeport_tracking(struct session *session, const struct request *request)
{
	bool is_on = word_is(request->argv[2], "ON");
	if (!is_on && !word_is(request->argv[2], "OFF")) {
		session_reply_error(session, "ERR Homeport: say HOMEPORT TRACKING ON or OFF");
		return;
	}
	if (is_on && session->protocol != 3) {
		session_reply_error(session, "ERR Homeport: HOMEPORT TRACKING needs RESP3: say HELLO 3 before");
		return;
	}
	session_hear_news(session, is_on);
	session_reply_ok(session);
}

struct home_question {
	struct sessions *sessions;
	uint64_t token;
};

static void on_listed(void *context, const struct slice *reply, struct slice error)
{
	struct home_question *question = context;
	struct teller *teller = teller_resp_new();
	struct buffer answer = { 0 };
	bool is_told = reply != NULL && homes_list_tell(question->sessions->homes, *reply, teller);
	teller_resp_finish(teller, &answer);
	if (is_told)
		sessions_answer(question->sessions, question->token, buffer_slice(&answer));
	else
		sessions_refuse(question->sessions, question->token, error.len > 0 ? error : SLICE("ERR Redis does not answer with homes"));
	buffer_free(&answer);
	memory_free(question);
}

/* [cursor] [MATCH glob] [COUNT n] from AT on. */
static void session_list_homes(struct session *session, const struct request *request, uint32_t at)
{
	struct homes_query query = { 0 };
	const char *error = NULL;
	bool is_fine = true;
	if ((request->argc - at) % 2 == 1)
		is_fine = homes_query_set(&query, SLICE("CURSOR"), request->argv[at++], &error);
	for (; is_fine && at < request->argc; at += 2)
		is_fine = homes_query_set(&query, request->argv[at], request->argv[at + 1], &error);
	if (!is_fine) {
		session_reply_error_about(session, "ERR ", slice_of(error), "");
		return;
	}
	struct home_question *question = memory_new(sizeof(*question));
	*question = (struct home_question){ session->sessions, session_expect(session, 1, false, ANSWER_ASKED) };
	client_stall(session->client);
	homes_list(session->sessions->homes, &query, &(struct homes_lister){ question, on_listed });
}

void session_homeport_homes(struct session *session, const struct request *request)
{
	struct slice word = request->argv[2];
	if (word_is(word, "LIST")) {
		session_list_homes(session, request, 3);
	} else if (word_is(word, "COUNT") && request->argc == 3) {
		struct teller *teller = teller_resp_new();
		homes_tell_counts(session->sessions->homes, teller);
		teller_resp_finish(teller, session_reply_begin(session));
		session_reply_built(session);
	} else {
		session_reply_error_about(session, "ERR syntax error at '", word, "': write LIST [cursor] [MATCH glob] [COUNT n], or COUNT");
	}
}

/* ---- moving ---- */

/* REHOME user TO dc [HOLD ms] [FORCE [NOW]]. NULL: ORDER says it; else what is wrong. */
static const char *rehome_read(const struct request *request, struct homes_order *order)
{
	const struct slice *argv = request->argv;
	*order = (struct homes_order){ .user = argv[2], .dc = argv[4] };
	if (!word_is(argv[3], "TO"))
		return "ERR syntax error: write HOMEPORT REHOME user TO datacenter [HOLD milliseconds] [FORCE [NOW]]";
	for (uint32_t at = 5; at < request->argc; at++) {
		if (word_is(argv[at], "FORCE"))
			order->is_forced = true;
		else if (order->is_forced && word_is(argv[at], "NOW"))
			order->is_now = true;
		else if (!word_is(argv[at], "HOLD") || at + 1 == request->argc)
			return "ERR syntax error: write HOMEPORT REHOME user TO datacenter [HOLD milliseconds] [FORCE [NOW]]";
		else if (!homes_hold_read(argv[++at], &order->hold_ms))
			return "ERR HOLD is a number of milliseconds, at most 60000";
	}
	return NULL;
}

void session_homeport_rehome(struct session *session, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	struct homes_order order;
	const char *error = rehome_read(request, &order);
	if (error != NULL) {
		session_reply_error(session, error);
		return;
	}
	if (!conflicts_user_is_allowed(sessions->status->settings, session->user)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, "NOPERM this user may not move users: see the setting conflicts.users");
		return;
	}
	struct buffer by = { 0 };
	session_add_by(session, &by);
	order.by = buffer_slice(&by);
	struct homes_asker asker = {
		.context = sessions,
		.token = session_expect(session, 1, false, ANSWER_ASKED),
		.answered = sessions_answer,
		.refused = sessions_refuse,
	};
	client_stall(session->client);
	homes_order(sessions->homes, &order, &asker);
	buffer_free(&by);
}

/* ---- for other sidecars ---- */

void session_homeport_forward(struct session *session, const struct request *request)
{
	session_take_forward(session, request);
}

void session_homeport_peer(struct session *session, const struct request *request)
{
	const char *dc = session->sessions->status->dcs[0];
	struct buffer text = { 0 };
	if (slice_equal(request->argv[2], slice_of(dc))) {
		session->is_peer = true;
		session_reply_ok(session);
		return;
	}
	buffer_add_text(&text, "HOMEPORT this is datacenter ");
	buffer_add_text(&text, dc);
	buffer_add_text(&text, ", correct the address of ");
	buffer_add(&text, request->argv[2]);
	buffer_add_byte(&text, '\0');
	session_reply_error(session, text.ptr);
	buffer_free(&text);
}
