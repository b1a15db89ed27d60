/* HOMEPORT CONFLICTS, CONFLICT, RESOLVE, IGNORE, RETRY: conflict records over RESP (see conflicts_commands.h). */
#include "conflicts_commands.h"

#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/conflicts_choice.h"
#include "proxy/conflicts/conflicts_bulk.h"
#include "proxy/conflicts/conflicts_list.h"
#include "proxy/conflicts/conflicts_report.h"
#include "proxy/conflicts/conflicts_tell.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/conflicts/teller_resp.h"
#include "proxy/sessions/session_answers.h"
#include "proxy/sessions/session_ask.h"
#include "proxy/sessions/session_reply.h"

#define NO_RIGHT "NOPERM this user may not resolve conflicts: see the setting conflicts.users"

/* A client's question about records, and in which form the client wants the answer. */
struct question {
	struct sessions *sessions;
	uint64_t token;
	bool is_json;
	bool is_of_one;              /* CONFLICT id */
	struct conflicts_view view;
};

static void question_on_listed(void *context, const struct conflicts_page *page, const char *error);
static void question_on_reported(void *context, const struct conflicts_report *report, const char *error);
static void question_on_ordered(void *context, const struct conflicts_tally *tally, const char *error);

/* ---- questions ---- */

static bool session_has_right(const struct session *session)
{
	return conflicts_user_is_allowed(session->sessions->status->settings, session->user);
}

/* A client has one question answered at a time; its next requests wait in its connection. So a client that asks much gets slow answers and no
 * refusals. */
static struct question *question_new(struct session *session, bool is_json)
{
	const struct settings *settings = session->sessions->status->settings;
	struct question *question = memory_new(sizeof(*question));
	question->sessions = session->sessions;
	question->token = session_expect(session, 1, false, ANSWER_ASKED);
	client_stall(session->client);
	question->is_json = is_json;
	question->view.is_redacted = settings->conflicts_redact && !session_has_right(session);
	question->view.value_bytes_max = settings->conflicts_value_bytes;
	return question;
}

static struct teller *question_teller(const struct question *question)
{
	return question->is_json ? teller_json_new(false) : teller_resp_new();
}

/* Answers with what the teller was told; frees teller and question. */
static void question_answer(struct question *question, struct teller *teller)
{
	struct buffer reply = { 0 }, text = { 0 };
	if (question->is_json) {
		teller_json_finish(teller, &text);
		resp_add_bulk(&reply, buffer_slice(&text));
		buffer_free(&text);
	} else {
		teller_resp_finish(teller, &reply);
	}
	sessions_answer(question->sessions, question->token, buffer_slice(&reply));
	buffer_free(&reply);
	memory_free(question);
}

static void question_refuse(struct question *question, const char *error)
{
	sessions_refuse(question->sessions, question->token, slice_of(error));
	memory_free(question);
}

static void question_on_listed(void *context, const struct conflicts_page *page, const char *error)
{
	struct question *question = context;
	if (page == NULL) {
		question_refuse(question, error);
		return;
	}
	if (question->is_of_one && page->count == 0) {
		question_refuse(question, "HOMEPORT no conflict has this id: its record may have been dropped for its age, see conflicts.keep");
		return;
	}
	struct teller *teller = question_teller(question);
	if (question->is_of_one) {
		struct record_scratch scratch = { 0 };
		struct record record;
		bool is_read = record_decode(page->items[0].bytes, &scratch, &record);
		if (is_read)
			conflict_tell(&record, &question->view, (struct slice){ "", 0 }, teller, NULL);
		memory_free(scratch.sides);
	} else if (question->is_json) {
		conflicts_answer_tell(page, &question->view, teller);
	} else {
		conflicts_page_tell(page, &question->view, teller, NULL);
	}
	question_answer(question, teller);
}

static void question_on_reported(void *context, const struct conflicts_report *report, const char *error)
{
	struct question *question = context;
	if (report == NULL) {
		question_refuse(question, error);
		return;
	}
	struct teller *teller = question_teller(question);
	conflicts_report_tell(report, teller);
	question_answer(question, teller);
}

/* The answer is the number of conflicts that were ended. If none could be, the first error says more than a 0. */
static void question_on_ordered(void *context, const struct conflicts_tally *tally, const char *error)
{
	struct question *question = context;
	if (tally == NULL) {
		question_refuse(question, error);
		return;
	}
	struct buffer reply = { 0 };
	if (tally->done == 0 && tally->refused > 0) {
		sessions_refuse(question->sessions, question->token, tally->error);
	} else {
		resp_add_integer(&reply, (int64_t)tally->done);
		sessions_answer(question->sessions, question->token, buffer_slice(&reply));
	}
	buffer_free(&reply);
	memory_free(question);
}

/* ---- words ---- */

static void session_reply_wrong(struct session *session, struct buffer *error)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "ERR ");
	buffer_add(&text, buffer_slice(error));
	buffer_add_byte(&text, '\0');
	session_reply_error(session, text.ptr);
	buffer_free(&text);
	buffer_free(error);
}

/* The words of a request that say which records are meant, and in which form they are wanted. */
struct words {
	const struct slice *argv;
	uint32_t at, end;            /* pairs of words from AT up to END */
	bool takes_format;           /* FORMAT JSON may be among them */
	bool is_json;                /* it was */
};

