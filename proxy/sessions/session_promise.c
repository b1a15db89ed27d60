/* Session promise (see session_promise.h). */
#include "session_promise.h"

#include "proxy/homes/forwards.h"
#include "session_answers.h"
#include "session_reply.h"
#include "session_transaction.h"

#include <string.h>

#define DC_OF_CLIENT 0               /* the token came from the client itself */

/* What is owed: all that the token tells. */
struct owed {
	struct owed *next;
	unsigned dc;
	struct slice token;          /* owned; empty: it is asked for, or is to be */
};

struct promise {
	struct session *session;
	struct owed *first;          /* owned; one of a datacenter */
	struct owed *asked;          /* what is being waited for, or whose token is */
	uint64_t number;             /* of that question; answers to others are not wanted any more */
	struct slice refusal;        /* owned; why it is not here: the next command gets it. Empty: nothing */
};

/* Outlives the promise, as what is asked is answered later. */
struct promise_ask { struct sessions *sessions; uint64_t client_token, number; };

static void promise_go_on(struct promise *promise);

/* ---- what is owed ---- */

static void owed_remove(struct promise *promise, struct owed *owed)
{
	struct owed **link = &promise->first;
	while (*link != owed)
		link = &(*link)->next;
	*link = owed->next;
	bytes_free(owed->token);
	memory_free(owed);
}

static struct owed *owed_of(struct promise *promise, unsigned dc)
{
	struct owed *owed = promise->first;
	while (owed != NULL && owed->dc != dc)
		owed = owed->next;
	if (owed != NULL)
		return owed;
	owed = memory_new(sizeof(*owed));
	*owed = (struct owed){ .next = promise->first, .dc = dc };
	promise->first = owed;
	return owed;
}

void session_end_promise(struct session *session)
{
	struct promise *promise = session->promise;
	if (promise == NULL)
		return;
	while (promise->first != NULL)
		owed_remove(promise, promise->first);
	bytes_free(promise->refusal);
	memory_free(promise);
	session->promise = NULL;
	session_changed(session);
	session_stop_checking(session);
}

void session_promise(struct session *session, struct slice token)
{
	struct promise *promise = session->promise;
	if (promise == NULL) {
		promise = session->promise = memory_new(sizeof(*promise));
		promise->session = session;
	}
	if (token.len > 0)
		slice_replace(&owed_of(promise, DC_OF_CLIENT)->token, token);
	session_changed(session);
}

/* A token from before may lack what this command has shown. */
void session_owe(struct session *session, unsigned dc)
{
	struct promise *promise = session->promise;
	struct owed *owed = owed_of(promise, dc);
	bytes_free(owed->token);
	owed->token = (struct slice){ NULL, 0 };
	if (promise->asked == owed)
		promise->asked = NULL;
	promise_go_on(promise);
}

/* ---- asking ---- */

static struct promise *ask_end(struct promise_ask *ask)
{
	uint32_t number;
	struct client *client = client_table_find(ask->sessions->clients, ask->client_token, &number);
	struct promise *promise = client == NULL ? NULL : client->session->promise;
	if (promise != NULL && (promise->asked == NULL || promise->number != ask->number))
		promise = NULL;
	memory_free(ask);
	return promise;
}

static struct promise_ask *ask_new(struct promise *promise, struct owed *owed)
{
	struct session *session = promise->session;
	struct promise_ask *ask = memory_new(sizeof(*ask));
	promise->asked = owed;
	promise->number++;
	*ask = (struct promise_ask){ session->sessions, client_token(session->client, 0), promise->number };
	return ask;
}

/* Whoever waits for it learns why. */
static void promise_fail(struct promise *promise, struct slice error)
{
	promise->asked = NULL;
	slice_replace(&promise->refusal, error);
	session_stop_checking(promise->session);
}

