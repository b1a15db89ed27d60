/* Session: where a request goes (see session.h).
 * The usual way is short: a session without special state, a command known since the last request, straight to the store or to
 * the core. Everything else turns off before. */
#include "session_commands.h"

#include "pinned.h"

#include <ctype.h>
#include <string.h>

#define UNKNOWN_LEN_MAX 128u          /* of a name that is quoted back */

static void session_request(void *context, struct client *client, const struct request *request);
static void session_take(struct session *session, const struct command *row, const struct request *request);
static void session_route(struct session *session, const struct command *row, const struct request *request);

/* ---- state ---- */

void session_changed(struct session *session)
{
	bool is_known = session_is_known(session);
	session->is_plain = is_known && session->transaction == NULL && session->subscription == NULL &&
	                    session->watched.first == NULL && session->reply_mode == REPLY_MODE_ON;
	const struct client_commons *commons = session->client->commons;
	session->client->limits = is_known ? &commons->limits : &commons->limits_before_auth;
}

bool session_is_known(const struct session *session)
{
	return session->is_logged_in || session->sessions->is_open_to_strangers;
}

void session_keep(struct slice *place, struct slice text)
{
	memory_free((void *)place->ptr);
	*place = buffer_copy(text);
}

bool session_is(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_of(text));
}

static void session_accepted(void *context, struct client *client)
{
	struct session *session = memory_new(sizeof(*session));
	session->sessions = context;
	session->client = client;
	session->protocol = 2;
	session->user = buffer_copy(SLICE("default"));
	session->name = buffer_copy((struct slice){ "", 0 });
	session->library_name = buffer_copy((struct slice){ "", 0 });
	session->library_version = buffer_copy((struct slice){ "", 0 });
	client->session = session;
	session_changed(session);
}

static void session_closing(void *context, struct client *client)
{
	(void)context;
	struct session *session = client->session;
	session_leave_transaction(session);
	session_unpin(session);
	session_drop_login(session);
	memory_free((void *)session->user.ptr);
	memory_free((void *)session->name.ptr);
	memory_free((void *)session->library_name.ptr);
	memory_free((void *)session->library_version.ptr);
	memory_free(session);
}

/* ---- requests ---- */

static struct slice slice_first(struct slice text, size_t len)
{
	return (struct slice){ text.ptr, text.len < len ? text.len : len };
}

/* As Redis words it: with the first arguments, about 128 bytes of them. */
static void session_reply_unknown_command(struct session *session, const struct request *request)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "', with args beginning with: ");
	size_t start = text.len;
	for (uint32_t i = 1; i < request->argc && text.len - start < UNKNOWN_LEN_MAX; i++) {
		size_t room = UNKNOWN_LEN_MAX - (text.len - start);
		buffer_add_byte(&text, '\'');
		buffer_add(&text, slice_first(request->argv[i], room));
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

static void session_reply_unknown(struct session *session, const struct request *request)
{
	const struct command *container = command_find(1, request->argv);
	session_spoil(session);
	if (container != NULL && container->is_container)
		session_reply_unknown_subcommand(session, container, request->argv[1]);
	else
		session_reply_unknown_command(session, request);
}

static void session_reply_arity(struct session *session, const struct command *row)
{
	session_spoil(session);
	session_reply_error_about(session, "ERR wrong number of arguments for '", slice_of(row->name), "' command");
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

/* The row of the last request, if this one has the same name. */
static const struct command *session_find(struct session *session, const struct request *request)
{
	const struct command *row = session->row;
	struct slice name = request->argv[0];
	if (row != NULL && slice_equal_nocase(name, slice_of(row->name)))
		return row;
	row = command_find(request->argc, request->argv);
	if (row != NULL && !row->is_container && strchr(row->name, '|') == NULL)
		session->row = row;
	return row;
}

static void session_request(void *context, struct client *client, const struct request *request)
{
	(void)context;
	struct session *session = client->session;
	const struct command *row = session_find(session, request);
	session->last_row = row;
	if (row == NULL)
		session_reply_unknown(session, request);
	else if (!command_arity_ok(row, request->argc))
		session_reply_arity(session, row);
	else if (session->is_plain)
		session_route(session, row, request);
	else
		session_take(session, row, request);
}

const struct session_command *session_command_of(const struct session *session, const struct command *row)
{
	return session->sessions->commands[row - command_at(0)];
}

/* The long way: strangers, transactions, subscriptions, and clients that want no answers. */
static void session_take(struct session *session, const struct command *row, const struct request *request)
{
	const struct session_command *command = session_command_of(session, row);
	bool is_skipping = session->reply_mode == REPLY_MODE_SKIP;
	if (!session_is_known(session) && (command == NULL || !command->is_for_strangers))
		session_refuse(session, COMMAND_RESULT_REFUSED,
		               session->sessions->is_probed ? "NOAUTH Authentication required." : SESSION_LOADING);
	else if (session_is_pinned(session, row))
		session_pinned_request(session, row, request);
	else if (session->transaction != NULL && (command == NULL || !command->is_immediate))
		session_queue(session, row, request);
	else
		session_route(session, row, request);
	/* CLIENT REPLY SKIP silences one command: this one. */
	if (is_skipping && session->reply_mode == REPLY_MODE_SKIP) {
		session->reply_mode = REPLY_MODE_ON;
		session_changed(session);
	}
}

/* What the answer means to us besides. */
static enum answer_kind answer_kind_of(const struct command *row, const struct request *request)
{
	if (row->class != COMMAND_SERVER)
		return ANSWER_PLAIN;
	if (strcmp(row->name, "info") == 0)
		return session_info_is_ours(request) ? ANSWER_INFO_OURS : ANSWER_INFO;
	bool is_about_access = strncmp(row->name, "acl|", 4) == 0 || strcmp(row->name, "config|set") == 0;
	return is_about_access ? ANSWER_ACCESS : ANSWER_PLAIN;
}

static void session_gather(struct session *session, const struct command *row, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	if (watches_are_any(sessions->watches))
		watches_touch_request(sessions->watches, session->db, row, request);
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = session_expect(session, 1, false, answer_kind_of(row, request)),
			.db = session->db,
			.protocol = session->protocol,
			.commands = request,
			.rows = &row,
			.count = 1,
			.client = session->name,
		},
	};
	turn_request(sessions->turn, &event);
	session->gathering = turn_gathering(sessions->turn);
}

