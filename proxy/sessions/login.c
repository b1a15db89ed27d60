/* Login: the commands that bring an upstream into its state, and their replies (see login.h). */
#include "login.h"

#include "proxy/core/resp/resp.h"
#include "upstream.h"
#include "user_rules.h"

#include <string.h>

/* Which reply is due. */
enum login_stage {
	LOGIN_OWN_AUTH,              /* the sidecar's own, if it needs one */
	LOGIN_HELLO,                 /* to RESP3 */
	LOGIN_NAME,
	LOGIN_SUBSCRIBE,
	LOGIN_RULES,                 /* of the user */
	LOGIN_AUTH,                  /* the client's */
	LOGIN_BACK,                  /* to RESP2 */
	LOGIN_KEPT,                  /* those that the keeper has asked for */
};

struct login {
	struct upstream *upstream;   /* owned */
	void (*done)(void *context, enum login_result result, struct slice error);
	void *context;
	struct login_keeper keeper;
	struct slice user;           /* owned */
	enum login_stage stage;
	bool is_restricted, reads_all_keys;
};

static void login_on_reply(void *context, struct slice reply);
static void login_on_lost(void *context, const char *why);

static void login_add_commands(struct login *login, struct buffer *commands, const struct settings *settings, const struct login_request *request)
{
	if (settings->redis_password != NULL) {
		struct slice own = slice_of(settings->redis_username != NULL ? settings->redis_username : "default");
		resp_add_command(commands, 3, (struct slice[]){ SLICE("AUTH"), own, slice_of(settings->redis_password) });
		login->stage = LOGIN_OWN_AUTH;
	}
	resp_add_command(commands, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	resp_add_command(commands, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), SLICE(LOGIN_CHANNEL) });
	resp_add_command(commands, 2, (struct slice[]){ SLICE("SUBSCRIBE"), SLICE(LOGIN_CHANNEL) });
	resp_add_command(commands, 3, (struct slice[]){ SLICE("ACL"), SLICE("GETUSER"), login->user });
	struct slice argv[3] = { SLICE("AUTH") };
	memcpy(&argv[1], request->auth, request->auth_count * sizeof(*argv));
	resp_add_command(commands, request->auth_count + 1, argv);
	resp_add_command(commands, 2, (struct slice[]){ SLICE("HELLO"), SLICE("2") });
}

struct login *login_start(struct event_base *loop, const struct sidecar_status *status, const struct login_request *request)
{
	struct login *login = memory_new(sizeof(*login));
	login->done = request->done;
	login->context = request->context;
	login->user = buffer_copy(request->auth_count == 2 ? request->auth[0] : SLICE("default"));
	login->stage = LOGIN_HELLO;
	login->upstream = upstream_new(loop, status, &(struct upstream_callbacks){ login, login_on_reply, login_on_lost });
	struct buffer commands = { 0 };
	login_add_commands(login, &commands, status->settings, request);
	upstream_send(login->upstream, buffer_slice(&commands));
	explicit_bzero(commands.ptr, commands.len);
	buffer_free(&commands);
	return login;
}

void login_keep(struct login *login, const struct login_keeper *keeper)
{
	login->keeper = *keeper;
}

void login_ask(struct login *login, struct slice commands)
{
	upstream_send(login->upstream, commands);
}

void login_cancel(struct login *login)
{
	if (login == NULL)
		return;
	upstream_free(login->upstream);
	memory_free((void *)login->user.ptr);
	memory_free(login);
}

static void login_finish(struct login *login, enum login_result result, struct slice error)
{
	login->done(login->context, result, error);
	login_cancel(login);
}

static void login_on_lost(void *context, const char *why)
{
	(void)why;
	struct login *login = context;
	if (login->stage == LOGIN_KEPT)
		login->keeper.lost(login->keeper.context);
	else
		login_finish(login, LOGIN_FAILED, SLICE("LOADING Homeport has no working connection to its Redis to authenticate by"));
}

/* The last reply has come: Redis may be silent now for as long as it likes. */
static void login_stand(struct login *login)
{
	if (!login->is_restricted) {
		login_finish(login, LOGIN_ALLOWED, (struct slice){ "", 0 });
		return;
	}
	upstream_settle(login->upstream);
	login->done(login->context, LOGIN_RESTRICTED, (struct slice){ "", 0 });
}

static void login_take_rules(struct login *login, struct slice reply)
{
	struct user_rules rules;
	bool is_read = user_rules_read(reply, &rules);
	login->is_restricted = !is_read || !rules.is_unrestricted;
	login->reads_all_keys = is_read && rules.reads_all_keys;
}

bool login_reads_all_keys(const struct login *login)
{
	return login->reads_all_keys;
}

/* Is it something that was published? */
static bool reply_is_message(const struct login *login, struct slice reply)
{
	struct slice cursor = reply;
	struct reply head, kind;
	if (reply.ptr[0] == '>')
		return login->stage != LOGIN_SUBSCRIBE;
	return reply_read(&cursor, &head) && head.type == REPLY_ARRAY && head.integer == 3 && reply_read(&cursor, &kind) &&
	       slice_equal(kind.text, SLICE("message"));
}

/* An error of any command but AUTH says nothing of the user: Redis may have no room for one more client. */
static void login_on_reply(void *context, struct slice reply)
{
	struct login *login = context;
	struct slice cursor = reply;
	struct reply answer;
	enum login_stage stage = login->stage;
	if (reply_is_message(login, reply))
		return;
	if (stage == LOGIN_KEPT) {
		login->keeper.told(login->keeper.context, reply);
		return;
	}
	login->stage++;
	if (reply_is_error(reply) && reply_read(&cursor, &answer))
		login_finish(login, stage == LOGIN_AUTH ? LOGIN_REFUSED : LOGIN_FAILED, answer.text);
	else if (stage == LOGIN_RULES)
		login_take_rules(login, reply);
	else if (stage == LOGIN_BACK)
		login_stand(login);
}
