/* A session's answers: those it words itself, and those of the store, which it hands on (see session_parts.h). */
#include "session_commands.h"

struct buffer *session_reply_begin(struct session *session)
{
	buffer_reset(&session->sessions->reply);
	return &session->sessions->reply;
}

void session_reply(struct session *session, struct slice reply)
{
	bool is_error = reply.len > 0 && reply.ptr[0] == '-';
	session->sessions->status->counters.commands[is_error ? COMMAND_RESULT_ERROR : COMMAND_RESULT_OK]++;
	client_reply(session->client, reply, session->reply_mode != REPLY_MODE_ON);
}

void session_reply_built(struct session *session)
{
	session_reply(session, buffer_slice(&session->sessions->reply));
}

void session_reply_lines(struct session *session, const char *const *lines, size_t count)
{
	struct buffer *reply = session_reply_begin(session);
	resp_add_array(reply, count);
	for (size_t i = 0; i < count; i++)
		resp_add_status(reply, lines[i]);
	session_reply_built(session);
}

void session_reply_ok(struct session *session)
{
	session_reply(session, SLICE("+OK\r\n"));
}

void session_reply_error(struct session *session, const char *text)
{
	resp_add_error(session_reply_begin(session), text);
	session_reply_built(session);
}

void session_reply_error_about(struct session *session, const char *before, struct slice what, const char *after)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, before);
	buffer_add(&text, what);
	buffer_add_text(&text, after);
	buffer_add_byte(&text, '\0');
	session_reply_error(session, text.ptr);
	buffer_free(&text);
}

void session_refuse(struct session *session, enum command_result result, const char *text)
{
	session->sessions->status->counters.commands[result]++;
	session_spoil(session);
	struct buffer *reply = session_reply_begin(session);
	resp_add_error(reply, text);
	client_reply(session->client, buffer_slice(reply), session->reply_mode != REPLY_MODE_ON);
}

uint64_t session_expect(struct session *session, uint32_t parts, bool is_array, enum answer_kind kind)
{
	struct client_answer terms = {
		.asked_us = turn_clock_now(session->sessions->clock)->steady_us,
		.parts = parts,
		.is_array = is_array,
		.kind = (uint8_t)kind,
		.is_muted = session->reply_mode != REPLY_MODE_ON,
	};
	return client_token(session->client, answers_expect(&session->client->answers, &terms));
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

/* The question that TOKEN names, when somebody still waits for its answer. */
static struct client *answer_find(struct sessions *sessions, uint64_t token, uint32_t *number, struct client_answer **answer)
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

void sessions_answer(void *context, uint64_t token, struct slice reply)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = answer_find(sessions, token, &number, &answer);
	if (client == NULL)
		return;
	sessions->status->counters.commands[reply_is_error(reply) ? COMMAND_RESULT_ERROR : COMMAND_RESULT_OK]++;
	if (answer->parts_due == 1)
		sessions_observe(sessions, answer);
	if (answer->kind == ANSWER_INFO || answer->kind == ANSWER_INFO_OURS)
		reply = session_adapt_info(sessions, reply, answer->kind == ANSWER_INFO_OURS);
	else if (answer->kind == ANSWER_ACCESS)
		sessions_probe(sessions);
	else if (answer->kind == ANSWER_ASKED)
		client_resume(client);
	answers_fill(&client->answers, number, reply, &client->out);
	client_flag(client);
}

void sessions_refuse(void *context, uint64_t token, struct slice error)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = answer_find(sessions, token, &number, &answer);
	if (client == NULL)
		return;
	sessions->status->counters.commands[COMMAND_RESULT_REFUSED]++;
	sessions_observe(sessions, answer);
	if (answer->kind == ANSWER_ASKED)
		client_resume(client);
	buffer_reset(&sessions->reply);
	buffer_add_byte(&sessions->reply, '-');
	buffer_add(&sessions->reply, error);
	buffer_add(&sessions->reply, SLICE("\r\n"));
	answers_settle(&client->answers, number, buffer_slice(&sessions->reply), &client->out);
	client_flag(client);
}
