/* Admin orders: resolving conflicts over HTTP (see admin_orders.h). The body is a JSON object:
 *   choice, with, with_encoding   how (resolve only): conflicts_choice.h; with_encoding "base64": WITH is base64
 *   by                            who does it, for the record
 *   filter                        which conflicts, where no id is given: an object of the words of conflicts_query.h */
#include "admin_orders.h"

#include "base/text.h"
#include "base/base64.h"
#include "proxy/conflicts/conflicts_bulk.h"
#include "proxy/conflicts/conflicts_choice.h"
#include "proxy/conflicts/teller_json.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

static const struct {
	const char *verb;
	enum ask ask;
	bool has_choice;
} verbs[] = {
	{ "resolve", ASK_RESOLVE, true },
	{ "ignore", ASK_RESOLVE, false },
	{ "retry", ASK_RETRY, false },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static size_t verb_find(const char *verb)
{
	size_t i = 0;

	while (i < VERB_COUNT && strcmp(verbs[i].verb, verb) != 0)
		i++;
	return i;
}

bool admin_verb_is_known(const char *verb)
{
	return verb_find(verb) < VERB_COUNT;
}

/* What a body asks for. */
struct ordered {
	struct conflicts_order order;    /* slices point into these buffers */
	struct buffer word, with, by;
	struct conflicts_query query;
	bool has_filter;
};

static void ordered_free(struct ordered *ordered)
{
	buffer_free(&ordered->word);
	buffer_free(&ordered->with);
	buffer_free(&ordered->by);
	conflicts_query_free(&ordered->query);
}

/* ---- the body ---- */

static bool take_text(const json_t *body, const char *name, struct buffer *place, struct buffer *error)
{
	const json_t *value = json_object_get(body, name);

	if (value == NULL)
		return true;
	if (!json_is_string(value)) {
		buffer_add_format(error, "%s is no string", name);
		return false;
	}
	buffer_add(place, (struct slice){ json_string_value(value), json_string_length(value) });
	return true;
}

static bool decode_with(const json_t *body, struct buffer *with, struct buffer *error)
{
	struct buffer encoding = { 0 }, bytes = { 0 };
	bool is_fine = take_text(body, "with_encoding", &encoding, error);

	if (is_fine && encoding.len > 0) {
		is_fine = slice_equal(buffer_slice(&encoding), SLICE("base64")) && base64_decode(buffer_slice(with), &bytes);
		buffer_free(with);
		*with = bytes;
		bytes = (struct buffer){ 0 };
		if (!is_fine)
			buffer_add_text(error, "with is not base64, which is the only with_encoding there is");
	}
	buffer_free(&encoding);
	buffer_free(&bytes);
	return is_fine;
}

static bool read_choice(const json_t *body, struct ordered *ordered, struct buffer *error)
{
	bool has_with = json_object_get(body, "with") != NULL;

	if (!take_text(body, "choice", &ordered->word, error) || !take_text(body, "with", &ordered->with, error) ||
	    !decode_with(body, &ordered->with, error))
		return false;
	struct slice with = has_with ? buffer_slice(&ordered->with) : (struct slice){ NULL, 0 };

	if (has_with && with.ptr == NULL)
		with.ptr = "";
	return conflicts_choice_read(buffer_slice(&ordered->word), with, &ordered->order, error);
}

static bool read_filter(json_t *body, struct ordered *ordered, struct buffer *error)
{
	json_t *filter = json_object_get(body, "filter"), *value;
	const char *name;

	ordered->has_filter = filter != NULL;
	json_object_foreach(filter, name, value) {
		struct buffer text = { 0 };

		if (json_is_integer(value))
			buffer_add_int64(&text, json_integer_value(value));
		else if (json_is_string(value))
			buffer_add(&text, (struct slice){ json_string_value(value), json_string_length(value) });
		bool is_fine = conflicts_query_set(&ordered->query, slice_of(name), buffer_slice(&text), error);

		buffer_free(&text);
		if (!is_fine)
			return false;
	}
	return true;
}

static void add_by(const struct admin_request *request, struct buffer *by)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char address[INET6_ADDRSTRLEN] = "unknown";

	if (info != NULL && info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, address, sizeof(address));
	else if (info != NULL && info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, address, sizeof(address));
	if (by->len == 0)
		buffer_add_text(by, "http");
	buffer_add_byte(by, '@');
	buffer_add_text(by, address);
}

