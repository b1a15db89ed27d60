/* Forwards (see forwards.h). */
#include "forwards.h"

#include "base/text.h"
#include "forward_form.h"
#include "homes_room.h"
#include "homes_words.h"

#include <assert.h>
#include <stdio.h>

#define MOVED "HOMEPORT MOVED "

struct forward {
	struct homes *homes;
	struct homes_asker asker;
	unsigned dc;                 /* where it was sent */
	unsigned protocol;           /* 2 or 3 */
	unsigned hops;               /* how often it was sent */
	struct forward_head head;    /* CLIENT is owned */
	struct buffer arguments;     /* as forward_add wants them */
	uint64_t argument_count;
	uint64_t len;                /* of the request that was sent */
	bool brings_scripts;         /* their texts: whoever does not know them now never will */
};

static bool forward_go(struct forward *forward, unsigned dc, struct buffer *error);
static void forward_free(void *item);
static void on_replied(void *context, void *item, struct slice reply);
static void on_failed(void *context, void *item, enum peer_failure failure, const char *why);

static struct forward *forward_new(struct homes *homes, const struct forward_head *head, unsigned protocol, const struct homes_asker *asker)
{
	struct forward *forward = memory_new(sizeof(*forward));
	*forward = (struct forward){ .homes = homes, .asker = *asker, .protocol = protocol, .head = *head };
	forward->head.client = buffer_copy(head->client);
	return forward;
}

static void forward_free(void *item)
{
	struct forward *forward = item;
	bytes_free(forward->head.client);
	buffer_free(&forward->arguments);
	memory_free(forward);
}

bool forwards_send(struct homes *homes, const struct effect *away, unsigned hops, const struct homes_asker *asker, struct buffer *error)
{
	struct forward_head head = {
		.db = away->away.db,
		.epoch = away->away.epoch,
		.mode = away->away.is_transaction ? FORWARD_MULTI : FORWARD_ONE,
		.client = away->away.client,
	};
	struct forward *forward = forward_new(homes, &head, away->away.protocol, asker);
	forward->hops = hops;
	forward->brings_scripts = away->away.brings_scripts;
	forward->argument_count = forward_add_commands(&forward->arguments, away->away.commands, away->away.count);
	if (forward_go(forward, away->away.dc, error))
		return true;
	forward_free(forward);
	return false;
}

bool forwards_send_order(struct homes *homes, unsigned dc, const struct forward_order *order, const struct homes_asker *asker, struct buffer *error)
{
	struct forward_head head = { .mode = order->mode, .client = { "", 0 } };
	struct forward *forward = forward_new(homes, &head, 2, asker);
	for (; forward->argument_count < FORWARD_ORDER_WORDS; forward->argument_count++)
		resp_add_bulk(&forward->arguments, order->words[forward->argument_count]);
	if (forward_go(forward, dc, error))
		return true;
	forward_free(forward);
	return false;
}

bool forwards_send_token(struct homes *homes, unsigned dc, const struct homes_asker *asker, struct buffer *error)
{
	struct forward_head head = { .mode = FORWARD_TOKEN, .client = { "", 0 } };
	struct forward *forward = forward_new(homes, &head, 2, asker);
	/* Nothing, as often as a row of the command table wants arguments. */
	for (; forward->argument_count < 3; forward->argument_count++)
		resp_add_bulk(&forward->arguments, SLICE(""));
	if (forward_go(forward, dc, error))
		return true;
	forward_free(forward);
	return false;
}

void forwards_endpoint(const struct sidecar_status *status, unsigned dc, struct endpoint *endpoint)
{
	const struct settings_peer *peer = &status->settings->peers[dc - 1];
	bool is_set = endpoint_set(endpoint, peer->address.host, peer->address.port, peer->address.is_tls ? status->tls : NULL, peer->tls_name);
	assert(is_set);              /* the configuration was checked */
}

static struct peer_link *link_to(struct homes *homes, unsigned dc, unsigned protocol)
{
	struct peer_link **link = &homes->links[dc][protocol == 3];
	const struct settings *settings = homes->options.status->settings;
	const struct settings_peer *peer = &settings->peers[dc - 1];
	if (*link != NULL)
		return *link;
	struct peer_link_options options = {
		.loop = homes->options.loop,
		.username = peer->username,
		.password = peer->password,
		.own_dc = settings->dc,
		.peer_dc = peer->name,
		.protocol = protocol == 3 ? 3 : 2,
		.timeout_ms = (uint32_t)settings->limits_forward_wait_ms,
		.bytes_max = settings->limits_forward_bytes,
	};
	forwards_endpoint(homes->options.status, dc, &options.endpoint);
	*link = peer_link_new(&options, &(struct peer_link_callbacks){ homes, on_replied, on_failed });
	return *link;
}

/* False: it was not sent, and is still the caller's. */
static bool forward_go(struct forward *forward, unsigned dc, struct buffer *error)
{
	struct homes *homes = forward->homes;
	const struct sidecar_status *status = homes->options.status;
	if (dc == 0 || dc >= status->dc_count || forward->hops >= HOMES_HOPS_MAX) {
		homes_add_redirect(error, status, dc);
		return false;
	}
	if (turn_is_isolated(homes->turn)) {
		homes_add_unreachable(error, status, dc, "this datacenter is cut off for a drill", false);
		return false;
	}
	struct buffer request = { 0 };
	forward->dc = dc;
	forward->hops++;
	forward->head.tag = ++homes->last_tag;
	forward_add(&request, &forward->head, buffer_slice(&forward->arguments), forward->argument_count);
	const char *why = peer_link_send(link_to(homes, dc, forward->protocol), forward->head.tag, forward, buffer_slice(&request));
	forward->len = request.len;
	buffer_free(&request);
	if (why == NULL) {
		homes->options.status->counters.forwarded_bytes += forward->len;
		return true;
	}
	homes->options.status->counters.forwards[FORWARD_RESULT_UNREACHABLE]++;
	homes_add_unreachable(error, status, dc, why, false);
	return false;
}

