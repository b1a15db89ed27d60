/* CLIENT KILL: closing connections of this homeportd's clients (see client_kill.h). */
#include "client_kill.h"

#include "client_list.h"
#include "proxy/sessions/session_answers.h"
#include "proxy/sessions/session_reply.h"

struct killing {
	struct session *by;
	struct slice peer, local, user; /* ptr NULL: any */
	int64_t id;                  /* 0: any */
	struct client_types types;
	bool spares_self;
	int64_t killed;
};

static bool killing_matches(const struct killing *killing, const struct client *client)
{
	const struct session *session = client->session;
	if (killing->spares_self && session == killing->by)
		return false;
	if (killing->id != 0 && (uint64_t)killing->id != client->id)
		return false;
	if (killing->peer.ptr != NULL && !slice_equal(killing->peer, slice_of(client->peer)))
		return false;
	if (killing->local.ptr != NULL && !slice_equal(killing->local, slice_of(client->local)))
		return false;
	if (killing->user.ptr != NULL && !slice_equal(killing->user, session->user))
		return false;
	return client_types_have(&killing->types, client);
}

/* A client that kills itself still gets the answer. */
static void killing_visit(void *context, struct client *client)
{
	struct killing *killing = context;
	if (!killing_matches(killing, client))
		return;
	killing->killed++;
	client_end(client, client->session == killing->by ? CLIENT_ENDS : CLIENT_DEAD);
}

/* False: an error was answered. */
static bool filter_read(struct killing *killing, struct slice name, struct slice value)
{
	const char *error = NULL;
	if (word_is(name, "TYPE"))
		return client_types_read(&killing->types, killing->by, value);
	if (word_is(name, "ID"))
		error = slice_to_int64(value, &killing->id) && killing->id > 0 ? NULL : "ERR client-id should be greater than 0";
	else if (word_is(name, "ADDR"))
		killing->peer = value;
	else if (word_is(name, "LADDR"))
		killing->local = value;
	else if (word_is(name, "USER"))
		killing->user = value;
	else if (word_is(name, "SKIPME") && (word_is(value, "YES") || word_is(value, "NO")))
		killing->spares_self = word_is(value, "YES");
	else
		error = "ERR syntax error";
	if (error != NULL)
		session_reply_error(killing->by, error);
	return error == NULL;
}

/* The old form, CLIENT KILL address:port, does not spare the asker, and fails if there is no such client. */
static void session_kill_address(struct session *session, struct slice address)
{
	struct killing killing = { .by = session, .peer = address, .types = { true, true } };
	client_table_visit(session->sessions->clients, killing_visit, &killing);
	if (killing.killed > 0)
		session_reply_ok(session);
	else
		session_reply_error(session, "ERR No such client");
}

/* Redis knows whether there is such a user: it is asked to kill a connection that it does not have. */
static void session_ask_for_user(struct session *session, struct slice user)
{
	struct buffer command = { 0 };
	resp_add_command(&command, 6, (struct slice[]){ SLICE("CLIENT"), SLICE("KILL"), SLICE("USER"), user, SLICE("ID"), SLICE("9223372036854775807") });
	uint64_t token = session_expect(session, 1, false, ANSWER_PLAIN);
	turn_read(session->sessions->turn, session->protocol, session->db, buffer_slice(&command), token);
	buffer_free(&command);
}

void session_client_kill(struct session *session, const struct request *request)
{
	if (request->argc == 3) {
		session_kill_address(session, request->argv[2]);
		return;
	}
	struct killing killing = { .by = session, .types = { true, true }, .spares_self = true };
	if (request->argc % 2 != 0) {
		session_reply_error(session, "ERR syntax error");
		return;
	}
	for (uint32_t i = 2; i < request->argc; i += 2) {
		if (!filter_read(&killing, request->argv[i], request->argv[i + 1]))
			return;
	}
	client_table_visit(session->sessions->clients, killing_visit, &killing);
	if (killing.killed == 0 && killing.user.ptr != NULL && turn_is_open(session->sessions->turn)) {
		session_ask_for_user(session, killing.user);
		return;
	}
	resp_add_integer(session_reply_begin(session), killing.killed);
	session_reply_built(session);
}
