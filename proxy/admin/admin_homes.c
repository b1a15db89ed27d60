/* Admin homes (see admin_homes.h). Everybody may read; moving needs the password that resolving conflicts needs. */
#include "admin_homes.h"

#include "base/text.h"
#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/homes/homes_changes.h"
#include "proxy/homes/homes_list.h"
#include "proxy/homes/homes_order.h"
#include "proxy/homes/homes_tell.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/v1/homes"
#define CHANGES ROOT "/changes"
#define WAIT_MS_MAX 60000
#define BODY_TOO_LARGE 413u

static void begin_list(struct admin_request *request);
static void begin_user(struct admin_request *request, const char *user);
static void begin_changes(struct admin_request *request);
static void begin_move(struct admin_request *request, const char *user);

bool admin_homes_own(const char *url)
{
	size_t len = strlen(ROOT);

	return strncmp(url, ROOT, len) == 0 && (url[len] == '\0' || url[len] == '/');
}

void admin_homes_begin(struct admin_request *request, const char *url, const char *method)
{
	bool is_get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	const char *rest = url + strlen(ROOT);

	if (request->admin->options.homes == NULL)
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "there are no homes here");
	else if (request->is_too_large)
		admin_request_fail(request, BODY_TOO_LARGE, "the body is too large");
	else if (is_get && (rest[0] == '\0' || strcmp(rest, "/") == 0))
		begin_list(request);
	else if (is_get && strcmp(url, CHANGES) == 0)
		begin_changes(request);
	else if (is_get)
		begin_user(request, rest + 1);
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && rest[0] == '/' && rest[1] != '\0' && strcmp(url, CHANGES) != 0)
		begin_move(request, rest + 1);
	else
		admin_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "use GET to read, POST " ROOT "/USER to move one");
}

/* An error of the core, or of another sidecar, without the word that is there for clients of Redis. */
static void fail(struct admin_request *request, unsigned status, struct slice error)
{
	struct buffer text = { 0 };
	static const struct slice start = { "HOMEPORT ", 9 };

	if (error.len > start.len && memcmp(error.ptr, start.ptr, start.len) == 0)
		error = (struct slice){ error.ptr + start.len, error.len - start.len };
	buffer_add(&text, error);
	buffer_add_byte(&text, '\0');
	admin_request_fail(request, status, text.ptr);
	buffer_free(&text);
}

/* ---- where users live ---- */

static void begin_user(struct admin_request *request, const char *user)
{
	const struct homes *homes = request->admin->options.homes;
	struct teller *teller = teller_json_new(false);

	if (homes_tell_user(homes, NULL, slice_of(user), teller)) {
		admin_request_finish(request, teller);
		return;
	}
	struct buffer nothing = { 0 };

	teller_json_finish(teller, &nothing);
	buffer_free(&nothing);
	bool is_away = request->admin->options.status->core == NULL;

	fail(request, is_away ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_NOT_FOUND, slice_of(homes_unknown_user(homes)));
}

struct reading_homes {
	const struct homes *homes;
	struct teller *teller;
	struct homes_query query;
	unsigned users;
	const char *error;
};

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct reading_homes *reading = context;
	struct slice text = slice_of(value != NULL ? value : "");

	(void)kind;
	if (strcmp(name, "user") == 0) {
		reading->users++;
		if (!homes_tell_user(reading->homes, NULL, text, reading->teller))
			reading->error = homes_unknown_user(reading->homes);
		return reading->error == NULL ? MHD_YES : MHD_NO;
	}
	return homes_query_set(&reading->query, slice_of(name), text, &reading->error) ? MHD_YES : MHD_NO;
}

static void on_listed(void *context, const struct slice *reply, struct slice error)
{
	struct admin_request *request = context;
	struct teller *teller = teller_json_new(false);

	if (reply != NULL && homes_list_tell(request->admin->options.homes, *reply, teller)) {
		admin_request_finish(request, teller);
		return;
	}
	struct buffer nothing = { 0 };

	teller_json_finish(teller, &nothing);
	buffer_free(&nothing);
	fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error.len > 0 ? error : SLICE("Redis does not answer with homes"));
}

/* ?user=A&user=B: these; else ?cursor=&match=&count=: those who have a home of their own. */
static void begin_list(struct admin_request *request)
{
	struct reading_homes reading = { .homes = request->admin->options.homes, .teller = teller_json_new(false) };
	struct buffer nothing = { 0 };

	tell_object(reading.teller, NULL);
	tell_list(reading.teller, "homes");
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_argument, &reading);
	tell_end(reading.teller);
	tell_end(reading.teller);
	if (reading.error == NULL && reading.users > 0) {
		admin_request_finish(request, reading.teller);
		return;
	}
	teller_json_finish(reading.teller, &nothing);
	buffer_free(&nothing);
	if (reading.error != NULL)
		fail(request, MHD_HTTP_BAD_REQUEST, slice_of(reading.error));
	else
		homes_list(request->admin->options.homes, &reading.query, &(struct homes_lister){ request, on_listed });
}

/* ---- changes ---- */

