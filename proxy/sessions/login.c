/* Login: AUTH and ACL GETUSER on an upstream (see login.h). */
#include "login.h"

#include "proxy/core/resp/resp.h"
#include "upstream.h"

#include <string.h>

struct login {
	struct upstream *upstream;   /* owned */
	void (*done)(void *context, enum login_result result, struct slice error);
	void *context;
	struct slice user;           /* owned */
	bool is_authenticating;      /* the next reply is the one to AUTH */
};

static void login_on_reply(void *context, struct slice reply);
static void login_on_lost(void *context, const char *why);

struct login *login_start(struct event_base *loop, const struct settings *settings, const struct login_request *request)
{
	struct login *login = memory_new(sizeof(*login));
	login->done = request->done;
	login->context = request->context;
	login->user = buffer_copy(request->auth_count == 2 ? request->auth[0] : SLICE("default"));
	login->is_authenticating = request->auth_count > 0;
	login->upstream = upstream_new(loop, settings, &(struct upstream_callbacks){ login, login_on_reply, login_on_lost });

	struct buffer commands = { 0 };
	if (login->is_authenticating) {
		struct slice argv[3] = { SLICE("AUTH") };
		memcpy(&argv[1], request->auth, request->auth_count * sizeof(*argv));
		resp_add_command(&commands, request->auth_count + 1, argv);
	}
	resp_add_command(&commands, 3, (struct slice[]){ SLICE("ACL"), SLICE("GETUSER"), login->user });
	upstream_send(login->upstream, buffer_slice(&commands));
	explicit_bzero(commands.ptr, commands.len);
	buffer_free(&commands);
	return login;
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
	login_finish(context, LOGIN_FAILED, SLICE("LOADING Homeport has no working connection to its Redis to authenticate by"));
}

/* Reads one value of ACL GETUSER: a text or, before Redis 7, a list. True: it is WANTED and nothing else. */
static bool permission_is(struct slice *cursor, struct slice wanted)
{
	struct reply reply;
	if (!reply_read(cursor, &reply))
		return false;
	if (reply.type == REPLY_ARRAY && (reply.integer != 1 || !reply_read(cursor, &reply)))
		return false;
	/* Keys and channels are written "~*" and "&*", in the lists of older servers "*". */
	return slice_equal(reply.text, wanted) || slice_equal(reply.text, (struct slice){ wanted.ptr + 1, wanted.len - 1 });
}

/* May the user of this ACL GETUSER reply do everything? */
static bool user_is_unrestricted(struct slice reply)
{
	static const struct { struct slice name, wanted; } needed[] = {
		{ { "commands", 8 }, { "+@all", 5 } },
		{ { "keys", 4 }, { "~*", 2 } },
		{ { "channels", 8 }, { "&*", 2 } },
	};
	unsigned granted = 0;
	struct slice cursor = reply;
	struct reply head;
	if (!reply_read(&cursor, &head) || head.type != REPLY_ARRAY)
		return false;
	for (int64_t i = 0; i + 1 < head.integer; i += 2) {
		struct reply name;
		if (!reply_read(&cursor, &name))
			return false;
		struct slice value = cursor;
		for (unsigned j = 0; j < sizeof(needed) / sizeof(needed[0]); j++) {
			if (slice_equal(name.text, needed[j].name) && permission_is(&value, needed[j].wanted))
				granted |= 1u << j;
		}
		if (!reply_skip(&cursor))
			return false;
	}
	return granted == (1u << sizeof(needed) / sizeof(needed[0])) - 1;
}

static void login_refuse_restricted(struct login *login)
{
	struct buffer error = { 0 };
	buffer_add_text(&error, "NOPERM Homeport shares its connections to Redis between clients, so it only lets in users who may do "
	                        "everything. Grant +@all ~* &* to '");
	buffer_add(&error, login->user);
	buffer_add_text(&error, "', or let it connect to Redis directly");
	login_finish(login, LOGIN_REFUSED, buffer_slice(&error));
	buffer_free(&error);
}

static bool error_is(struct slice error, const char *code)
{
	return error.len > strlen(code) && memcmp(error.ptr, code, strlen(code)) == 0;
}

static void login_on_reply(void *context, struct slice reply)
{
	struct login *login = context;
	if (login->is_authenticating) {
		login->is_authenticating = false;
		struct reply answer;
		struct slice cursor = reply;
		if (reply_read(&cursor, &answer) && answer.type == REPLY_ERROR)
			login_finish(login, LOGIN_REFUSED, answer.text);
		return;
	}
	struct reply answer;
	struct slice cursor = reply;
	/* Any other error says nothing of the user: Redis may have no room for one more client. */
	if (reply_read(&cursor, &answer) && answer.type == REPLY_ERROR && !error_is(answer.text, "NOAUTH") && !error_is(answer.text, "NOPERM"))
		login_finish(login, LOGIN_FAILED, answer.text);
	else if (user_is_unrestricted(reply))
		login_finish(login, LOGIN_ALLOWED, (struct slice){ "", 0 });
	else
		login_refuse_restricted(login);
}
