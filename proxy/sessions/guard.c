/* Guard (see guard.h). */
#include "guard.h"

#include <assert.h>

#define ASKED_AHEAD_MAX 256          /* requests asked about at once */
#define ASKED_AHEAD_BYTES (1u << 20) /* likewise, unless the first one alone is longer */

struct verdict {
	bool is_known;
	bool is_denied;
	struct slice reply;          /* owned; to a request that is denied */
};

struct guard {
	struct session *session;
	struct login *login;         /* owned; NULL: the connection was lost */
	bool is_open;                /* the login has succeeded */
	struct resp_requests *parser; /* owned; of requests that are asked about before it is their turn */
	struct verdict *verdicts;    /* owned */
	struct slice denial;         /* owned: the last one that was used */
	unsigned first, answered, count, cap; /* of them: the next to be used, the next to be answered, all */
};

static void guard_on_told(void *context, struct slice reply);
static void guard_on_lost(void *context);

struct guard *guard_new(struct session *session, struct login *login)
{
	struct guard *guard = memory_new(sizeof(*guard));
	guard->session = session;
	guard->parser = resp_requests_new();
	guard->login = login;
	guard->is_open = login != NULL;
	if (login == NULL)
		return guard;
	session->account->reads_all_keys = login_reads_all_keys(login);
	login_keep(login, &(struct login_keeper){ guard, guard_on_told, guard_on_lost });
	return guard;
}

static void guard_forget(struct guard *guard)
{
	for (unsigned i = guard->first; i < guard->count; i++)
		bytes_free(guard->verdicts[i].reply);
	guard->first = guard->answered = guard->count = 0;
}

void guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	guard_forget(guard);
	bytes_free(guard->denial);
	login_cancel(guard->login);
	resp_requests_free(guard->parser);
	memory_free(guard->verdicts);
	memory_free(guard);
}

bool guard_is_idle(const struct guard *guard)
{
	return guard->is_open && guard->count == 0;
}

/* ---- the connection ---- */

static struct verdict *guard_add(struct guard *guard)
{
	guard->verdicts = array_reserve(guard->verdicts, guard->count, &guard->cap, sizeof(*guard->verdicts));
	struct verdict *verdict = &guard->verdicts[guard->count++];
	*verdict = (struct verdict){ 0 };
	return verdict;
}

static void guard_add_known(struct guard *guard, const char *denial)
{
	struct verdict *verdict = guard_add(guard);
	verdict->is_known = true;
	verdict->is_denied = denial != NULL;
	if (denial != NULL) {
		struct buffer reply = { 0 };
		resp_add_error(&reply, denial);
		verdict->reply = buffer_slice(&reply);
	}
}

bool guard_depends_on_rules(const struct command *row)
{
	return row != NULL && (strcmp(row->name, "sort") == 0 || strcmp(row->name, "sort_ro") == 0);
}

/* Redis lets SORT look into other keys (BY, GET) only if its user may read all of them, and finds that out while it runs it. */
static const char *sort_denial(const struct guard *guard, const struct command *row, const struct request *request)
{
	if (guard->session->account->reads_all_keys || !guard_depends_on_rules(row))
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
static void guard_wake(struct guard *guard)
{
	while (guard->answered < guard->count && guard->verdicts[guard->answered].is_known)
		guard->answered++;
	session_stop_checking(guard->session);
}

/* The user is gone, or its password is another one: Redis ends the connections of a user that is deleted. Others are ended here, too: there is no
 * telling any more what such a client may do. */
static void guard_on_login(void *context, enum login_result result, struct slice error)
{
	struct guard *guard = context;
	struct session *session = guard->session;
	struct login *login = guard->login;
	guard->login = NULL;
	switch (result) {
	case LOGIN_RESTRICTED:
		guard->login = login;
		guard->is_open = true;
		session->account->reads_all_keys = login_reads_all_keys(login);
		login_keep(login, &(struct login_keeper){ guard, guard_on_told, guard_on_lost });
		break;
	case LOGIN_ALLOWED:
		session->guard = NULL;
		guard_free(guard);
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
			guard_add_known(guard, text);
		}
		break;
	}
	guard_wake(guard);
}