/* The version that the client knows; false: none that is known here. Quotes of an ETag are left out. */
static bool known_version(const struct admin_request *request, uint64_t *version)
{
	const char *tag = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	struct slice text = slice_of(tag != NULL ? tag : "");

	if (text.len >= 2 && text.ptr[0] == 'W' && text.ptr[1] == '/')
		text = (struct slice){ text.ptr + 2, text.len - 2 };
	if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
		text = (struct slice){ text.ptr + 1, text.len - 2 };
	return homes_changes_read_tag(homes_changes_of(request->admin->options.homes), text, version);
}

static void tell_changes(void *context)
{
	struct admin_request *request = context;
	struct homes *homes = request->admin->options.homes;
	struct homes_changes *changes = homes_changes_of(homes);
	uint64_t version = 0;
	bool is_known = known_version(request, &version);
	struct buffer tag = { 0 };

	buffer_add_byte(&tag, '"');
	homes_changes_add_tag(&tag, changes);
	buffer_add_byte(&tag, '"');
	slice_to_text(request->answer.tag, sizeof(request->answer.tag), buffer_slice(&tag));
	buffer_free(&tag);
	if (is_known && version == homes_changes_version(changes)) {
		request->answer.status = MHD_HTTP_NOT_MODIFIED;
		admin_request_end(request);
		return;
	}
	struct teller *teller = teller_json_new(false);

	homes_tell_changes(homes, is_known, version, teller);
	admin_request_finish(request, teller);
}

/* ?wait=30s or 500ms, at most a minute; a client that knows all is answered once it does not, or when that time is over. */
static void begin_changes(struct admin_request *request)
{
	struct homes_changes *changes = homes_changes_of(request->admin->options.homes);
	const char *wait = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "wait");
	uint64_t version, wait_ms = 0;
	char *end = NULL;

	if (wait != NULL) {
		wait_ms = strtoull(wait, &end, 10);
		bool is_in_ms = strcmp(end, "ms") == 0;

		if (end == wait || (!is_in_ms && strcmp(end, "s") != 0) || wait_ms > WAIT_MS_MAX || (wait_ms *= is_in_ms ? 1 : 1000) > WAIT_MS_MAX) {
			admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "wait is a time up to 60s: 30s or 500ms");
			return;
		}
	}
	if (wait_ms > 0 && known_version(request, &version) && version == homes_changes_version(changes))
		homes_changes_wait(changes, (uint32_t)wait_ms, tell_changes, request);
	else
		tell_changes(request);
}

/* ---- moving ---- */

static void on_moved(void *context, uint64_t token, struct slice reply)
{
	struct admin_request *request = context;
	struct teller *teller = teller_json_new(false);

	(void)token;
	if (reply_is_error(reply)) {
		struct buffer nothing = { 0 };

		teller_json_finish(teller, &nothing);
		buffer_free(&nothing);
		fail(request, MHD_HTTP_CONFLICT, (struct slice){ reply.ptr + 1, reply.len - 3 });
		return;
	}
	homes_move_tell(reply, teller);
	admin_request_finish(request, teller);
}

static void on_refused(void *context, uint64_t token, struct slice error)
{
	(void)token;
	fail(context, MHD_HTTP_CONFLICT, error);
}

/* {"to": "eu", "hold_ms": 500, "force": false, "by": "who"}. As a page of another site can make a browser send a form, but not a body of this type, it cannot move anybody. */
static void begin_move(struct admin_request *request, const char *user)
{
	const struct settings *settings = request->admin->options.status->settings;
	const char *type = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *authorization = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	json_error_t wrong;

	if (!conflicts_bearer_is_allowed(settings, slice_of(authorization != NULL ? authorization : ""))) {
		admin_request_fail(request, MHD_HTTP_UNAUTHORIZED, "send the password: Authorization: Bearer PASSWORD (the setting conflicts.password)");
		return;
	}
	if (type == NULL || strncasecmp(type, "application/json", strlen("application/json")) != 0) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "send a body of Content-Type: application/json");
		return;
	}
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "{}", request->body.len > 0 ? request->body.len : 2, 0, &wrong);
	const json_t *to = json_object_get(body, "to"), *hold = json_object_get(body, "hold_ms"), *by = json_object_get(body, "by");
	const json_t *force = json_object_get(body, "force");
	json_int_t hold_ms = hold != NULL && json_is_integer(hold) ? json_integer_value(hold) : hold != NULL ? -1 : 0;

	if (!json_is_string(to) || hold_ms < 0 || hold_ms > HOMES_HOLD_MS_MAX || (by != NULL && !json_is_string(by)) || (force != NULL && !json_is_boolean(force))) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "the body is {\"to\": \"DATACENTER\"}, and may have hold_ms, a number up to 60000, force, true or false, and by, a text");
	} else {
		struct homes_order order = {
			.user = slice_of(user),
			.dc = slice_of(json_string_value(to)),
			.hold_ms = (uint32_t)hold_ms,
			.is_forced = json_is_true(force),
			.by = slice_of(by != NULL ? json_string_value(by) : "http"),
		};

		homes_order(request->admin->options.homes, &order, &(struct homes_asker){ .context = request, .answered = on_moved, .refused = on_refused });
	}
	json_decref(body);
}
