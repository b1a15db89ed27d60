/* Rights (see rights.h). */
#include "rights.h"

#include <assert.h>

#define ASKED_AHEAD_MAX 256          /* requests asked about at once */
#define ASKED_AHEAD_BYTES (1u << 20) /* likewise, unless the first one alone is longer */

struct verdict {
	bool is_known;
	bool is_denied;
	struct slice reply;          /* owned; to a request that is denied */
};

struct rights {
	struct session *session;
	struct login *login;         /* owned; NULL: the connection was lost */
	bool is_open;                /* the login has succeeded */
	struct resp_requests *parser; /* owned; of requests that are asked about before it is their turn */
	struct verdict *verdicts;    /* owned */
	struct slice denial;         /* owned: the last one that was used */
	unsigned first, answered, count, cap; /* of them: the next to be used, the next to be answered, all */
};

static void rights_on_told(void *context, struct slice reply);
static void rights_on_lost(void *context);

struct rights *rights_new(struct session *session, struct login *login)
{
	struct rights *rights = memory_new(sizeof(*rights));
	rights->session = session;
	rights->parser = resp_requests_new();
	rights->login = login;
	rights->is_open = login != NULL;
	if (login == NULL)
		return rights;
	session->account->reads_all_keys = login_reads_all_keys(login);
	login_keep(login, &(struct login_keeper){ rights, rights_on_told, rights_on_lost });
	return rights;
}

static void rights_forget(struct rights *rights)
{
	for (unsigned i = rights->first; i < rights->count; i++)
		bytes_free(rights->verdicts[i].reply);
	rights->first = rights->answered = rights->count = 0;
}

void rights_free(struct rights *rights)
{
	if (rights == NULL)
		return;
	rights_forget(rights);
	bytes_free(rights->denial);
	login_cancel(rights->login);
	resp_requests_free(rights->parser);
	memory_free(rights->verdicts);
	memory_free(rights);
}

bool rights_is_idle(const struct rights *rights)
{
	return rights->is_open && rights->count == 0;
}

/* ---- the connection ---- */

static struct verdict *rights_add(struct rights *rights)
{
	rights->verdicts = array_reserve(rights->verdicts, rights->count, &rights->cap, sizeof(*rights->verdicts));
	struct verdict *verdict = &rights->verdicts[rights->count++];
	*verdict = (struct verdict){ 0 };
	return verdict;
}

/* DENIAL may be NULL. */
static void verdict_deny(struct verdict *verdict, const char *denial)
{
	struct buffer reply = { 0 };
	if (denial == NULL)
		return;
	resp_add_error(&reply, denial);
	verdict->is_denied = true;
	verdict->reply = buffer_slice(&reply);
}

static void rights_add_known(struct rights *rights, const char *denial)
{
	struct verdict *verdict = rights_add(rights);
	verdict->is_known = true;
	verdict_deny(verdict, denial);
}

bool rights_depends_on_rules(const struct command *row)
{
	return row != NULL && (strcmp(row->name, "sort") == 0 || strcmp(row->name, "sort_ro") == 0);
}

/* Redis lets SORT look into other keys (BY, GET) only if its user may read all of them, and finds that out while it runs it. */
static const char *sort_denial(const struct rights *rights, const struct command *row, const struct request *request)
{
	if (rights->session->account->reads_all_keys || !rights_depends_on_rules(row))
		return NULL;
	for (uint32_t i = 2; i + 1 < request->argc; i++) {
		struct slice value = request->argv[i + 1];
		if (slice_equal_nocase(request->argv[i], SLICE("BY")) && memchr(value.ptr, '*', value.len) != NULL)
			return "ERR BY option of SORT denied due to insufficient ACL permissions.";
		if (slice_equal_nocase(request->argv[i], SLICE("GET")))
			return "ERR GET option of SORT denied due to insufficient ACL permissions.";
		i += slice_equal_nocase(request->argv[i], SLICE("BY")) || slice_equal_nocase(request->argv[i], SLICE("STORE"));
		i += slice_equal_nocase(request->argv[i], SLICE("LIMIT")) ? 2 : 0;
	}
	return NULL;
}

