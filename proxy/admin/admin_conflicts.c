/* Admin conflicts: /v1/conflicts, /v1/conflicts/report, /v1/conflicts/ID, /v1/explain (see admin_conflicts.h). Everybody may read, with values
 * redacted where the setting says so; resolving (admin_orders.c) needs the password. */
#include "admin_conflicts.h"

#include "admin_orders.h"
#include "base/text.h"
#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/conflicts_list.h"
#include "proxy/conflicts/conflicts_report.h"
#include "proxy/conflicts/conflicts_tell.h"
#include "proxy/conflicts/teller_json.h"

#include <stdlib.h>
#include <string.h>

#define ROOT "/v1/conflicts"
#define BODY_TOO_LARGE 413u
#define EXPLAIN "/v1/explain"
#define NO_ID "no conflict has this id: its record may have been dropped for its age, see conflicts.keep"

static void begin_list(struct admin_request *request);
static void begin_one(struct admin_request *request, const char *id);
static void begin_report(struct admin_request *request);
static void begin_explain(struct admin_request *request);
static void begin_post(struct admin_request *request, const char *rest);

bool admin_conflicts_own(const char *url)
{
	size_t len = strlen(ROOT);
	bool is_under = strncmp(url, ROOT, len) == 0 && (url[len] == '\0' || url[len] == '/');

	return is_under || strcmp(url, EXPLAIN) == 0;
}

void admin_conflicts_begin(struct admin_request *request, const char *url, const char *method)
{
	bool is_get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	const char *rest = url + strlen(ROOT);

	if (request->admin->options.conflicts == NULL)
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "there are no conflicts here");
	else if (request->is_too_large)
		admin_request_fail(request, BODY_TOO_LARGE, "the body is too large");
	else if (strcmp(url, EXPLAIN) == 0 && is_get)
		begin_explain(request);
	else if (strcmp(url, EXPLAIN) == 0)
		admin_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this can only be read, use GET or HEAD");
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
		begin_post(request, rest);
	else if (!is_get)
		admin_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "use GET to read, POST to resolve");
	else if (rest[0] == '\0' || strcmp(rest, "/") == 0)
		begin_list(request);
	else if (strcmp(rest, "/report") == 0)
		begin_report(request);
	else
		begin_one(request, rest + 1);
}

/* ---- who asks ---- */

static struct slice header_of(const struct admin_request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);

	return value != NULL ? slice_of(value) : (struct slice){ "", 0 };
}

static bool has_right(const struct admin_request *request)
{
	return conflicts_bearer_is_allowed(request->admin->options.status->settings, header_of(request, MHD_HTTP_HEADER_AUTHORIZATION));
}

static struct conflicts_view view_of(const struct admin_request *request, bool is_whole)
{
	const struct settings *settings = request->admin->options.status->settings;

	return (struct conflicts_view){
		.is_redacted = settings->conflicts_redact && !has_right(request),
		.value_bytes_max = is_whole ? 0 : settings->conflicts_value_bytes,
	};
}

/* ---- filters ---- */

struct filters {
	struct conflicts_query *query;
	struct buffer *error;
};

static enum MHD_Result take_filter(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct filters *filters = context;

	(void)kind;
	return conflicts_query_set(filters->query, slice_of(name), slice_of(value != NULL ? value : ""), filters->error) ? MHD_YES : MHD_NO;
}

/* False: the request was answered. */
static bool read_filters(struct admin_request *request, struct conflicts_query *query)
{
	struct buffer error = { 0 };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_filter, &(struct filters){ query, &error });
	if (error.len == 0)
		return true;
	buffer_add_byte(&error, '\0');
	admin_request_fail(request, MHD_HTTP_BAD_REQUEST, error.ptr);
	buffer_free(&error);
	conflicts_query_free(query);
	return false;
}

/* ---- answers ---- */

static void on_listed(void *context, const struct conflicts_page *page, const char *error)
{
	struct admin_request *request = context;

	if (page == NULL) {
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error);
		return;
	}
	struct conflicts_view view = view_of(request, false);
	struct teller *teller = teller_json_new(true);

	conflicts_answer_tell(page, &view, teller);
	admin_request_finish(request, teller);
}

