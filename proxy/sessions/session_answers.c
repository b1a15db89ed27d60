/* Session answers (see session_answers.h). */
#include "session_answers.h"

#include "monitor.h"
#include "session_access.h"
#include "session_parts.h"

#include <assert.h>
#include <string.h>

#define DOUBT_US 3000000             /* by then what is known of the store is new (store_facts) */

/* While an EXEC is put together, all that is asked for is a part of its answer. */
uint64_t session_expect(struct session *session, uint32_t parts, bool is_array, enum answer_kind kind)
{
	struct client_answer terms = {
		.asked_us = turn_clock_now(session->sessions->clock)->steady_us,
		.parts = parts,
		.is_array = is_array,
		.kind = (uint8_t)kind,
		.tag = session->wanted,
		.is_muted = session->reply_mode != REPLY_MODE_ON,
	};
	/* It may change the store's limit of memory. */
	if (answer_is_about_access(kind))
		session->sessions->doubt_until_us = terms.asked_us + DOUBT_US;
	if (session->parts != NULL)
		return session->parts_token;
	return client_token(session->client, answers_expect(&session->client->answers, &terms));
}

void session_expect_whole(struct session *session, uint64_t token)
{
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(session->sessions, token, &number, &answer);
	assert(client != NULL && answer->parts_due == answer->parts);
	answer->parts = answer->parts_due = 1;
	answer->is_array = false;
}

struct slice session_encode(struct session *session, const struct request *request)
{
	if (request->raw.len > 0)
		return request->raw;
	struct buffer *encoded = &session->sessions->encoded;
	buffer_reset(encoded);
	resp_add_command(encoded, request->argc, request->argv);
	return buffer_slice(encoded);
}

uint64_t session_expect_tagged(struct session *session, uint32_t parts, bool is_array, uint64_t tag)
{
	struct client_answer terms = {
		.asked_us = turn_clock_now(session->sessions->clock)->steady_us,
		.parts = parts,
		.is_array = is_array,
		.kind = ANSWER_PLAIN,
		.is_tagged = true,
		.tag = tag,
	};
	return client_token(session->client, answers_expect(&session->client->answers, &terms));
}

struct client *sessions_find(struct sessions *sessions, uint64_t token, uint32_t *number, struct client_answer **answer)
{
	struct client *client = client_table_find(sessions->clients, token, number);
	*answer = client == NULL ? NULL : answers_find(&client->answers, *number);
	return *answer == NULL ? NULL : client;
}

static void sessions_observe(struct sessions *sessions, const struct client_answer *answer)
{
	uint64_t now_us = turn_clock_now(sessions->clock)->steady_us;
	histogram_observe(&sessions->status->counters.command_duration, now_us - answer->asked_us, 1);
}

void session_note_return(struct session *session, struct client_answer *answer)
{
	if (!answer->is_out)
		return;
	answer->is_out = false;
	if (--session->forwards > 0)
		return;
	session->sessions->forwarding--;
	if (session->is_settling) {
		session->is_settling = false;
		session_resume(session);
	}
}

void session_end_hold(struct session *session, struct client_answer *answer)
{
	if (!answer->is_held)
		return;
	answer->is_held = session->is_held = false;
	session_resume(session);
}

static bool parts_are_due(const struct session *session, uint64_t token)
{
	return session->parts != NULL && session->parts_token == token;
}

/* Its answer is complete: the client goes on if it was stalled for it. */
static void session_answered(struct sessions *sessions, struct client *client, struct client_answer *answer, uint64_t token)
{
	sessions_observe(sessions, answer);
	session_note_return(client->session, answer);
	session_end_hold(client->session, answer);
	if (answer->kind == ANSWER_GUARDED)
		session_unwatch(client->session);
	if (client->session->tracker != NULL)
		sessions->tracked_answered(client->session, token);
	if (answer->kind == ANSWER_POP)
		sessions->pop_ended(client->session);
	if (answer->kind == ANSWER_ASKED || answer->kind == ANSWER_GUARDED)
		session_resume(client->session);
}

/* Any error but that it lacks memory says nothing of the command. */
static struct slice session_take_probe(struct session *session, struct slice reply)
{
	static const struct slice lacks_memory = { "-OOM ", 5 };
	session->probes_due--;
	if (reply.len < lacks_memory.len || memcmp(reply.ptr, lacks_memory.ptr, lacks_memory.len) != 0)
		return SLICE("+QUEUED\r\n");
	session_spoil(session);
	return reply;
}

void session_defer(struct session *session, const struct session_command *command, const struct request *request)
{
	session->deferred = command;
	session->deferred_request = request_copy(request);
	client_stall(session->client);
}

