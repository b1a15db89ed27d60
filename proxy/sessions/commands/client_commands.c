/* CLIENT: what a client says about itself (see client_commands.h). */
#include "client_commands.h"

#include "proxy/sessions/pinned.h"
#include "proxy/sessions/session_block.h"
#include "proxy/sessions/session_info.h"
#include "proxy/sessions/session_pause.h"
#include "proxy/sessions/session_reply.h"

void session_client_getname(struct session *session, const struct request *request)
{
	(void)request;
	if (session->name.len > 0)
		resp_add_bulk(session_reply_begin(session), session->name);
	else
		buffer_add_text(session_reply_begin(session), session->protocol == 3 ? "_\r\n" : "$-1\r\n");
	session_reply_built(session);
}

void session_client_setname(struct session *session, const struct request *request)
{
	if (!name_is_good(request->argv[2])) {
		session_reply_error(session, SESSION_BAD_NAME);
		return;
	}
	slice_replace(&session->name, request->argv[2]);
	session_reply_ok(session);
}

void session_client_id(struct session *session, const struct request *request)
{
	(void)request;
	resp_add_integer(session_reply_begin(session), (int64_t)session->client->id);
	session_reply_built(session);
}

/* SETINFO and NO-TOUCH came with Redis 7.2. */
static bool session_server_lacks(struct session *session, const struct request *request)
{
	if (sessions_server_is(session->sessions, 7, 2))
		return false;
	session_client_unknown(session, request);
	return true;
}

void session_client_setinfo(struct session *session, const struct request *request)
{
	if (session_server_lacks(session, request))
		return;
	bool is_name = word_is(request->argv[2], "LIB-NAME");
	if (!is_name && !word_is(request->argv[2], "LIB-VER"))
		session_reply_error(session, "ERR Unrecognized option for CLIENT SETINFO");
	else if (!name_is_good(request->argv[3]))
		session_reply_error(session, is_name ? "ERR lib-name cannot contain spaces, newlines or special characters."
		                                     : "ERR lib-ver cannot contain spaces, newlines or special characters.");
	else {
		slice_replace(is_name ? &session->library_name : &session->library_version, request->argv[3]);
		session_reply_ok(session);
	}
}

/* SKIP is not answered, nor is the command that follows it. While nothing is answered (OFF), SKIP changes nothing. */
void session_client_reply(struct session *session, const struct request *request)
{
	struct slice mode = request->argv[2];
	if (word_is(mode, "ON")) {
		session->reply_mode = REPLY_MODE_ON;
		session_reply_ok(session);
	} else if (word_is(mode, "OFF")) {
		session->reply_mode = REPLY_MODE_OFF;
	} else if (word_is(mode, "SKIP")) {
		if (session->reply_mode == REPLY_MODE_ON)
			session->reply_mode = REPLY_MODE_SKIP;
	} else {
		session_reply_error(session, "ERR syntax error");
	}
	session_changed(session);
}

/* NO-EVICT and NO-TOUCH are accepted without effect: Redis knows the sidecar's shared connections only, not single clients. */
void session_client_flag(struct session *session, const struct request *request)
{
	if (word_is(request->argv[1], "NO-TOUCH") && session_server_lacks(session, request))
		return;
	if (word_is(request->argv[2], "ON") || word_is(request->argv[2], "OFF"))
		session_reply_ok(session);
	else
		session_reply_error(session, "ERR syntax error");
}

/* Redis's own words for a number of arguments that only the subcommand itself knows to be wrong. */
static void session_client_arguments(struct session *session, const struct request *request)
{
	session_reply_error_about(session, "ERR unknown subcommand or wrong number of arguments for '", request->argv[1], "'. Try CLIENT HELP.");
}

struct unblocking { uint64_t id; bool is_error, is_done; };

static void unblocking_visit(void *context, struct client *client)
{
	struct unblocking *unblocking = context;
	if (client->id == unblocking->id)
		unblocking->is_done = session_unblock(client->session, unblocking->is_error) || session_end_wait(client->session, unblocking->is_error);
}

void session_client_unblock(struct session *session, const struct request *request)
{
	int64_t id;
	struct unblocking unblocking = { .is_error = request->argc == 4 && word_is(request->argv[3], "ERROR") };
	if (request->argc > 4) {
		session_client_arguments(session, request);
	} else if (request->argc == 4 && !unblocking.is_error && !word_is(request->argv[3], "TIMEOUT")) {
		session_reply_error(session, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
	} else if (!slice_to_int64(request->argv[2], &id)) {
		session_reply_error(session, "ERR value is not an integer or out of range");
	} else {
		unblocking.id = (uint64_t)id;
		client_table_visit(session->sessions->clients, unblocking_visit, &unblocking);
		session_reply(session, unblocking.is_done ? SLICE(":1\r\n") : SLICE(":0\r\n"));
	}
}

void session_client_pause(struct session *session, const struct request *request)
{
	int64_t ms;
	bool is_write = request->argc == 4 && word_is(request->argv[3], "WRITE");
	if (request->argc > 4)
		session_client_arguments(session, request);
	else if (request->argc == 4 && !is_write && !word_is(request->argv[3], "ALL"))
		session_reply_error(session, "ERR CLIENT PAUSE mode must be WRITE or ALL");
	else if (!slice_to_int64(request->argv[2], &ms) || ms > INT64_MAX / 2)
		session_reply_error(session, "ERR timeout is not an integer or out of range");
	else if (ms < 0)
		session_reply_error(session, "ERR timeout is negative");
	else {
		sessions_pause(session->sessions, is_write ? PAUSE_WRITE : PAUSE_ALL, (uint64_t)ms);
		session_reply_ok(session);
	}
}

void session_client_unpause(struct session *session, const struct request *request)
{
	(void)request;
	sessions_unpause(session->sessions);
	session_reply_ok(session);
}

/* Subcommands of newer servers that promise what the sidecar does not do. On this answer clients go on without them. */
void session_client_unknown(struct session *session, const struct request *request)
{
	session_reply_error_about(session, "ERR unknown subcommand '", request->argv[1], "'. Try CLIENT HELP.");
}
