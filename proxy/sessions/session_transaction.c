/* Session transaction (see session_transaction.h). The bytes that a client sent are only good while it is being read from, so queued commands are
 * copied, once. */
#include "session_transaction.h"

#include "pinned.h"
#include "session_answers.h"
#include "session_reply.h"

struct span {
	size_t at, len;              /* in bytes of the transaction */
};

struct queued {
	const struct command *row;
	struct span raw;             /* empty: it was an inline command */
	uint32_t argv_at, argc;      /* in spans of the transaction */
};

struct transaction {
	struct buffer bytes;
	struct span *spans;          /* owned, as are the commands */
	uint32_t span_count, span_cap;
	struct queued *commands;
	uint32_t count, cap;
};

/* ---- queueing ---- */

void session_begin_transaction(struct session *session)
{
	session->transaction = memory_new(sizeof(*session->transaction));
	session->is_spoiled = false;
	session_changed(session);
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

/* The arguments of a command lie within its raw bytes, which are copied. Those of an inline command, which has no raw bytes, are copied one by
 * one. */
static void transaction_add(struct transaction *transaction, const struct command *row, const struct request *request)
{
	transaction->commands = array_reserve(transaction->commands, transaction->count, &transaction->cap, sizeof(*transaction->commands));
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

static bool row_can_be_queued(const struct command *row)
{
	if (row->class == COMMAND_PINNED)
		return pinned_can_be_queued(row);
	return row->class != COMMAND_UNSUPPORTED && row->class != COMMAND_SESSION;
}

void session_queue(struct session *session, const struct command *row, const struct request *request)
{
	struct transaction *transaction = session->transaction;
	if (!row_can_be_queued(row)) {
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

/* ---- execution ---- */

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

void session_run_transaction(struct session *session, bool is_guarded)
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