static bool read_body(const struct admin_request *request, size_t verb, struct ordered *ordered, struct buffer *error)
{
	json_error_t wrong;

	if (!admin_request_is_json(request)) {
		buffer_add_text(error, ADMIN_NO_JSON);
		return false;
	}
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "{}", request->body.len > 0 ? request->body.len : 2, 0, &wrong);

	if (!json_is_object(body))
		buffer_add_text(error, "the body is no JSON object");
	ordered->order = (struct conflicts_order){ .ask = verbs[verb].ask, .choice = CHOICE_WINNER, .value = { "", 0 } };
	bool is_fine = json_is_object(body) && take_text(body, "by", &ordered->by, error) && read_filter(body, ordered, error) &&
	               (!verbs[verb].has_choice || read_choice(body, ordered, error));

	json_decref(body);
	if (is_fine)
		add_by(request, &ordered->by);
	ordered->order.by = buffer_slice(&ordered->by);
	return is_fine;
}

/* ---- answers ---- */

void admin_fail_by_reply(struct admin_request *request, enum errand_end end, struct slice reply)
{
	if (end == ERRAND_ANSWERED && reply.len >= 3)
		reply = (struct slice){ reply.ptr + 1, reply.len - 3 };
	if (end == ERRAND_LOST)
		admin_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, CONFLICTS_STORE_AWAY);
	else
		admin_request_fail_with(request, MHD_HTTP_CONFLICT, reply);
}

static void finish(struct admin_request *request, const struct conflicts_tally *tally)
{
	struct teller *teller = teller_json_new(true);

	tell_object(teller, NULL);
	tell_number(teller, "done", tally->done);
	tell_number(teller, "refused", tally->refused);
	if (tally->error.len > 0)
		tell_bytes(teller, "error", tally->error);
	else
		tell_nothing(teller, "error");
	tell_truth(teller, "has_more", tally->has_more);
	tell_end(teller);
	admin_request_finish(request, teller);
}

static void on_ordered(void *context, const struct conflicts_tally *tally, const char *error)
{
	if (tally == NULL)
		admin_request_fail(context, MHD_HTTP_SERVICE_UNAVAILABLE, error);
	else
		finish(context, tally);
}

static void on_asked(void *context, enum errand_end end, struct slice reply)
{
	if (end == ERRAND_ANSWERED && !reply_is_error(reply))
		finish(context, &(struct conflicts_tally){ .done = 1 });
	else
		admin_fail_by_reply(context, end, reply);
}

static void order_one(struct admin_request *request, const char *id, const struct conflicts_order *order)
{
	struct event event = {
		.type = EVENT_ASKED,
		.asked = {
			.ask = order->ask,
			.choice = order->choice,
			.value = order->value,
			.by = order->by,
			.id = slice_of(id),
		},
	};

	turn_ask_for(request->admin->options.turn, &event, &(struct errand){ request, on_asked });
}

void admin_order(struct admin_request *request, const char *id, const char *verb)
{
	struct ordered ordered = { .has_filter = false };
	struct buffer error = { 0 };

	if (!read_body(request, verb_find(verb), &ordered, &error)) {
		buffer_add_byte(&error, '\0');
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, error.ptr);
	} else if (ordered.has_filter == (id != NULL)) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, id != NULL ? "an id is enough, leave the filter out" : "say which with a filter, {} for all that are open");
	} else if (id != NULL) {
		order_one(request, id, &ordered.order);
	} else {
		conflicts_order(request->admin->options.conflicts, &ordered.query, &ordered.order, &(struct conflicts_orderer){ request, on_ordered });
	}
	buffer_free(&error);
	ordered_free(&ordered);
}