/* Reads filters, and the format. False: an error was answered. */
static bool session_read_query(struct session *session, struct words *words, struct conflicts_query *query)
{
	struct buffer error = { 0 };
	const struct slice *argv = words->argv;
	uint32_t end = words->end;
	for (uint32_t at = words->at; at < end; at += 2) {
		bool is_format = words->takes_format && word_is(argv[at], "FORMAT");
		if (at + 1 == end) {
			buffer_add_text(&error, "a word is missing behind ");
			buffer_add(&error, argv[at]);
		} else if (is_format && word_is(argv[at + 1], "JSON")) {
			words->is_json = true;
		} else if (is_format) {
			buffer_add_text(&error, "unknown FORMAT, there is JSON");
		} else if (conflicts_query_set(query, argv[at], argv[at + 1], &error)) {
			continue;
		}
		if (error.len > 0) {
			conflicts_query_free(query);
			session_reply_wrong(session, &error);
			return false;
		}
	}
	return true;
}

static bool session_can_ask(struct session *session)
{
	if (turn_is_open(session->sessions->turn))
		return true;
	session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
	return false;
}

/* ---- reading ---- */

void session_homeport_conflicts(struct session *session, const struct request *request)
{
	struct conflicts *conflicts = session->sessions->conflicts;
	bool is_report = request->argc > 2 && word_is(request->argv[2], "REPORT");
	struct words words = { .argv = request->argv, .at = is_report ? 3 : 2, .end = request->argc, .takes_format = true };
	struct conflicts_query query = { 0 };
	if (!session_can_ask(session) || !session_read_query(session, &words, &query))
		return;
	struct question *question = question_new(session, words.is_json);
	if (is_report)
		conflicts_sum_up(conflicts, &query, &(struct conflicts_reporter){ question, question_on_reported });
	else
		conflicts_list(conflicts, &query, &(struct conflicts_lister){ question, question_on_listed });
}

void session_homeport_conflict(struct session *session, const struct request *request)
{
	struct conflicts_query query = { .count = 1 };
	struct words words = { .argv = request->argv, .at = 3, .end = request->argc, .takes_format = true };
	if (!session_can_ask(session) || !session_read_query(session, &words, &query))
		return;
	buffer_add(&query.id, request->argv[2]);
	struct question *question = question_new(session, words.is_json);
	question->is_of_one = true;
	question->view.value_bytes_max = 0;
	conflicts_list(session->sessions->conflicts, &query, &(struct conflicts_lister){ question, question_on_listed });
}

/* ---- resolving ---- */

static void session_order_one(struct session *session, struct slice id, const struct conflicts_order *order)
{
	struct event event = { .asked = { .ask = order->ask, .choice = order->choice, .value = order->value, .id = id } };
	session_ask(session, &event);
}

static void session_order_many(struct session *session, struct conflicts_query *query, struct conflicts_order *order)
{
	struct buffer by = { 0 };
	session_add_by(session, &by);
	order->by = buffer_slice(&by);
	struct question *question = question_new(session, false);
	conflicts_order(session->sessions->conflicts, query, order, &(struct conflicts_orderer){ question, question_on_ordered });
	buffer_free(&by);
}

/* Behind the subcommand stand an id, or filters in pairs; the choice begins at END. */
static void session_order(struct session *session, const struct request *request, uint32_t end, struct conflicts_order *order)
{
	struct words words = { .argv = request->argv, .at = 2, .end = end };
	struct conflicts_query query = { 0 };
	if (!session_can_ask(session))
		return;
	if (end == 3)
		session_order_one(session, request->argv[2], order);
	else if (session_read_query(session, &words, &query))
		session_order_many(session, &query, order);
}

/* Where the choice begins. It has one word or two. Filters come in pairs and an id is one word, so the number of words tells. */
static uint32_t choice_at(const struct request *request)
{
	bool is_bulk = conflicts_query_knows(request->argv[2]) && request->argc > 4;
	if (!is_bulk)
		return 3;
	return request->argc % 2 == 1 ? request->argc - 1 : request->argc - 2;
}

void session_homeport_resolve(struct session *session, const struct request *request)
{
	uint32_t at = choice_at(request);
	struct conflicts_order order = { 0 };
	struct buffer error = { 0 };
	struct slice with = at + 1 < request->argc ? request->argv[at + 1] : (struct slice){ NULL, 0 };
	if (!session_has_right(session)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, NO_RIGHT);
	} else if (at + 2 < request->argc) {
		session_reply_error_about(session, "ERR syntax error at '", request->argv[at + 2], "': nothing may stand behind the choice");
	} else if (!conflicts_choice_read(request->argv[at], with, &order, &error)) {
		session_reply_wrong(session, &error);
	} else {
		session_order(session, request, at, &order);
	}
}

void session_homeport_ignore(struct session *session, const struct request *request)
{
	struct conflicts_order order = { .ask = ASK_RESOLVE, .choice = CHOICE_WINNER, .value = { "", 0 } };
	if (session_has_right(session))
		session_order(session, request, request->argc, &order);
	else
		session_refuse(session, COMMAND_RESULT_REFUSED, NO_RIGHT);
}

void session_homeport_retry(struct session *session, const struct request *request)
{
	struct conflicts_order order = { .ask = ASK_RETRY, .value = { "", 0 } };
	if (session_has_right(session))
		session_order(session, request, request->argc, &order);
	else
		session_refuse(session, COMMAND_RESULT_REFUSED, NO_RIGHT);
}
