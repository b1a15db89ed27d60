/* Transactions: MULTI gathers requests, EXEC gives them to the core as one (see session_commands.h).
 * The bytes that a client sent are only good while it is being read from, so what is queued is copied, once. */
#include "session_commands.h"

#include <string.h>

struct span {
	size_t at, len;              /* in bytes of the transaction */
};

struct queued {
	const struct command *row;
	struct span raw;
	uint32_t argv_at, argc;      /* in spans of the transaction */
};

struct transaction {
	struct buffer bytes;
	struct span *spans;          /* owned, as are the commands */
	uint32_t span_count, span_cap;
	struct queued *commands;
	uint32_t count, cap;
	bool is_spoiled;
};

/* ---- MULTI ---- */

void session_multi(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction != NULL) {
		session_reply_error(session, "ERR MULTI calls can not be nested");
		return;
	}
	session->transaction = memory_new(sizeof(*session->transaction));
	session_changed(session);
	session_reply_ok(session);
}

void session_spoil(struct session *session)
{
	if (session->transaction != NULL)
		session->transaction->is_spoiled = true;
}

int64_t session_queued(const struct session *session)
{
	return session->transaction == NULL ? -1 : (int64_t)session->transaction->count;
}

static struct span transaction_copy(struct transaction *transaction, struct slice bytes)
{
	struct span span = { transaction->bytes.len, bytes.len };
	buffer_add(&transaction->bytes, bytes);
	return span;
}

static void transaction_add_span(struct transaction *transaction, struct span span)
{
	if (transaction->span_count == transaction->span_cap) {
		transaction->span_cap = transaction->span_cap == 0 ? 32 : transaction->span_cap * 2;
		transaction->spans = memory_resize(transaction->spans, transaction->span_cap * sizeof(*transaction->spans));
	}
	transaction->spans[transaction->span_count++] = span;
}

/* Arguments lie inside the raw command; those of an inline command do not, and are copied by themselves. */
static void transaction_add(struct transaction *transaction, const struct command *row, const struct request *request)
{
	if (transaction->count == transaction->cap) {
		transaction->cap = transaction->cap == 0 ? 8 : transaction->cap * 2;
		transaction->commands = memory_resize(transaction->commands, transaction->cap * sizeof(*transaction->commands));
	}
	struct queued *queued = &transaction->commands[transaction->count++];
	*queued = (struct queued){ .row = row, .argv_at = transaction->span_count, .argc = request->argc };
	queued->raw = transaction_copy(transaction, request->raw);
	for (uint32_t i = 0; i < request->argc; i++) {
		struct slice argument = request->argv[i];
		struct span span = { queued->raw.at, argument.len };
		if (request->raw.len > 0)
			span.at += (size_t)(argument.ptr - request->raw.ptr);
		else
			span = transaction_copy(transaction, argument);
		transaction_add_span(transaction, span);
	}
}

static bool row_can_be_queued(const struct session *session, const struct command *row)
{
	if (row->class == COMMAND_PINNED)
		return strcmp(row->name, "xread") == 0 || strncmp(row->name, "wait", 4) == 0;   /* inside MULTI nothing blocks */
	return row->class != COMMAND_UNSUPPORTED && session_command_of(session, row) == NULL;
}

void session_queue(struct session *session, const struct command *row, const struct request *request)
{
	struct transaction *transaction = session->transaction;
	if (!row_can_be_queued(session, row)) {
		session_refuse_unsupported(session, row->name,
		                           row->class == COMMAND_UNSUPPORTED ? row->note : "it cannot be used inside MULTI");
		return;
	}
	transaction_add(transaction, row, request);
	if (transaction->bytes.len > session->sessions->status->settings->limits_client_query_bytes) {
		session->sessions->status->counters.clients_closed_query++;
		client_end(session->client, CLIENT_DEAD);
		return;
	}
	session_reply(session, SLICE("+QUEUED\r\n"));
}

static void session_drop_transaction(struct session *session)
{
	struct transaction *transaction = session->transaction;
	if (transaction == NULL)
		return;
	session->transaction = NULL;
	buffer_free(&transaction->bytes);
	memory_free(transaction->spans);
	memory_free(transaction->commands);
	memory_free(transaction);
}