/* What is asked, and what waits for it. */
static void rights_wake(struct rights *rights)
{
	while (rights->answered < rights->count && rights->verdicts[rights->answered].is_known)
		rights->answered++;
	session_stop_checking(rights->session);
}

/* The user is gone, or its password is another one: Redis ends the connections of a user that is deleted. Others are ended here, too: there is no
 * telling any more what such a client may do. */
static void rights_on_login(void *context, enum login_result result, struct slice error)
{
	struct rights *rights = context;
	struct session *session = rights->session;
	struct login *login = rights->login;
	rights->login = NULL;
	switch (result) {
	case LOGIN_RESTRICTED:
		rights->login = login;
		rights->is_open = true;
		session->account->reads_all_keys = login_reads_all_keys(login);
		login_keep(login, &(struct login_keeper){ rights, rights_on_told, rights_on_lost });
		break;
	case LOGIN_ALLOWED:
		session->rights = NULL;
		rights_free(rights);
		session->account->is_restricted = false;
		session_changed(session);
		session_stop_checking(session);
		return;
	case LOGIN_REFUSED:
		client_end(session->client, CLIENT_ENDS);
		break;
	case LOGIN_FAILED:
		if (session->is_checking) {
			char text[200];
			slice_to_text(text, sizeof(text), error);
			rights_add_known(rights, text);
		}
		break;
	}
	rights_wake(rights);
}

static void rights_open(struct rights *rights)
{
	struct session *session = rights->session;
	struct login_request request = { .done = rights_on_login, .context = rights };
	struct slice stranger[2] = { SLICE("default"), SLICE("none") };
	request.auth = session->credentials.count > 0 ? session->credentials.auth : stranger;
	request.auth_count = session->credentials.count > 0 ? session->credentials.count : 2;
	rights->login = login_start(session->sessions->loop, session->sessions->status, &request);
}

void rights_drop(struct rights *rights)
{
	login_cancel(rights->login);
	rights->login = NULL;
	rights->is_open = false;
	rights_forget(rights);
	session_stop_checking(rights->session);
}

/* Redis ends connections of users that it deletes, so it is asked at once whether that has happened. It also ends this one when the user loses a
 * right to channels, as the user has none to the channel that it is subscribed to. */
static void rights_on_lost(void *context)
{
	struct rights *rights = context;
	rights_drop(rights);
	if (turn_is_open(rights->session->sessions->turn) && rights->login == NULL)
		rights_open(rights);
}

/* Of EXEC, Redis's refusal begins with other words. */
static bool reply_is_denial(struct slice reply)
{
	static const char *const denials[] = { "-NOPERM", "-NOAUTH", "-EXECABORT Transaction discarded because of: NOPERM" };
	for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
		struct slice denial = slice_of(denials[i]);
		if (reply.len >= denial.len && memcmp(reply.ptr, denial.ptr, denial.len) == 0)
			return true;
	}
	return false;
}

/* Whatever else Redis says, the user's rights are not what is in the way. */
static void rights_on_told(void *context, struct slice reply)
{
	struct rights *rights = context;
	assert(rights->answered < rights->count);
	struct verdict *verdict = &rights->verdicts[rights->answered];
	verdict->is_known = true;
	if (reply_is_denial(reply)) {
		verdict->is_denied = true;
		bytes_free(verdict->reply);
		verdict->reply = buffer_copy(reply);
	}
	rights_wake(rights);
}

/* ---- the questions ---- */

/* Commands that Redis lets everybody run, those that the client's own connection for subscriptions asks Redis about, and those that Redis would not get to
 * look at. */
