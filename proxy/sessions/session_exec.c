/* Session exec (see session_exec.h). */
#include "session_exec.h"

#include "pinned.h"
#include "session_answers.h"
#include "session_busy.h"
#include "session_reply.h"
#include "session_access.h"
#include "session_parts.h"
#include "session_watch.h"
#include "tracking_requests.h"
#include "transaction.h"

#include <string.h>

struct exec {
	struct parts parts;          /* first */
	struct transaction *transaction; /* owned */
	const struct transaction_list *list; /* its commands */
	uint64_t token;
	bool is_guarded;
};

static void exec_submit(struct exec *exec);
static void exec_go_on(struct parts *parts);
static void exec_refused(struct parts *parts, struct slice reply);

bool session_is_stored(const struct command *row)
{
	return row->class == COMMAND_PINNED ? pinned_can_be_queued(row) : row->class != COMMAND_SESSION;
}

static void part_know(struct part *part, struct slice error)
{
	part->kind = PART_KNOWN;
	part->is_done = true;
	buffer_add_byte(&part->reply, '-');
	buffer_add(&part->reply, error);
	buffer_add_text(&part->reply, "\r\n");
}

void session_exec_parts(struct session *session, struct transaction *transaction, bool is_guarded, uint64_t token, uint32_t mistake, struct slice error)
{
	struct exec *exec = memory_new(sizeof(*exec));
	exec->transaction = transaction;
	exec->list = transaction_list(transaction);
	exec->token = token;
	exec->is_guarded = is_guarded;
	exec->parts = (struct parts){ .session = session, .count = exec->list->count, .go_on = exec_go_on, .refused = exec_refused };
	exec->parts.items = memory_new(exec->parts.count * sizeof(*exec->parts.items));
	for (uint32_t i = 0; i < exec->parts.count; i++)
		exec->parts.items[i].kind = session_is_stored(exec->list->rows[i]) ? PART_STORE : PART_OWN;
	if (mistake != UINT32_MAX)
		part_know(&exec->parts.items[mistake], error);
	session->parts = &exec->parts;
	session->parts_token = token;
	client_stall(session->client);
	exec_submit(exec);
}

static void exec_free(struct exec *exec)
{
	exec->parts.session->parts = NULL;
	parts_drop(&exec->parts);
	transaction_free(exec->transaction);
	memory_free(exec);
}

void session_drop_exec(struct session *session)
{
	if (session->parts != NULL)
		exec_free((struct exec *)session->parts);
}

/* ---- what the store runs ---- */

/* SELECT, and HELLO where nothing was read before it, count for the store's commands that follow them. */
static void exec_follow(const struct exec *exec, uint32_t at, bool is_first, uint32_t *db, unsigned *protocol)
{
	const struct sessions *sessions = exec->parts.session->sessions;
	const struct command *row = exec->list->rows[at];
	const struct request *request = &exec->list->commands[at];
	int64_t number;
	if (strcmp(row->name, "select") == 0 && session_read_db(sessions, request->argv[1], &number) == NULL)
		*db = (uint32_t)number;
	else if (is_first && strcmp(row->name, "hello") == 0 && request->argc == 2 && slice_to_int64(request->argv[1], &number) && (number == 2 || number == 3))
		*protocol = (unsigned)number;
}

struct submission { struct request *commands; const struct command **rows; uint32_t *dbs, *parts; uint32_t count; unsigned protocol; bool is_in_many; };

static void exec_collect(const struct exec *exec, struct submission *submission)
{
	const struct session *session = exec->parts.session;
	uint32_t room = exec->parts.count, db = session->db;
	*submission = (struct submission){ .protocol = session->protocol };
	submission->commands = memory_new(room * sizeof(*submission->commands));
	submission->rows = memory_new(room * sizeof(*submission->rows));
	submission->dbs = memory_new(room * sizeof(*submission->dbs));
	submission->parts = memory_new(room * sizeof(*submission->parts));
	for (uint32_t i = 0; i < room; i++) {
		if (exec->parts.items[i].kind == PART_OWN)
			exec_follow(exec, i, submission->count == 0, &db, &submission->protocol);
		if (exec->parts.items[i].kind != PART_STORE)
			continue;
		uint32_t at = submission->count++;
		submission->commands[at] = exec->list->commands[i];
		submission->rows[at] = exec->list->rows[i];
		submission->dbs[at] = db;
		submission->parts[at] = i;
		submission->is_in_many |= db != submission->dbs[0];
	}
}

static void submission_free(struct submission *submission)
{
	memory_free(submission->commands);
	memory_free(submission->rows);
	memory_free(submission->dbs);
	memory_free(submission->parts);
}

bool session_submit(struct session *session, struct event *event, bool is_guarded)
{
	struct sessions *sessions = session->sessions;
	event->request.is_transaction = true;
	event->request.guard = is_guarded ? store_guard_number(session->watcher) : 0;
	event->request.client = session->name;
	sessions->mistake.token = 0;
	sessions->submitting = event->request.token;
	if (sessions->tracking != NULL)
		tracking_note(session, &(struct tracked_request){ .token = event->request.token, .commands = event->request.commands, .rows = event->request.rows,
		                                                  .count = event->request.count, .gate = session->gate, .is_elsewhere = is_guarded });
	session->gate = 0;
	session_note_scripts(session, event->request.rows, event->request.count);
	turn_request(sessions->turn, event);
	sessions->submitting = 0;
	session->gathering = turn_gathering(sessions->turn);
	return sessions->mistake.token != event->request.token;
}

