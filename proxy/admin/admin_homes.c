/* Admin homes (see admin_homes.h). Everybody may read; moving needs the password that resolving conflicts needs. */
#include "admin_homes.h"

#include "admin_drill.h"
#include "admin_isolation.h"
#include "admin_moves.h"
#include "base/text.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/homes/homes_asked.h"
#include "proxy/homes/homes_batch.h"
#include "proxy/homes/homes_changes.h"
#include "proxy/homes/homes_list.h"
#include "proxy/homes/homes_tell.h"
#include "proxy/homes/homes_users.h"

#include <stdlib.h>
#include <string.h>

#define ROOT "/v1/homes"
#define CHANGES ROOT "/changes"
#define USERS ROOT "/users"
#define DRILL ROOT "/drill"
#define ISOLATION ROOT "/isolation"
#define WAIT_MS_MAX 60000
#define BODY_TOO_LARGE 413u

static void begin_list(struct admin_request *request);
static void begin_user(struct admin_request *request, const char *user);
static void begin_changes(struct admin_request *request);
static void begin_users(struct admin_request *request);

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
	else if (is_get && strcmp(url, USERS) == 0)
		begin_users(request);
	else if (is_get)
		begin_user(request, rest + 1);
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && strcmp(url, DRILL) == 0)
		admin_drill(request);
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && strcmp(url, ISOLATION) == 0)
		admin_isolation(request);
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && strcmp(url, CHANGES) != 0 && strcmp(url, USERS) != 0)
		admin_move(request, rest[0] == '/' && rest[1] != '\0' ? rest + 1 : NULL);
	else
		admin_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "use GET to read, POST " ROOT "/USER to move one, POST " ROOT " to move several");
}

/* ---- where users live ---- */

static void begin_user(struct admin_request *request, const char *user)
{
	const struct homes *homes = request->admin->options.homes;
	struct teller *teller = teller_json_new(false);

	if (homes_tell_user(homes, NULL, slice_of(user), teller)) {
		request->answer.home = homes_place(homes, slice_of(user));
		admin_request_finish(request, teller);
		return;
	}
	teller_json_drop(teller);
	bool is_away = request->admin->options.status->core == NULL;

	admin_homes_fail(request, is_away ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_NOT_FOUND, slice_of(homes_unknown_user(homes)));
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
	if (strcmp(name, "key") == 0) {
		reading->users++;
		if (!homes_tell_key(reading->homes, text, reading->teller))
			reading->error = "HOMEPORT no pattern under `homes` is about this key";
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
	teller_json_drop(teller);
	admin_homes_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error.len > 0 ? error : SLICE("Redis does not answer with homes"));
}

/* ?user=A&user=B: these; ?key=K: whoever has that key; else ?cursor=&match=&count=: those who have a home of their own. */
static void begin_list(struct admin_request *request)
{
	struct reading_homes reading = { .homes = request->admin->options.homes, .teller = teller_json_new(false) };

	tell_object(reading.teller, NULL);
	tell_list(reading.teller, "homes");
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_argument, &reading);
	tell_end(reading.teller);
	tell_end(reading.teller);
	if (reading.error == NULL && reading.users > 0) {
		admin_request_finish(request, reading.teller);
		return;
	}
	teller_json_drop(reading.teller);
	if (reading.error != NULL)
		admin_homes_fail(request, MHD_HTTP_BAD_REQUEST, slice_of(reading.error));
	else
		homes_list(request->admin->options.homes, &reading.query, &(struct homes_lister){ request, on_listed });
}

/* ---- users of one datacenter ---- */

struct reading_users { struct homes_query query; const char *home; int64_t db; const char *error; };

static enum MHD_Result take_word(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct reading_users *reading = context;
	struct slice text = slice_of(value != NULL ? value : "");

	(void)kind;
	if (strcmp(name, "home") == 0)
		reading->home = value;
	else if (strcmp(name, "db") != 0)
		return homes_query_set(&reading->query, slice_of(name), text, &reading->error) ? MHD_YES : MHD_NO;
	else if (!slice_to_int64(text, &reading->db) || reading->db < 0 || reading->db > UINT16_MAX)
		reading->error = "db is the number of a database of clients";
	return reading->error == NULL ? MHD_YES : MHD_NO;
}

/* What is asked for; NULL error: it is sound. */
static struct reading_users read_users(const struct admin_request *request, unsigned *dc)
{
	const struct sidecar_status *status = request->admin->options.status;
	struct reading_users reading = { .db = 0 };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_word, &reading);
	for (*dc = 0; reading.home != NULL && *dc < status->dc_count && strcmp(status->dcs[*dc], reading.home) != 0;)
		++*dc;
	if (reading.error == NULL && (reading.home == NULL || *dc == status->dc_count))
		reading.error = "say whose users: ?home=DATACENTER, this one or a peer";
	if (reading.error == NULL && (uint64_t)reading.db == status->settings->redis_database)
		reading.error = "db is the number of a database of clients";
	return reading;
}

static void on_users(void *context, const struct slice *reply, struct slice error)
{
	struct admin_request *request = context;
	struct teller *teller = teller_json_new(false);
	unsigned dc;
	struct reading_users reading = read_users(request, &dc);

	if (reply != NULL && homes_users_tell(request->admin->options.homes, *reply, dc, reading.query.match, teller)) {
		admin_request_finish(request, teller);
		return;
	}
	teller_json_drop(teller);
	admin_homes_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error.len > 0 ? error : SLICE("Redis does not answer with keys"));
}

/* ?home=DC&cursor=&match=&count=&db=: those who have keys and live there. */
static void begin_users(struct admin_request *request)
{
	unsigned dc;
	struct reading_users reading = read_users(request, &dc);

	if (reading.error != NULL)
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, reading.error);
	else
		homes_users(request->admin->options.homes, (uint32_t)reading.db, &reading.query, &(struct homes_lister){ request, on_users });
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

void admin_homes_forget(struct admin_request *request)
{
	homes_batches_forget(request->admin->options.homes, request);
	homes_forget(request->admin->options.homes, request);
}