/* ---- answers ---- */

static void forward_refuse(struct forward *forward, const struct buffer *error)
{
	forward->asker.refused(forward->asker.context, forward->asker.token, buffer_slice(error));
	forward_free(forward);
}

void forwards_add_moved(struct buffer *out, const struct sidecar_status *status, unsigned dc, uint64_t epoch)
{
	buffer_add_format(out, MOVED "%s ", dc < status->dc_count ? status->dcs[dc] : "?");
	buffer_add_uint64(out, epoch);
}

/* False: REPLY does not say who is home. */
static bool moved_read(const struct sidecar_status *status, struct slice reply, unsigned *dc, uint64_t *epoch)
{
	static const struct slice start = { "-" MOVED, sizeof(MOVED) };
	int64_t number;
	if (reply.len < start.len + 2 || memcmp(reply.ptr, start.ptr, start.len) != 0)
		return false;
	struct slice rest = { reply.ptr + start.len, reply.len - start.len - 2 };
	struct slice name = slice_take_until(&rest, ' ');
	*dc = CORE_DC_UNKNOWN;
	for (unsigned i = 0; i < status->dc_count; i++)
		if (slice_equal(name, slice_of(status->dcs[i])))
			*dc = i;
	*epoch = slice_to_int64(rest, &number) ? (uint64_t)number : 0;
	return true;
}

/* The core has it again. The home is here: it has not heard of that yet, and waits until it has. Or the home does not know a script: its text is to go there. */
static void forward_return(struct forward *forward, bool is_here)
{
	struct homes *homes = forward->homes;
	struct resp_requests *parser = resp_requests_new();
	static const struct resp_limits any = { UINT32_MAX, UINT64_MAX / 4, UINT32_MAX };
	struct buffer bytes = { 0 };
	struct request request;
	struct forwarded forwarded;
	size_t used;
	const char *error;
	forward_add(&bytes, &forward->head, buffer_slice(&forward->arguments), forward->argument_count);
	if (!turn_is_open(homes->turn)) {
		forward->asker.refused(forward->asker.context, forward->asker.token, SLICE(CORE_STORE_AWAY));
	} else if (resp_request_next(parser, &any, buffer_slice(&bytes), &request, &used, &error) == RESP_READY && forward_read(&request, &forwarded, &error)) {
		struct event event = {
			.type = EVENT_REQUEST,
			.request = {
				.token = forward->asker.token,
				.db = forwarded.head.db,
				.protocol = forward->protocol,
				.commands = forwarded.commands,
				.rows = forwarded.rows,
				.count = forwarded.count,
				.is_transaction = forwarded.head.mode == FORWARD_MULTI,
				.client = forwarded.head.client,
				.is_forwarded = is_here,
				.forwarded_epoch = forwarded.head.epoch,
				.brings_scripts = !is_here,
			},
		};
		forward->asker.here(forward->asker.context, forward->asker.token, forward->hops);
		turn_request(homes->turn, &event);
		forwarded_free(&forwarded);
	}
	buffer_free(&bytes);
	resp_requests_free(parser);
	forward_free(forward);
}

static bool has_no_script(struct slice reply)
{
	static const struct slice start = { "-NOSCRIPT ", 10 };
	return reply.len >= start.len && memcmp(reply.ptr, start.ptr, start.len) == 0;
}

static void on_replied(void *context, void *item, struct slice reply)
{
	struct homes *homes = context;
	struct forward *forward = item;
	struct buffer error = { 0 };
	unsigned dc;
	uint64_t epoch;
	homes->options.status->counters.forwarded_bytes -= forward->len;
	if (has_no_script(reply) && forward->head.mode == FORWARD_ONE && !forward->brings_scripts && forward->hops < HOMES_HOPS_MAX) {
		forward_return(forward, false);
		return;
	}
	if (!moved_read(homes->options.status, reply, &dc, &epoch)) {
		homes->options.status->counters.forwards[FORWARD_RESULT_ANSWERED]++;
		if (forward->asker.from != NULL)
			forward->asker.from(forward->asker.context, forward->asker.token, forward->dc);
		forward->asker.answered(forward->asker.context, forward->asker.token, reply);
		forward_free(forward);
		return;
	}
	homes->options.status->counters.forwards[FORWARD_RESULT_MOVED]++;
	forward->head.epoch = epoch;
	if (dc == 0 && forward->head.mode <= FORWARD_MULTI && forward->hops < HOMES_HOPS_MAX)
		forward_return(forward, true);
	else if (!forward_go(forward, dc, &error))
		forward_refuse(forward, &error);
	buffer_free(&error);
}

static void on_failed(void *context, void *item, enum peer_failure failure, const char *why)
{
	struct homes *homes = context;
	struct forward *forward = item;
	struct buffer error = { 0 };
	homes->options.status->counters.forwarded_bytes -= forward->len;
	homes->options.status->counters.forwards[failure == PEER_UNKNOWN ? FORWARD_RESULT_UNKNOWN : FORWARD_RESULT_UNREACHABLE]++;
	homes_add_unreachable(&error, homes->options.status, forward->dc, why, failure == PEER_UNKNOWN);
	forward_refuse(forward, &error);
	buffer_free(&error);
}

void forwards_end(struct homes *homes)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++) {
		for (unsigned i = 0; i < 2; i++) {
			peer_link_free(homes->links[dc][i], forward_free);
			homes->links[dc][i] = NULL;
		}
	}
}
