/* Admin tokens (see admin_tokens.h). POST /v1/token gives {"token": …}. POST /v1/wait takes a JSON object: token, and timeout_ms (1000 if it is left out). */
#include "admin_tokens.h"

#include "proxy/conflicts/teller_json.h"

#include <jansson.h>
#include <string.h>

#define TOKEN "/v1/token"
#define WAIT "/v1/wait"
#define TIMEOUT_MS 1000

bool admin_tokens_own(const char *url)
{
	return strcmp(url, TOKEN) == 0 || strcmp(url, WAIT) == 0;
}

/* The answer; NULL text: it was an error, and the request has failed with it. */
static struct slice answer_of(struct admin_request *request, enum errand_end end, struct slice raw)
{
	struct reply reply;

	if (end == ERRAND_LOST)
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, CORE_STORE_AWAY);
	else if (end == ERRAND_REFUSED)
		admin_request_fail_with(request, raw.len > 4 && memcmp(raw.ptr, "ERR ", 4) == 0 ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_SERVICE_UNAVAILABLE, raw);
	else if (!reply_read(&raw, &reply) || reply.type == REPLY_ERROR)
		admin_request_fail_with(request, MHD_HTTP_GATEWAY_TIMEOUT, reply.text);
	else
		return reply.text;
	return (struct slice){ NULL, 0 };
}

static void on_token(void *context, enum errand_end end, struct slice raw)
{
	struct slice token = answer_of(context, end, raw);

	if (token.ptr == NULL)
		return;
	struct teller *teller = teller_json_new(true);

	tell_object(teller, NULL);
	tell_bytes(teller, "token", token);
	tell_end(teller);
	admin_request_finish(context, teller);
}

static void on_waited(void *context, enum errand_end end, struct slice raw)
{
	if (answer_of(context, end, raw).ptr == NULL)
		return;
	struct teller *teller = teller_json_new(true);

	tell_object(teller, NULL);
	tell_truth(teller, "here", true);
	tell_end(teller);
	admin_request_finish(context, teller);
}

static void begin_wait(struct admin_request *request)
{
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "", request->body.len, 0, NULL);
	const json_t *token = json_object_get(body, "token"), *timeout = json_object_get(body, "timeout_ms");
	json_int_t timeout_ms = timeout == NULL ? TIMEOUT_MS : json_integer_value(timeout);

	if (!json_is_string(token) || (timeout != NULL && !json_is_integer(timeout)) || timeout_ms < 0 || timeout_ms > CORE_WAIT_MS_MAX) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "send {\"token\": \"…\", \"timeout_ms\": 0 to 60000}");
	} else {
		struct event event = {
			.type = EVENT_ASKED,
			.asked = { .ask = ASK_WAIT, .context = { json_string_value(token), json_string_length(token) }, .wait_ms = (uint64_t)timeout_ms },
		};

		turn_ask_for(request->admin->options.turn, &event, &(struct errand){ request, on_waited });
	}
	json_decref(body);
}

void admin_tokens_begin(struct admin_request *request, const char *url, const char *method)
{
	if (request->admin->options.turn == NULL)
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "there is no Redis here");
	else if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		admin_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "use POST");
	else if (request->is_too_large)
		admin_request_fail(request, 413, "the body is too large");
	else if (strcmp(url, WAIT) == 0)
		begin_wait(request);
	else
		turn_ask_for(request->admin->options.turn, &(struct event){ .type = EVENT_ASKED, .asked = { .ask = ASK_TOKEN } },
		             &(struct errand){ request, on_token });
}
