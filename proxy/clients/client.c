/* Client (see client.h). Most requests arrive whole, so they are read into memory that all clients share, and a quiet client holds no buffer. Only
 * the part of a request that was cut off, or requests of a client that is held up, are kept in the client's own IN. */
#include "client.h"

#include "connectors/net/channel.h"
#include "connectors/tls/tls.h"
#include "proxy/ops/logging.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#define READ_CHUNK 65536
#define READ_SHARED (256 * 1024)     /* into shared memory: the more at once, the fewer requests are cut off */
#define OUT_KEPT_MAX 16384           /* the memory of an empty OUT that is larger is freed */
#define FAILURES_EVERY_MS 10000
#define DUE_MAX 4096                 /* answers due to one client; with more it is held up */
#define TURN_REQUESTS_MAX 256        /* requests in one turn. The store then works on them while more are read. Measured to be faster than one
                                      * large turn, in which store, sidecar and clients wait for each other */
#define TURN_BYTES_MAX (256 * 1024)  /* likewise; and what a turn holds then stays in the processor's cache, here and in Redis */

static void client_on_readable(void *context);
static void client_on_writable(void *context);
static size_t client_take(struct client *client, struct slice input);

struct client *client_new(struct client_commons *commons, int fd, struct ssl_st *ssl)
{
	struct client *client = memory_new(sizeof(*client));
	client->commons = commons;
	client->limits = &commons->limits;
	client->parser = resp_requests_new();
	client->fd = fd;
	client->channel = channel_new(commons->loop, fd, commons->tls, ssl, &(struct channel_callbacks){ client, client_on_readable, client_on_writable });
	client->connected_ms = client->active_ms = turn_clock_now(commons->clock)->unix_ms;
	channel_read(client->channel, true);
	return client;
}

void client_free(struct client *client)
{
	channel_free(client->channel);
	resp_requests_free(client->parser);
	buffer_free(&client->in);
	buffer_free(&client->out);
	answers_free(&client->answers);
	memory_free(client);
}

void client_flag(struct client *client)
{
	if (client->is_flagged)
		return;
	client->is_flagged = true;
	client->next_flagged = client->commons->flagged;
	client->commons->flagged = client;
}

void client_reply(struct client *client, struct slice reply, bool is_muted)
{
	answers_add(&client->answers, reply, is_muted, &client->out);
	client_flag(client);
}

bool client_is_quiet(const struct client *client)
{
	return answers_due(&client->answers) == 0 && client->out.len == 0 && !channel_has_unsent(client->channel);
}

static void client_hold_up(struct client *client)
{
	client->is_held_up = true;
	channel_read(client->channel, false);
}

void client_stall(struct client *client)
{
	client->is_stalled = true;
	client_hold_up(client);
}

void client_listen(struct client *client)
{
	client->is_listened_to = true;
	channel_read(client->channel, true);
}

void client_defer(struct client *client)
{
	client->is_deferred = true;
	client_stall(client);
}

void client_resume(struct client *client)
{
	client->is_stalled = client->is_listened_to = false;
	client_flag(client);
}

void client_end(struct client *client, enum client_end end)
{
	if (end <= client->end)
		return;
	client->end = end;
	channel_read(client->channel, false);
	client_flag(client);
}

/* ---- in ---- */

static bool client_takes(const struct client *client)
{
	return client->end == CLIENT_STAYS && !client->is_held_up;
}

/* A half-closed connection still gets its answers, as a client that pipes a file in expects. */
static bool client_receive(struct client *client, char *room, size_t len, size_t *received)
{
	ssize_t got = channel_receive(client->channel, room, len);
	*received = got > 0 ? (size_t)got : 0;
	if (got > 0) {
		client->active_ms = turn_clock_now(client->commons->clock)->unix_ms;
		return true;
	}
	if (got == 0)
		client_end(client, CLIENT_ENDS);
	else if (errno != EAGAIN && errno != EINTR)
		client_end(client, CLIENT_DEAD);
	return false;
}

/* Takes the requests that IN holds, as far as it may. An empty IN is freed. */
static void client_take_kept(struct client *client)
{
	size_t used = client_take(client, buffer_slice(&client->in));
	client->in.len -= used;
	if (client->in.len == 0)
		buffer_free(&client->in);
	else if (used > 0)
		memmove(client->in.ptr, client->in.ptr + used, client->in.len);
	if (client->in.len > client->commons->settings->limits_client_query_bytes) {
		client->commons->counters->clients_closed_query++;
		client_end(client, CLIENT_DEAD);
	}
}

/* The handshake failed, or took too long. Anybody can make that happen as often as they like: one line in FAILURES_EVERY_MS tells of it. */
static void client_note_failure(struct client *client)
{
	struct client_commons *commons = client->commons;
	uint64_t now_ms = turn_clock_now(commons->clock)->steady_us / 1000, failures = tls_counts(commons->tls)->accept_failures;
	client_end(client, CLIENT_DEAD);
	if (commons->failures_told > 0 && now_ms < commons->failures_told_ms + FAILURES_EVERY_MS)
		return;
	log_warn("a client's TLS handshake failed", "client", client->peer, "why", channel_trouble(client->channel), "failures",
	         log_number((int64_t)(failures - commons->failures_told)));
	commons->failures_told = failures;
	commons->failures_told_ms = now_ms;
}