static void guard_open(struct guard *guard)
{
	struct session *session = guard->session;
	struct login_request request = { .done = guard_on_login, .context = guard };
	struct slice stranger[2] = { SLICE("default"), SLICE("none") };
	request.auth = session->credentials.count > 0 ? session->credentials.auth : stranger;
	request.auth_count = session->credentials.count > 0 ? session->credentials.count : 2;
	guard->login = login_start(session->sessions->loop, session->sessions->status, &request);
}

void guard_drop(struct guard *guard)
{
	login_cancel(guard->login);
	guard->login = NULL;
	guard->is_open = false;
	guard_forget(guard);
	session_stop_checking(guard->session);
}

/* Redis ends connections of users that it deletes, so it is asked at once whether that has happened. It also ends this one when the user loses a
 * right to channels, as the user has none to the channel that it is subscribed to. */
static void guard_on_lost(void *context)
{
	struct guard *guard = context;
	guard_drop(guard);
	if (turn_is_open(guard->session->sessions->turn) && guard->login == NULL)
		guard_open(guard);
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
static void guard_on_told(void *context, struct slice reply)
{
	struct guard *guard = context;
	assert(guard->answered < guard->count);
	struct verdict *verdict = &guard->verdicts[guard->answered];
	verdict->is_known = true;
	if (reply_is_denial(reply)) {
		verdict->is_denied = true;
		bytes_free(verdict->reply);
		verdict->reply = buffer_copy(reply);
	}
	guard_wake(guard);
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

/* Unless Redis has a reason of its own, which comes first. */
static void guard_deny_later(struct verdict *verdict, const char *denial)
{
	struct buffer reply = { 0 };
	if (denial == NULL)
		return;
	resp_add_error(&reply, denial);
	verdict->is_denied = true;
	verdict->reply = buffer_slice(&reply);
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
static void guard_question(struct guard *guard, const struct command *row, const struct request *request, struct buffer *commands)
{
	struct slice stand_in[4];
	unsigned argc;
	if (row_needs_no_leave(row, request)) {
		guard_add_known(guard, NULL);
	} else if (strncmp(row->name, "homeport|", 9) != 0) {
		guard_deny_later(guard_add(guard), sort_denial(guard, row, request));
		if (request->raw.len > 0)
			buffer_add(commands, request->raw);
		else
			resp_add_command(commands, request->argc, request->argv);
	} else if (homeport_stand_in(row, request, stand_in, &argc)) {
		guard_add(guard);
		resp_add_command(commands, argc, stand_in);
	} else {
		guard_add_known(guard, "NOPERM only users who may do everything may run this command of Homeport");
	}
}

/* Asks about REQUEST, and about those that have come behind it. */
static void guard_send(struct guard *guard, const struct command *row, const struct request *request)
{
	const struct client *client = guard->session->client;
	struct slice rest = client->upcoming;
	struct buffer commands = { 0 };
	struct request next;
	const char *error;
	size_t used;
	guard_question(guard, row, request, &commands);
	while (!row_is_turning(row) && guard->count < ASKED_AHEAD_MAX && commands.len < ASKED_AHEAD_BYTES && rest.len > 0 &&
	       resp_request_next(guard->parser, client->limits, rest, &next, &used, &error) == RESP_READY) {
		rest = (struct slice){ rest.ptr + used, rest.len - used };
		if (next.argc == 0)
			continue;
		row = command_find(next.argc, next.argv);
		guard_question(guard, row, &next, &commands);
	}
	resp_requests_free(guard->parser);
	guard->parser = resp_requests_new();
	if (commands.len > 0)
		login_ask(guard->login, buffer_slice(&commands));
	buffer_free(&commands);
	guard_wake(guard);
}

enum guard_verdict guard_ask(struct guard *guard, const struct command *row, const struct request *request, struct slice *denial)
{
	bool is_away = !turn_is_open(guard->session->sessions->turn);
	if (guard->count == 0 && !guard->is_open && is_away)
		return GUARD_CANNOT_ASK;
	if (guard->count == 0 && guard->is_open)
		guard_send(guard, row, request);
	else if (guard->count == 0 && guard->login == NULL)
		guard_open(guard);
	if (guard->first == guard->answered)
		return GUARD_ASKS;
	struct verdict verdict = guard->verdicts[guard->first++];
	if (guard->first == guard->count)
		guard->first = guard->answered = guard->count = 0;
	bytes_free(guard->denial);
	*denial = guard->denial = verdict.reply;
	return verdict.is_denied ? GUARD_DENIES : GUARD_ALLOWS;
}