static void session_run_deferred(struct session *session)
{
	const struct session_command *command = session->deferred;
	struct request *request = session->deferred_request;
	if (answers_due(&session->client->answers) > 0)
		return;
	if (session->is_awaiting) {
		session->is_awaiting = false;
		session_resume(session);
	}
	if (command == NULL)
		return;
	session->deferred = NULL;
	session->deferred_request = NULL;
	const struct command *row = session->last_row;
	session_resume(session);
	command->run(session, request);
	if (session->deferred == NULL)
		monitor_note(session, row, request);
	memory_free(request);
}

/* *REPLY answers a try of a pop that waits. True: it goes on waiting. */
static bool session_goes_on_waiting(struct session *session, struct client_answer *answer, struct slice *reply)
{
	if (answer->kind != ANSWER_POP || !session->sessions->pop_waits_on(session, reply))
		return false;
	session_note_return(session, answer);
	session_end_hold(session, answer);
	answer->hops = 0;
	return true;
}

void sessions_answer(void *context, uint64_t token, struct slice reply)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	if (client == NULL || session_goes_on_waiting(client->session, answer, &reply))
		return;
	sessions->status->counters.commands[reply_is_error(reply) ? COMMAND_RESULT_ERROR : COMMAND_RESULT_OK]++;
	if (parts_are_due(client->session, token)) {
		session_note_return(client->session, answer);
		session_end_hold(client->session, answer);
		parts_take(client->session->parts, reply);
		return;
	}
	if (answer->parts_due == 1)
		session_answered(sessions, client, answer, token);
	answer = answers_find(&client->answers, number);        /* something may stand behind it now */
	if (answer->kind == ANSWER_QUEUED)
		reply = session_take_probe(client->session, reply);
	else if (answer->kind != ANSWER_PLAIN)
		reply = server_view_adapt(client->session, (enum answer_kind)answer->kind, reply, answer->tag);
	if (answer_is_about_access((enum answer_kind)answer->kind))
		access_ask(sessions, true);
	answers_fill(&client->answers, number, reply, &client->out);
	client_flag(client);
	session_run_deferred(client->session);
}

/* REPLY is all that the client gets for this question. */
static void sessions_settle(struct sessions *sessions, uint64_t token, struct slice reply, enum command_result result)
{
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	if (client == NULL || session_goes_on_waiting(client->session, answer, &reply))
		return;
	sessions->status->counters.commands[result]++;
	if (parts_are_due(client->session, token)) {
		session_note_return(client->session, answer);
		session_end_hold(client->session, answer);
		parts_settle(client->session->parts, reply);
		return;
	}
	session_answered(sessions, client, answer, token);
	answers_settle(&client->answers, number, reply, &client->out);
	client_flag(client);
	session_run_deferred(client->session);
}

void sessions_answer_whole(void *context, uint64_t token, struct slice reply)
{
	sessions_settle(context, token, reply, reply_is_error(reply) ? COMMAND_RESULT_ERROR : COMMAND_RESULT_OK);
}

/* EXEC has not run, as what the client watched has changed. */
static void sessions_tell_touched(struct sessions *sessions, uint64_t token)
{
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	sessions->guarded.was_touched = true;
	if (client != NULL)
		sessions_settle(sessions, token, session_no_array(client->session), COMMAND_RESULT_OK);
}

static bool is_transaction(struct sessions *sessions, uint64_t token)
{
	uint32_t number;
	struct client_answer *answer;
	struct client *client = sessions_find(sessions, token, &number, &answer);
	return client != NULL && (answer->is_array || parts_are_due(client->session, token));
}

/* Redis's errors are told as EXEC tells them there. */
static bool is_our_own(struct slice error)
{
	static const struct slice starts[] = { { "HOMEPORT ", 9 }, { "EXECABORT ", 10 } };
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (error.len >= starts[i].len && memcmp(error.ptr, starts[i].ptr, starts[i].len) == 0)
			return true;
	return false;
}

void sessions_refuse(void *context, uint64_t token, struct slice error)
{
	struct sessions *sessions = context;
	if (error.len == 0) {
		sessions_tell_touched(sessions, token);
		return;
	}
	buffer_reset(&sessions->reply);
	buffer_add_byte(&sessions->reply, '-');
	if (is_transaction(sessions, token) && !is_our_own(error))
		buffer_add(&sessions->reply, SLICE("EXECABORT Transaction discarded because of: "));
	buffer_add(&sessions->reply, error);
	buffer_add(&sessions->reply, SLICE("\r\n"));
	sessions_settle(sessions, token, buffer_slice(&sessions->reply), COMMAND_RESULT_REFUSED);
}
