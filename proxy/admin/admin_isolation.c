/* Admin isolation (see admin_isolation.h). The body is a JSON object:
 *   dc        which datacenter: this one or a peer
 *   order     begin, keep or heal
 *   id        a number, not 0, that whoever begins it chooses
 *   for_ms    begin: how long at most; 0, or left out: limits.isolation
 *   keep_ms   begin: how long it lasts without a keep
 *   by        who orders it, for the log
 * It needs the password that moving needs. */
#include "admin_isolation.h"

#include "admin_moves.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/homes/homes_isolation.h"

#include <jansson.h>

static void on_done(void *context, uint64_t token, struct slice reply)
{
	struct admin_request *request = context;

	(void)token;
	if (reply_is_error(reply)) {
		admin_homes_fail(request, MHD_HTTP_CONFLICT, (struct slice){ reply.ptr + 1, reply.len - 3 });
		return;
	}
	struct teller *teller = teller_json_new(false);

	tell_object(teller, NULL);
	tell_truth(teller, "done", true);
	tell_end(teller);
	admin_request_finish(request, teller);
}

static void on_refused(void *context, uint64_t token, struct slice error)
{
	(void)token;
	admin_homes_fail(context, MHD_HTTP_CONFLICT, error);
}

/* Left out: 0. False: it is no such number. */
static bool read_number(const json_t *body, const char *name, uint64_t *number)
{
	const json_t *value = json_object_get(body, name);

	*number = json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
	return value == NULL || (json_is_integer(value) && json_integer_value(value) >= 0);
}

static bool read_order(const json_t *body, struct isolation_order *order)
{
	const char *word = json_string_value(json_object_get(body, "order")), *by = json_string_value(json_object_get(body, "by"));

	*order = (struct isolation_order){ .by = slice_of(by != NULL ? by : "http") };
	return word != NULL && isolation_verb_read(slice_of(word), &order->verb) && read_number(body, "id", &order->id) && order->id != 0 &&
	       read_number(body, "for_ms", &order->for_ms) && read_number(body, "keep_ms", &order->keep_ms);
}

void admin_isolation(struct admin_request *request)
{
	struct isolation_order order;

	if (!admin_moves_are_allowed(request))
		return;
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "", request->body.len, 0, NULL);
	const char *dc = json_string_value(json_object_get(body, "dc"));

	if (dc == NULL || !read_order(body, &order))
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "the body says dc, order (begin, keep or heal), id (a number that is not 0), and to begin keep_ms, and for_ms if it shall be shorter than limits.isolation");
	else
		homes_isolate(request->admin->options.homes, slice_of(dc), &order, &(struct homes_asker){ .context = request, .answered = on_done, .refused = on_refused });
	json_decref(body);
}
