/* Admin moves (see admin_moves.h). The body is a JSON object:
 *   to        the datacenter that is to be the home
 *   hold_ms   how long the user's writes may wait; 0, or left out: limits.hold
 *   force     true: a take-over, as the home is dead
 *   now       true, with force: even if it may be alive
 *   by        who orders it, for the log
 *   users     where the path names none: who is moved, at most HOMES_BATCH_MAX
 * Moving needs the password that resolving conflicts needs. */
#include "admin_moves.h"

#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/homes/homes_batch.h"
#include "proxy/homes/homes_tell.h"

#include <jansson.h>
#include <string.h>

void admin_homes_fail(struct admin_request *request, unsigned status, struct slice error)
{
	static const struct slice start = { "HOMEPORT ", 9 };

	if (error.len > start.len && memcmp(error.ptr, start.ptr, start.len) == 0)
		error = (struct slice){ error.ptr + start.len, error.len - start.len };
	admin_request_fail_with(request, status, error);
}

/* ---- answers ---- */

static void on_moved(void *context, uint64_t token, struct slice reply)
{
	struct admin_request *request = context;

	(void)token;
	if (reply_is_error(reply)) {
		admin_homes_fail(request, MHD_HTTP_CONFLICT, (struct slice){ reply.ptr + 1, reply.len - 3 });
		return;
	}
	struct teller *teller = teller_json_new(false);

	homes_move_tell(reply, teller);
	admin_request_finish(request, teller);
}

static void on_refused(void *context, uint64_t token, struct slice error)
{
	(void)token;
	admin_homes_fail(context, MHD_HTTP_CONFLICT, error);
}

static void on_batch(void *context, struct homes_batch *batch)
{
	struct teller *teller = teller_json_new(false);

	homes_batch_tell(batch, teller);
	homes_batch_free(batch);
	admin_request_finish(context, teller);
}

/* ---- the body ---- */

bool admin_moves_are_allowed(struct admin_request *request)
{
	const struct settings *settings = request->admin->options.status->settings;
	const char *authorization = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	if (!conflicts_bearer_is_allowed(settings, slice_of(authorization != NULL ? authorization : "")))
		admin_request_fail(request, MHD_HTTP_UNAUTHORIZED, "send the password: Authorization: Bearer PASSWORD (the setting conflicts.password)");
	else if (!admin_request_is_json(request))
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, ADMIN_NO_JSON);
	else
		return true;
	return false;
}

static bool read_order(const json_t *body, struct homes_order *order)
{
	const json_t *to = json_object_get(body, "to"), *hold = json_object_get(body, "hold_ms"), *by = json_object_get(body, "by");
	const json_t *force = json_object_get(body, "force"), *now = json_object_get(body, "now");
	json_int_t hold_ms = hold == NULL ? 0 : json_is_integer(hold) ? json_integer_value(hold) : -1;

	if (!json_is_string(to) || hold_ms < 0 || hold_ms > HOMES_HOLD_MS_MAX || (by != NULL && !json_is_string(by)) || (force != NULL && !json_is_boolean(force)) ||
	    (now != NULL && !json_is_boolean(now)) || (json_is_true(now) && !json_is_true(force)))
		return false;
	order->dc = slice_of(json_string_value(to));
	order->hold_ms = (uint32_t)hold_ms;
	order->is_forced = json_is_true(force);
	order->is_now = json_is_true(now);
	order->by = slice_of(by != NULL ? json_string_value(by) : "http");
	return true;
}

/* False: they are no such list. */
static bool move_users(struct admin_request *request, const json_t *users, const struct homes_order *order)
{
	struct slice names[HOMES_BATCH_MAX];
	const json_t *user;
	size_t i;

	if (!json_is_array(users) || json_array_size(users) > HOMES_BATCH_MAX)
		return false;
	json_array_foreach(users, i, user) {
		if (!json_is_string(user))
			return false;
		names[i] = (struct slice){ json_string_value(user), json_string_length(user) };
	}
	homes_batch(request->admin->options.homes, names, (unsigned)json_array_size(users), order, &(struct homes_batcher){ request, on_batch });
	return true;
}

void admin_move(struct admin_request *request, const char *user)
{
	struct homes_order order = { .user = slice_of(user != NULL ? user : "") };

	if (!admin_moves_are_allowed(request))
		return;
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "{}", request->body.len > 0 ? request->body.len : 2, 0, NULL);

	if (!read_order(body, &order))
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "the body is {\"to\": \"DATACENTER\"}, and may have hold_ms, a number up to 60000, force, true or false, with it now, likewise, and by, a text");
	else if (user != NULL)
		homes_order(request->admin->options.homes, &order, &(struct homes_asker){ .context = request, .answered = on_moved, .refused = on_refused });
	else if (!move_users(request, json_object_get(body, "users"), &order))
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "say who: users is a list of at most 1000 texts");
	json_decref(body);
}