/* A read overtakes the group that gathers, unless the client would miss its own write, or watches keys. */
static void session_read(struct session *session, const struct command *row, const struct request *request)
{
	struct turn *turn = session->sessions->turn;
	if (session->gathering == turn_gathering(turn) || session->watched.first != NULL) {
		session_gather(session, row, request);
		return;
	}
	uint64_t token = session_expect(session, 1, false, answer_kind_of(row, request));
	turn_read(turn, session->protocol, session->db, session_encode(session, request), token);
}

static void session_route(struct session *session, const struct command *row, const struct request *request)
{
	const struct session_command *command = session_command_of(session, row);
	if (command != NULL) {
		command->handle(session, request);
		return;
	}
	if (row->class == COMMAND_UNSUPPORTED) {
		session_refuse_unsupported(session, row->name, row->note);
		return;
	}
	if (!turn_is_open(session->sessions->turn)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	if (row->class == COMMAND_PINNED && session_pin(session, row, request))
		return;
	if (row->class == COMMAND_WRITE)
		session_gather(session, row, request);
	else
		session_read(session, row, request);
}

/* ---- what the turn tells ---- */

static void sessions_opened(void *context, uint32_t databases)
{
	struct sessions *sessions = context;
	sessions->databases = databases;
	sessions_probe(sessions);
}

/* What a client is owed has an unknown outcome. As when Redis itself goes down, it learns that from a closed connection: an error
 * would say that nothing has happened. */
static void session_lost(void *context, struct client *client)
{
	(void)context;
	if (answers_due(&client->answers) == 0)
		return;
	answers_free(&client->answers);
	client_end(client, CLIENT_ENDS);
}

static void sessions_lost(void *context)
{
	struct sessions *sessions = context;
	client_table_visit(sessions->clients, session_lost, NULL);
}

static void sessions_group_sent(void *context, const struct effect *group)
{
	struct sessions *sessions = context;
	if (watches_are_any(sessions->watches))
		watches_touch_group(sessions->watches, group);
}

static void sessions_group_answered(void *context)
{
	struct sessions *sessions = context;
	client_table_send(sessions->clients);
}

static void sessions_expired(void *context, uint32_t db, struct slice key)
{
	struct sessions *sessions = context;
	watches_touch(sessions->watches, db, key);
}

static void sessions_gathered(void *context)
{
	struct sessions *sessions = context;
	uint64_t backlog_max = sessions->status->settings->limits_store_bytes;
	sessions->is_store_behind = turn_backlog(sessions->turn) > (sessions->is_store_behind ? backlog_max / 2 : backlog_max);
	client_table_set_store_behind(sessions->clients, sessions->is_store_behind);
	client_table_catch_up(sessions->clients);
}

static void sessions_ended(void *context)
{
	struct sessions *sessions = context;
	client_table_flush(sessions->clients);
}

static void session_drain(void *context, struct client *client)
{
	(void)context;
	session_abandon_detour(client->session);
}

void sessions_drain(struct sessions *sessions)
{
	client_table_visit(sessions->clients, session_drain, NULL);
	client_table_drain(sessions->clients);
}

/* ---- all sessions ---- */

struct sessions *sessions_new(const struct sessions_options *options)
{
	struct sessions *sessions = memory_new(sizeof(*sessions));
	sessions->loop = options->loop;
	sessions->clock = options->clock;
	sessions->status = options->status;
	sessions->watches = watches_new();
	sessions_find_commands(sessions);
	sessions_start_probing(sessions);
	return sessions;
}

void sessions_free(struct sessions *sessions)
{
	sessions_stop_probing(sessions);
	watches_free(sessions->watches);
	buffer_free(&sessions->reply);
	buffer_free(&sessions->encoded);
	memory_free(sessions->commands);
	memory_free(sessions);
}

void sessions_connect(struct sessions *sessions, struct turn *turn, struct client_table *clients, struct conflicts *conflicts)
{
	sessions->turn = turn;
	sessions->clients = clients;
	sessions->conflicts = conflicts;
}

struct client_callbacks sessions_client_callbacks(struct sessions *sessions)
{
	return (struct client_callbacks){
		.context = sessions,
		.accepted = session_accepted,
		.request = session_request,
		.closing = session_closing,
	};
}

struct turn_callbacks sessions_turn_callbacks(struct sessions *sessions)
{
	return (struct turn_callbacks){
		.context = sessions,
		.opened = sessions_opened,
		.lost = sessions_lost,
		.answered = sessions_answer,
		.refused = sessions_refuse,
		.group_sent = sessions_group_sent,
		.group_answered = sessions_group_answered,
		.expired = sessions_expired,
		.gathered = sessions_gathered,
		.ended = sessions_ended,
	};
}
