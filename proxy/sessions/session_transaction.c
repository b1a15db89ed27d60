/* Session transaction (see session_transaction.h). */
#include "session_transaction.h"

#include "monitor.h"
#include "pinned.h"
#include "session_answers.h"
#include "session_exec.h"
#include "session_reply.h"
#include "session_watch.h"
#include "tracking_requests.h"
#include "transaction.h"

#include <string.h>

/* ---- queueing ---- */

void session_begin_transaction(struct session *session)
{
	session->transaction = transaction_new();
	session->is_spoiled = false;
	session_changed(session);
}

int64_t session_queued(const struct session *session)
{
	return session->transaction == NULL ? -1 : (int64_t)transaction_count(session->transaction);
}

/* Those of other sidecars stand for themselves. */
static const char *refusal_to_queue(const struct command *row)
{
	static const char *const alone[] = { "homeport|forward", "homeport|peer" };
	if (row->class == COMMAND_UNSUPPORTED)
		return row->note;
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		if (strcmp(row->name, alone[i]) == 0)
			return "it cannot be used inside MULTI";
	}
	return NULL;
}

/* Redis refuses to queue anything when it has no memory, so it is asked when that may be. */
static bool is_memory_scarce(const struct sessions *sessions)
{
	if (!turn_is_open(sessions->turn))
		return false;
	const struct store_facts *facts = store_facts(sessions->status->store);
	bool is_near = facts->maxmemory > 0 && facts->used_memory >= facts->maxmemory - facts->maxmemory / 8;
	return is_near || turn_clock_now(sessions->clock)->steady_us < sessions->doubt_until_us;
}

/* A command that needs memory and changes nothing, whatever the key holds. */
static void session_ask_for_memory(struct session *session)
{
	const struct slice probe = SLICE("*4\r\n$8\r\nSETRANGE\r\n$0\r\n\r\n$1\r\n0\r\n$0\r\n\r\n");
	uint64_t token = session_expect(session, 1, false, ANSWER_QUEUED);
	session->probes_due++;
	turn_read(session->sessions->turn, session->protocol, session->db, probe, token);
}

/* What it sent before is not on its way yet, and may change the answer. */
static bool is_too_early_to_ask(const struct session *session)
{
	return session->gathering == turn_gathering(session->sessions->turn) && answers_due(&session->client->answers) > 0;
}

void session_queue(struct session *session, const struct command *row, const struct request *request)
{
	struct transaction *transaction = session->transaction;
	const char *refusal = refusal_to_queue(row);
	if (refusal != NULL) {
		session_refuse_unsupported(session, row->name, refusal);
		return;
	}
	if (strcmp(row->name, "save") == 0) {
		session_refuse(session, COMMAND_RESULT_REFUSED, "ERR Command not allowed inside a transaction");
		return;
	}
	refusal = command_refusal(row, request);
	if (refusal != NULL) {
		session_refuse(session, COMMAND_RESULT_UNSUPPORTED, refusal);
		return;
	}
	bool is_scarce = is_memory_scarce(session->sessions);
	if (is_scarce && is_too_early_to_ask(session)) {
		session->is_awaiting = true;
		session_put_off(session);
		return;
	}
	transaction_add(transaction, row, request, !session_is_stored(row) || answer_kind_of(row, request) != ANSWER_PLAIN);
	if (transaction_bytes(transaction) > session->sessions->status->settings->limits_client_query_bytes) {
		session->sessions->status->counters.clients_closed_query++;
		client_end(session->client, CLIENT_DEAD);
		return;
	}
	if (is_scarce)
		session_ask_for_memory(session);
	else
		session_reply(session, SLICE("+QUEUED\r\n"));
}

void session_leave_transaction(struct session *session)
{
	transaction_free(session->transaction);
	session->transaction = NULL;
	session_unwatch(session);
	session_changed(session);
}

/* ---- execution ---- */

static void transaction_note_run(struct session *session, const struct transaction_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		monitor_note(session, list->rows[i], &list->commands[i]);
}

/* One command of it is wrong in itself: its error is one part of the answer, and the others run. */
static void session_answer_by_parts(struct session *session, struct transaction *transaction, bool is_guarded, uint64_t token)
{
	const struct mistake *mistake = &session->sessions->mistake;
	struct buffer error = { 0 };
	buffer_add(&error, buffer_slice(&mistake->error));
	session_expect_whole(session, token);
	session_exec_parts(session, transaction, is_guarded, token, mistake->index, buffer_slice(&error));
	buffer_free(&error);
}

static bool transaction_writes(const struct transaction_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->rows[i]->class == COMMAND_WRITE)
			return true;
	return false;
}

/* It runs on another connection than what the client sends next. */
static void session_guard_transaction(struct session *session)
{
	store_guard_speak(session->watcher, session->protocol);
	client_stall(session->client);
}

void session_run_transaction(struct session *session, bool is_guarded)
{
	struct transaction *transaction = session->transaction;
	const struct transaction_list *list = transaction_list(transaction);
	session->transaction = NULL;
	if (list->count == 0) {
		transaction_free(transaction);
		session_check_watched(session);
		return;
	}
	transaction_note_run(session, list);
	if (is_guarded)
		session_guard_transaction(session);
	session->gate = transaction_writes(list) ? tracking_gate(session) : 0;
	uint64_t token = session_expect(session, transaction_is_mixed(transaction) ? 1 : list->count, !transaction_is_mixed(transaction), is_guarded ? ANSWER_GUARDED : ANSWER_PLAIN);
	if (transaction_is_mixed(transaction)) {
		session_exec_parts(session, transaction, is_guarded, token, UINT32_MAX, SLICE(""));
		return;
	}
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = token,
			.db = session->db,
			.protocol = session->protocol,
			.commands = list->commands,
			.rows = list->rows,
			.count = list->count,
		},
	};
	if (session_submit(session, &event, is_guarded))
		transaction_free(transaction);
	else
		session_answer_by_parts(session, transaction, is_guarded, token);
	session_changed(session);
}