static void on_found(void *context, const struct conflicts_page *page, const char *error)
{
	struct admin_request *request = context;
	struct record_scratch scratch = { 0 };
	struct record record;

	if (page == NULL) {
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error);
	} else if (page->count == 0 || !record_decode(page->items[0].bytes, &scratch, &record)) {
		admin_request_fail(request, MHD_HTTP_NOT_FOUND, NO_ID);
	} else {
		struct conflicts_view view = view_of(request, true);
		struct teller *teller = teller_json_new(true);

		conflict_tell(&record, &view, (struct slice){ "", 0 }, teller, NULL);
		admin_request_finish(request, teller);
	}
	memory_free(scratch.sides);
}

static void on_reported(void *context, const struct conflicts_report *report, const char *error)
{
	struct admin_request *request = context;

	if (report == NULL) {
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, error);
		return;
	}
	struct teller *teller = teller_json_new(true);

	conflicts_report_tell(report, teller);
	admin_request_finish(request, teller);
}

static void begin_list(struct admin_request *request)
{
	struct conflicts_query query = { 0 };

	if (read_filters(request, &query))
		conflicts_list(request->admin->options.conflicts, &query, &(struct conflicts_lister){ request, on_listed });
}

static void begin_one(struct admin_request *request, const char *id)
{
	struct conflicts_query query = { .count = 1 };

	buffer_add_text(&query.id, id);
	conflicts_list(request->admin->options.conflicts, &query, &(struct conflicts_lister){ request, on_found });
}

static void begin_report(struct admin_request *request)
{
	struct conflicts_query query = { 0 };

	if (read_filters(request, &query))
		conflicts_sum_up(request->admin->options.conflicts, &query, &(struct conflicts_reporter){ request, on_reported });
}

/* "/resolve" is for many, "/ID/resolve" for one. */
static void begin_post(struct admin_request *request, const char *rest)
{
	const char *slash = strrchr(rest, '/');

	if (slash == NULL || !admin_verb_is_known(slash + 1)) {
		admin_request_fail(request, MHD_HTTP_NOT_FOUND, "POST to /v1/conflicts/ID/resolve, …/ignore or …/retry, or without ID for many");
	} else if (!has_right(request)) {
		admin_request_fail(request, MHD_HTTP_UNAUTHORIZED, "resolving needs the header 'Authorization: Bearer PASSWORD' with conflicts.password");
	} else if (slash == rest) {
		admin_order(request, NULL, slash + 1);
	} else {
		char *id = strndup(rest + 1, (size_t)(slash - rest - 1));

		admin_order(request, id, slash + 1);
		free(id);
	}
}

/* ---- explaining ---- */

/* An array of "name: value" lines. */
static void tell_lines(struct slice reply, struct teller *teller)
{
	struct reply head, line;

	tell_object(teller, NULL);
	tell_list(teller, "lines");
	if (reply_read(&reply, &head) && head.type == REPLY_ARRAY) {
		for (int64_t left = head.integer; left > 0 && reply_read(&reply, &line); left--)
			tell_bytes(teller, NULL, line.text);
	}
	tell_end(teller);
	tell_end(teller);
}

static void on_explained(void *context, enum errand_end end, struct slice reply)
{
	struct admin_request *request = context;

	if (end == ERRAND_ANSWERED && !reply_is_error(reply)) {
		struct teller *teller = teller_json_new(true);

		tell_lines(reply, teller);
		admin_request_finish(request, teller);
	} else {
		admin_fail_by_reply(request, end, reply);
	}
}

static const char *argument_of(const struct admin_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void begin_explain(struct admin_request *request)
{
	const struct sidecar_status *status = request->admin->options.status;
	const char *key = argument_of(request, "key"), *field = argument_of(request, "field"), *db_text = argument_of(request, "db");
	int64_t db = 0;

	if (status->settings->conflicts_redact && !has_right(request)) {
		admin_request_fail(request, MHD_HTTP_UNAUTHORIZED, "values are redacted: this needs the header 'Authorization: Bearer PASSWORD' with conflicts.password");
	} else if (key == NULL) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "say which key: /v1/explain?key=KEY[&field=FIELD][&db=NUMBER]");
	} else if (db_text != NULL && (!slice_to_int64(slice_of(db_text), &db) || db < 0 || db > UINT16_MAX || (uint64_t)db == status->settings->redis_database)) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "db is no database of clients");
	} else {
		struct event event = {
			.type = EVENT_ASKED,
			.asked = {
				.ask = ASK_EXPLAIN,
				.db = (uint32_t)db,
				.key = slice_of(key),
				.is_field = field != NULL,
				.element = field != NULL ? slice_of(field) : (struct slice){ "", 0 },
			},
		};

		turn_ask_for(request->admin->options.turn, &event, &(struct errand){ request, on_explained });
	}
}