static bool row_needs_no_leave(const struct command *row, const struct request *request)
{
	static const char *const names[] = { "auth", "hello", "quit", "reset", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe",
		                             "sunsubscribe", "homeport|help", "homeport|home", "homeport|status", "homeport|token", "homeport|waitfor" };
	if (row == NULL || !command_arity_ok(row, request->argc))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

/* After these the client may be another user, or gone. */
static bool row_is_turning(const struct command *row)
{
	static const char *const names[] = { "auth", "hello", "quit", "reset" };
	for (size_t i = 0; row != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

/* Redis does not know the commands of class HOMEPORT: those that read or write a value need the right to do that by a command of Redis. False: who may not
 * do everything may not run it. */
static bool homeport_stand_in(const struct command *row, const struct request *request, struct slice *argv, unsigned *argc)
{
	bool is_field = request->argc > 4 && slice_equal_nocase(request->argv[request->argc - 2], SLICE("FIELD"));
	bool is_read = strcmp(row->name, "homeport|get") == 0 || strcmp(row->name, "homeport|explain") == 0;
	bool is_set = strcmp(row->name, "homeport|set") == 0;
	if (!is_read && !is_set && strcmp(row->name, "homeport|del") != 0)
		return false;
	argv[0] = is_read ? (is_field ? SLICE("HGET") : SLICE("GET")) : is_set ? (is_field ? SLICE("HSET") : SLICE("SET")) : is_field ? SLICE("HDEL") : SLICE("DEL");
	argv[1] = request->argv[2];
	*argc = 2;
	if (is_field)
		argv[(*argc)++] = request->argv[request->argc - 1];
	if (is_set)
		argv[(*argc)++] = (struct slice){ "", 0 };
	return true;
}

/* Adds to COMMANDS what Redis has to be asked about REQUEST. */
static void rights_question(struct rights *rights, const struct command *row, const struct request *request, struct buffer *commands)
{
	struct slice stand_in[4];
	unsigned argc;
	if (row_needs_no_leave(row, request)) {
		rights_add_known(rights, NULL);
	} else if (strncmp(row->name, "homeport|", 9) != 0) {
		verdict_deny(rights_add(rights), sort_denial(rights, row, request));      /* unless Redis has a reason of its own, which comes first */
		if (request->raw.len > 0)
			buffer_add(commands, request->raw);
		else
			resp_add_command(commands, request->argc, request->argv);
	} else if (homeport_stand_in(row, request, stand_in, &argc)) {
		rights_add(rights);
		resp_add_command(commands, argc, stand_in);
	} else {
		rights_add_known(rights, "NOPERM only users who may do everything may run this command of Homeport");
	}
}

/* Asks about REQUEST, and about those that have come behind it. */
static void rights_send(struct rights *rights, const struct command *row, const struct request *request)
{
	const struct client *client = rights->session->client;
	struct slice rest = client->upcoming;
	struct buffer commands = { 0 };
	struct request next;
	const char *error;
	size_t used;
	rights_question(rights, row, request, &commands);
	while (!row_is_turning(row) && rights->count < ASKED_AHEAD_MAX && commands.len < ASKED_AHEAD_BYTES && rest.len > 0 &&
	       resp_request_next(rights->parser, client->limits, rest, &next, &used, &error) == RESP_READY) {
		rest = (struct slice){ rest.ptr + used, rest.len - used };
		if (next.argc == 0)
			continue;
		row = command_find(next.argc, next.argv);
		rights_question(rights, row, &next, &commands);
	}
	resp_requests_free(rights->parser);
	rights->parser = resp_requests_new();
	if (commands.len > 0)
		login_ask(rights->login, buffer_slice(&commands));
	buffer_free(&commands);
	rights_wake(rights);
}

enum rights_verdict rights_ask(struct rights *rights, const struct command *row, const struct request *request, struct slice *denial)
{
	bool is_away = !turn_is_open(rights->session->sessions->turn);
	if (rights->count == 0 && !rights->is_open && is_away)
		return RIGHTS_CANNOT_ASK;
	if (rights->count == 0 && rights->is_open)
		rights_send(rights, row, request);
	else if (rights->count == 0 && rights->login == NULL)
		rights_open(rights);
	if (rights->first == rights->answered)
		return RIGHTS_ASK;
	struct verdict verdict = rights->verdicts[rights->first++];
	if (rights->first == rights->count)
		rights->first = rights->answered = rights->count = 0;
	bytes_free(rights->denial);
	*denial = rights->denial = verdict.reply;
	return verdict.is_denied ? RIGHTS_DENY : RIGHTS_ALLOW;
}
