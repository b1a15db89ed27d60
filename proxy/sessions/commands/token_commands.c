/* HOMEPORT TOKEN, SESSION and WAITFOR: the core answers (see token_commands.h). */
#include "token_commands.h"

#include "base/number.h"
#include "proxy/sessions/session_ask.h"
#include "proxy/sessions/session_promise.h"
#include "proxy/sessions/session_reply.h"

void session_homeport_token(struct session *session, const struct request *request)
{
	(void)request;
	session_ask(session, &(struct event){ .asked = { .ask = ASK_TOKEN } });
}

void session_homeport_session(struct session *session, const struct request *request)
{
	bool is_on = word_is(request->argv[2], "ON") && request->argc <= 4, is_off = word_is(request->argv[2], "OFF") && request->argc == 3;
	if (is_off)
		session_end_promise(session);
	else if (is_on)
		session_promise(session, request->argc == 4 ? request->argv[3] : SLICE(""));
	else {
		session_reply_error(session, "ERR Homeport: say SESSION ON, SESSION ON token, or SESSION OFF");
		return;
	}
	session_reply_ok(session);
}

void session_homeport_waitfor(struct session *session, const struct request *request)
{
	int64_t wait_ms;
	if (!slice_to_int64(request->argv[3], &wait_ms) || wait_ms < 0 || wait_ms > CORE_WAIT_MS_MAX) {
		session_reply_error_about(session, "ERR Homeport: no time to wait: '", request->argv[3], "': say how many milliseconds, 0 to 60000");
		return;
	}
	session_ask(session, &(struct event){ .asked = { .ask = ASK_WAIT, .context = request->argv[2], .wait_ms = (uint64_t)wait_ms } });
}