static void on_token(void *context, uint64_t token, struct slice reply)
{
	(void)token;
	struct promise *promise = ask_end(context);
	struct reply text;
	if (promise == NULL)
		return;
	if (!reply_read(&reply, &text) || text.type != REPLY_STRING) {
		promise_fail(promise, text.type == REPLY_ERROR ? text.text : SLICE(SESSION_LOADING));
		return;
	}
	slice_replace(&promise->asked->token, text.text);
	promise->asked = NULL;
	promise_go_on(promise);
}

static void on_no_token(void *context, uint64_t token, struct slice error)
{
	(void)token;
	struct promise *promise = ask_end(context);
	if (promise != NULL)
		promise_fail(promise, error);
}

static void promise_ask_token(struct promise *promise, struct owed *owed)
{
	struct promise_ask *ask = ask_new(promise, owed);
	struct buffer error = { 0 };
	struct homes_asker asker = { .context = ask, .answered = on_token, .refused = on_no_token };
	if (!forwards_send_token(promise->session->sessions->homes, owed->dc, &asker, &error))
		on_no_token(ask, 0, buffer_slice(&error));
	buffer_free(&error);
}

/* REPLY: +OK, or that something is missing still. */
static void on_waited(void *context, enum errand_end end, struct slice reply)
{
	struct promise *promise = ask_end(context);
	struct reply answer;
	if (promise == NULL)
		return;
	if (end == ERRAND_ANSWERED && !reply_is_error(reply)) {
		struct owed *owed = promise->asked;
		promise->asked = NULL;
		owed_remove(promise, owed);
		promise_go_on(promise);
	} else if (end == ERRAND_ANSWERED && reply_read(&reply, &answer)) {
		promise_fail(promise, answer.text);
	} else {
		promise_fail(promise, end == ERRAND_REFUSED ? reply : SLICE(SESSION_LOADING));
	}
}

static void promise_wait(struct promise *promise, struct owed *owed)
{
	struct sessions *sessions = promise->session->sessions;
	struct event event = { .type = EVENT_ASKED, .asked = { .ask = ASK_WAIT, .context = owed->token, .wait_ms = sessions->status->settings->limits_session_wait_ms } };
	turn_ask_for(sessions->turn, &event, &(struct errand){ ask_new(promise, owed), on_waited });
}

static void promise_go_on(struct promise *promise)
{
	struct owed *owed = promise->first;
	if (promise->asked != NULL)
		return;
	if (owed == NULL)
		session_stop_checking(promise->session);
	else if (owed->token.len == 0)
		promise_ask_token(promise, owed);
	else
		promise_wait(promise, owed);
}

/* ---- commands ---- */

/* What MULTI queues waits with its EXEC. */
static bool row_is_held(const struct session *session, const struct command *row)
{
	static const char *const held[] = { "exec", "watch", "homeport|get", "homeport|set", "homeport|del", "homeport|explain", "homeport|token" };
	if (session->transaction != NULL)
		return strcmp(row->name, "exec") == 0;
	if (row->class != COMMAND_SESSION)
		return true;
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (strcmp(row->name, held[i]) == 0)
			return true;
	return false;
}

static void session_tell_refusal(struct session *session)
{
	struct promise *promise = session->promise;
	struct buffer text = { 0 };
	buffer_add(&text, promise->refusal);
	buffer_add_byte(&text, '\0');
	bytes_free(promise->refusal);
	promise->refusal = (struct slice){ NULL, 0 };
	session_refuse(session, COMMAND_RESULT_REFUSED, text.ptr);
	if (session->transaction != NULL)
		session_leave_transaction(session);
	session_end_skip(session);
	buffer_free(&text);
}

/* What a forwarded command will show is not known before it is answered, so the next one waits for that. */
bool session_waits_for_promise(struct session *session, const struct command *row)
{
	struct promise *promise = session->promise;
	if (!row_is_held(session, row))
		return false;
	if (session->forwards > 0) {
		session->is_settling = true;
		session_put_off(session);
		return true;
	}
	if (promise->first == NULL)
		return false;
	if (promise->refusal.len > 0) {
		session_tell_refusal(session);
		return true;
	}
	session->is_allowed = session->is_ruled;
	session_check(session);
	promise_go_on(promise);
	return true;
}
