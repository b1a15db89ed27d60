/* Session reply: simple answers, and errors in Redis's own words (see session_reply.h). */
#include "session_reply.h"

#include "session_parts.h"

#include <ctype.h>
#include <string.h>

#define UNKNOWN_LEN_MAX 128u          /* of a name that is quoted back */

struct buffer *session_reply_begin(struct session *session)
{
	buffer_reset(&session->sessions->reply);
	return &session->sessions->reply;
}

/* While an EXEC is put together, a reply is the next part of its answer. */
static void session_give(struct session *session, struct slice reply)
{
	if (session->parts != NULL)
		parts_take(session->parts, reply);
	else
		client_reply(session->client, reply, session->reply_mode != REPLY_MODE_ON);
}

void session_reply(struct session *session, struct slice reply)
{
	bool is_error = reply.len > 0 && reply.ptr[0] == '-';
	session->sessions->status->counters.commands[is_error ? COMMAND_RESULT_ERROR : COMMAND_RESULT_OK]++;
	session_give(session, reply);
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

struct slice slice_to_nul(struct slice text)
{
	const char *nul = text.len > 0 ? memchr(text.ptr, '\0', text.len) : NULL;
	return nul == NULL ? text : (struct slice){ text.ptr, (size_t)(nul - text.ptr) };
}

void session_reply_error_about(struct session *session, const char *before, struct slice what, const char *after)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, before);
	buffer_add(&text, slice_to_nul(what));
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
	session_give(session, buffer_slice(reply));
}

void session_refuse_unsupported(struct session *session, const char *name, const char *note)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "HOMEPORT unsupported command '");
	buffer_add_text(&text, name);
	buffer_add_text(&text, "' (docs/commands.md)");
	if (note[0] != '\0') {
		buffer_add_text(&text, ": ");
		buffer_add_text(&text, note);
	}
	buffer_add_byte(&text, '\0');
	session_refuse(session, COMMAND_RESULT_UNSUPPORTED, text.ptr);
	buffer_free(&text);
}

/* ---- requests that no row of the command table fits ---- */

/* As Redis quotes: what comes after a NUL is left out. */
static struct slice slice_first(struct slice text, size_t len)
{
	const char *nul = memchr(text.ptr, '\0', text.len);
	size_t whole = nul == NULL ? text.len : (size_t)(nul - text.ptr);
	return (struct slice){ text.ptr, whole < len ? whole : len };
}

/* Redis's wording quotes the first arguments, about 128 bytes of them. */
static void session_reply_unknown_command(struct session *session, const struct request *request)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "', with args beginning with: ");
	size_t start = text.len;
	for (uint32_t i = 1; i < request->argc && text.len - start < UNKNOWN_LEN_MAX; i++) {
		size_t room = UNKNOWN_LEN_MAX - (text.len - start);
		buffer_add_byte(&text, '\'');
		buffer_add(&text, slice_to_nul(slice_first(request->argv[i], room)));
		buffer_add_text(&text, "' ");
	}
	buffer_add_byte(&text, '\0');
	session_reply_error_about(session, "ERR unknown command '", slice_first(request->argv[0], UNKNOWN_LEN_MAX), text.ptr);
	buffer_free(&text);
}

static void session_reply_unknown_subcommand(struct session *session, const struct command *container, struct slice name)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "'. Try ");
	for (const char *c = container->name; *c != '\0'; c++)
		buffer_add_byte(&text, (char)toupper((unsigned char)*c));
	buffer_add_text(&text, " HELP.");
	buffer_add_byte(&text, '\0');
	session_reply_error_about(session, "ERR unknown subcommand '", slice_first(name, UNKNOWN_LEN_MAX), text.ptr);
	buffer_free(&text);
}

void session_reply_unknown(struct session *session, const struct request *request)
{
	const struct command *container = command_find(1, request->argv);
	session_spoil(session);
	if (container != NULL && container->is_container)
		session_reply_unknown_subcommand(session, container, request->argv[1]);
	else
		session_reply_unknown_command(session, request);
}

void session_reply_arity(struct session *session, const struct command *row)
{
	session_spoil(session);
	session_reply_error_about(session, "ERR wrong number of arguments for '", slice_of(row->name), "' command");
}