/* What it sends meanwhile is kept, up to a bound. Its end is seen behind that. */
static void client_hear(struct client *client)
{
	size_t received;
	if (client->in.len >= READ_SHARED) {
		channel_read(client->channel, false);
		return;
	}
	char *room = buffer_grow(&client->in, READ_CHUNK);
	(void)client_receive(client, room, READ_CHUNK, &received);
	client->in.len -= READ_CHUNK - received;
	if (client->end == CLIENT_ENDS)
		client_end(client, CLIENT_DEAD);
}

static void client_on_readable(void *context)
{
	struct client *client = context;
	size_t received;
	if (channel_has_failed(client->channel)) {
		client_note_failure(client);
		return;
	}
	if (client->is_held_up && client->is_listened_to)
		client_hear(client);
	if (client->is_held_up) {    /* the event is not the socket's: client_flush asked for another turn to catch up in */
		client_flag(client);
		return;
	}
	if (client->commons->is_store_behind) {
		client_hold_up(client);
		return;
	}
	if (client->in.len > 0) {
		char *room = buffer_grow(&client->in, READ_CHUNK);
		bool has_come = client_receive(client, room, READ_CHUNK, &received);
		client->in.len -= READ_CHUNK - received;
		if (has_come)
			client_take_kept(client);
		return;
	}
	struct buffer *scratch = &client->commons->scratch;
	buffer_reset(scratch);
	char *room = buffer_grow(scratch, READ_SHARED);
	if (!client_receive(client, room, READ_SHARED, &received))
		return;
	size_t used = client_take(client, (struct slice){ room, received });
	buffer_add(&client->in, (struct slice){ room + used, received - used });
}

/* The protocol is broken. The client gets all answers that are due, then the error, then the connection closes. */
static void client_reject(struct client *client, const char *error)
{
	struct buffer reply = { 0 };
	if (*error != '\0') {
		resp_add_error(&reply, error);
		client_reply(client, buffer_slice(&reply), false);
		buffer_free(&reply);
	}
	client_end(client, CLIENT_ENDS);
}

/* Hands the requests in INPUT to the session. Returns how many bytes they took. */
static size_t client_take(struct client *client, struct slice input)
{
	const struct client_callbacks *callbacks = &client->commons->callbacks;
	struct slice rest = input;
	while (client_takes(client) && rest.len > 0) {
		struct request request;
		size_t used;
		const char *error;
		enum resp_state state = resp_request_next(client->parser, client->limits, rest, &request, &used, &error);
		if (state == RESP_ERROR) {
			client_reject(client, error);
			return input.len;
		}
		if (state == RESP_MORE)
			break;
		struct slice from_here = rest;
		rest = (struct slice){ rest.ptr + used, rest.len - used };
		client->upcoming = rest;
		if (request.argc > 0)
			callbacks->request(callbacks->context, client, &request);
		if (client->is_deferred) {
			client->is_deferred = false;
			rest = from_here;
			break;
		}
		client->commons->request_bytes += used;
		if (++client->commons->requests == TURN_REQUESTS_MAX || client->commons->request_bytes >= TURN_BYTES_MAX)
			event_base_loopbreak(client->commons->loop);
		if (answers_due(&client->answers) >= DUE_MAX)
			client_hold_up(client);
	}
	return client->end == CLIENT_STAYS ? input.len - rest.len : input.len;
}

static bool client_can_catch_up(const struct client *client)
{
	return client->end == CLIENT_STAYS && client->is_held_up && !client->is_stalled && !client->commons->is_store_behind &&
	       answers_due(&client->answers) < DUE_MAX / 2;
}

void client_catch_up(struct client *client)
{
	if (!client_can_catch_up(client))
		return;
	client->is_held_up = false;
	client_take_kept(client);
	if (client_takes(client))
		channel_read(client->channel, true);
}

/* ---- out ---- */

static void client_on_writable(void *context)
{
	struct client *client = context;
	client->is_blocked = false;
	client_flag(client);
}

bool client_send(struct client *client)
{
	size_t left = client->out.len - client->out_sent;
	if (client->is_blocked || client->end == CLIENT_DEAD || left == 0)
		return true;
	ssize_t sent = channel_send(client->channel, &(struct iovec){ client->out.ptr + client->out_sent, left }, 1);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	client->out_sent += (size_t)sent;
	return true;
}

/* Drops what was sent from OUT. What was not is moved to the front once it is no longer than what was sent. */
static void client_trim_out(struct client *client)
{
	size_t left = client->out.len - client->out_sent;
	if (left > client->out_sent)
		return;
	if (left > 0)
		memmove(client->out.ptr, client->out.ptr + client->out_sent, left);
	client->out.len = left;
	client->out_sent = 0;
	if (left == 0 && client->out.cap > OUT_KEPT_MAX)
		buffer_free(&client->out);
}

void client_flush(struct client *client)
{
	if (client->end == CLIENT_DEAD)
		return;
	if (!client_send(client)) {
		client_end(client, CLIENT_DEAD);
		return;
	}
	client_trim_out(client);
	if (client->out.len - client->out_sent > client->commons->settings->limits_client_output_bytes) {
		client->commons->counters->clients_closed_output++;
		client_end(client, CLIENT_DEAD);
	} else if ((client->out.len > 0 || channel_has_unsent(client->channel)) && !client->is_blocked) {
		client->is_blocked = true;
		channel_write(client->channel, true);
	} else if (client->end == CLIENT_ENDS && client_is_quiet(client)) {
		client_end(client, CLIENT_DEAD);
	}
	/* It may go on, but found that out too late for this turn's catching up: so it asks for another turn. */
	if (client_can_catch_up(client))
		channel_wake(client->channel);
}