void session_leave_transaction(struct session *session)
{
	session_drop_transaction(session);
	watches_drop(session->sessions->watches, &session->watched);
	session_changed(session);
}

void session_discard(struct session *session, const struct request *request)
{
	(void)request;
	if (session->transaction == NULL) {
		session_reply_error(session, "ERR DISCARD without MULTI");
		return;
	}
	session_leave_transaction(session);
	session_reply_ok(session);
}

/* ---- EXEC ---- */

static struct slice span_slice(const struct transaction *transaction, struct span span)
{
	return (struct slice){ transaction->bytes.ptr + span.at, span.len };
}

static void transaction_touch(struct session *session, const struct request *commands, const struct command *const *rows)
{
	struct watches *watches = session->sessions->watches;
	if (!watches_are_any(watches))
		return;
	for (uint32_t i = 0; i < session->transaction->count; i++)
		watches_touch_request(watches, session->db, rows[i], &commands[i]);
}

static void transaction_run(struct session *session, bool is_guarded)
{
	const struct transaction *transaction = session->transaction;
	uint32_t count = transaction->count;
	struct slice *argv = memory_new(transaction->span_count * sizeof(*argv));
	struct request *commands = memory_new(count * sizeof(*commands));
	const struct command **rows = memory_new(count * sizeof(*rows));
	for (uint32_t i = 0; i < transaction->span_count; i++)
		argv[i] = span_slice(transaction, transaction->spans[i]);
	for (uint32_t i = 0; i < count; i++) {
		const struct queued *queued = &transaction->commands[i];
		commands[i] = (struct request){ span_slice(transaction, queued->raw), argv + queued->argv_at, queued->argc };
		rows[i] = queued->row;
	}
	transaction_touch(session, commands, rows);
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = session_expect(session, count, true, ANSWER_PLAIN),
			.db = session->db,
			.protocol = session->protocol,
			.commands = commands,
			.rows = rows,
			.count = count,
			.is_transaction = true,
			.is_guarded = is_guarded,
			.client = session->name,
		},
	};
	turn_request(session->sessions->turn, &event);
	session->gathering = turn_gathering(session->sessions->turn);
	memory_free(rows);
	memory_free(commands);
	memory_free(argv);
}

void session_exec(struct session *session, const struct request *request)
{
	(void)request;
	const struct transaction *transaction = session->transaction;
	if (transaction == NULL) {
		session_reply_error(session, "ERR EXEC without MULTI");
		return;
	}
	struct turn *turn = session->sessions->turn;
	bool is_guarded = session->watched.first != NULL;
	/* Where remote writes go first, they may be to what it watched. */
	bool is_touched = session->watched.is_touched || (is_guarded && turn_is_open(turn) && turn_is_holding(turn));
	watches_drop(session->sessions->watches, &session->watched);
	if (transaction->is_spoiled)
		session_reply_error(session, "EXECABORT Transaction discarded because of previous errors.");
	else if (is_touched)
		session_reply(session, session->protocol == 3 ? SLICE("_\r\n") : SLICE("*-1\r\n"));
	else if (transaction->count == 0)
		session_reply(session, SLICE("*0\r\n"));
	else if (!turn_is_open(turn))
		session_reply_error(session, "EXECABORT Transaction discarded because of: " SESSION_LOADING);
	else
		transaction_run(session, is_guarded);
	session_leave_transaction(session);
}

/* ---- WATCH ---- */

void session_watch(struct session *session, const struct request *request)
{
	if (session->transaction != NULL) {
		session_reply_error(session, "ERR WATCH inside MULTI is not allowed");
		return;
	}
	for (uint32_t i = 1; i < request->argc; i++)
		watches_add(session->sessions->watches, &session->watched, session->db, request->argv[i]);
	session_changed(session);
	session_reply_ok(session);
}

void session_unwatch(struct session *session, const struct request *request)
{
	(void)request;
	watches_drop(session->sessions->watches, &session->watched);
	session_changed(session);
	session_reply_ok(session);
}