static bool exec_request(struct exec *exec, const struct submission *submission)
{
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = exec->token,
			.db = submission->dbs[0],
			.dbs = submission->is_in_many ? submission->dbs : NULL,
			.protocol = submission->protocol,
			.commands = submission->commands,
			.rows = submission->rows,
			.count = submission->count,
		},
	};
	exec->parts.at = submission->parts[0];
	return session_submit(exec->parts.session, &event, exec->is_guarded);
}

/* Nothing is left for the store but to say whether what was watched has changed. */
static void exec_begin_own(struct exec *exec)
{
	if (exec->is_guarded)
		session_check_watched(exec->parts.session);
	else
		exec_go_on(&exec->parts);
}

/* The core names a command that is wrong in itself before it does anything: the others are given to it again. */
static void exec_submit(struct exec *exec)
{
	const struct mistake *mistake = &exec->parts.session->sessions->mistake;
	bool is_taken;
	do {
		struct submission submission;
		exec_collect(exec, &submission);
		bool is_empty = submission.count == 0;
		is_taken = is_empty || exec_request(exec, &submission);
		if (!is_taken)
			part_know(&exec->parts.items[submission.parts[mistake->index]], buffer_slice(&mistake->error));
		submission_free(&submission);
		if (is_empty)
			exec_begin_own(exec);
	} while (!is_taken);
}

/* ---- what the sidecar runs ---- */

static void exec_run_pinned(struct exec *exec, const struct command *row, const struct request *request)
{
	struct parts *parts = &exec->parts;
	parts->confirmations_due = pinned_confirmations(row, request);
	if (parts->session->subscription != NULL)
		session_pinned_request(parts->session, row, request);
	else
		session_pin(parts->session, row, request);
}

static void exec_run_own(struct exec *exec, uint32_t at)
{
	struct parts *parts = &exec->parts;
	struct session *session = parts->session;
	const struct command *row = exec->list->rows[at];
	const struct session_command *command = session_command_of(session, row);
	parts->items[at].is_begun = true;
	parts->is_running = true;
	session->last_row = row;
	if (command != NULL)
		command->run(session, &exec->list->commands[at]);
	else
		exec_run_pinned(exec, row, &exec->list->commands[at]);
	parts->is_running = false;
	/* CLIENT REPLY answers nothing when it silences. */
	if (strcmp(row->name, "client|reply") == 0)
		parts->items[at].is_done = true;
}

static void exec_end(struct exec *exec)
{
	struct session *session = exec->parts.session;
	struct buffer whole = { 0 };
	uint64_t token = exec->token;
	resp_add_array(&whole, exec->parts.count);
	for (uint32_t i = 0; i < exec->parts.count; i++)
		buffer_add(&whole, buffer_slice(&exec->parts.items[i].reply));
	exec_free(exec);
	sessions_answer(session->sessions, token, buffer_slice(&whole));
	session_resume(session);
	session_changed(session);
	buffer_free(&whole);
}

/* What the store said of itself is adapted, as outside of transactions. */
static void exec_adapt(struct exec *exec)
{
	struct sessions *sessions = exec->parts.session->sessions;
	for (uint32_t i = 0; i < exec->parts.count; i++) {
		struct part *part = &exec->parts.items[i];
		enum answer_kind kind = part->kind != PART_STORE ? ANSWER_PLAIN : answer_kind_of(exec->list->rows[i], &exec->list->commands[i]);
		if (answer_is_about_access(kind))
			access_ask(sessions, true);
		if (kind == ANSWER_PLAIN)
			continue;
		struct buffer adapted = { 0 };
		uint64_t wanted = server_view_wanted(exec->list->rows[i], &exec->list->commands[i]);
		buffer_add(&adapted, server_view_adapt(exec->parts.session, kind, buffer_slice(&part->reply), wanted));
		buffer_free(&part->reply);
		part->reply = adapted;
	}
}

static void exec_go_on(struct parts *parts)
{
	struct exec *exec = (struct exec *)parts;
	if (!parts->is_own) {
		parts->is_own = true;
		parts->at = 0;
		exec_adapt(exec);
	}
	for (; parts->at < parts->count; parts->at++) {
		struct part *part = &parts->items[parts->at];
		if (part->kind == PART_OWN && !part->is_begun)
			exec_run_own(exec, parts->at);
		if (!part->is_done)
			return;
	}
	exec_end(exec);
}

/* Another datacenter may have run it all: then its array is cut into the parts. */
static bool exec_take_whole(struct exec *exec, struct slice reply)
{
	struct slice cursor = reply;
	struct reply head;
	uint32_t due = 0;
	for (uint32_t i = 0; i < exec->parts.count; i++)
		due += exec->parts.items[i].kind == PART_STORE;
	if (!reply_read(&cursor, &head) || head.type != REPLY_ARRAY || head.integer != due)
		return false;
	for (; due > 0; due--) {
		struct slice rest = cursor;
		if (!reply_skip(&rest))
			return false;
		parts_take(&exec->parts, (struct slice){ cursor.ptr, cursor.len - rest.len });
		cursor = rest;
	}
	return true;
}

static void exec_refused(struct parts *parts, struct slice reply)
{
	struct exec *exec = (struct exec *)parts;
	struct session *session = parts->session;
	uint64_t token = exec->token;
	if (exec_take_whole(exec, reply))
		return;
	exec_free(exec);
	sessions_answer_whole(session->sessions, token, reply);
	session_resume(session);
}
