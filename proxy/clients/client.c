/* Client (see client.h). Most requests arrive whole, so they are read into memory that all clients share, and a quiet client holds no buffer. Only
 * the part of a request that was cut off, or requests of a client that is held up, are kept in the client's own IN. */
#include "client.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK 65536
#define READ_SHARED (256 * 1024)     /* into shared memory: the more at once, the fewer requests are cut off */
#define OUT_KEPT_MAX 16384           /* the memory of an empty OUT that is larger is freed */
#define DUE_MAX 4096                 /* answers due to one client; with more it is held up */
#define TURN_REQUESTS_MAX 256        /* requests in one turn. The store then works on them while more are read. Measured to be faster than one
                                      * large turn, in which store, sidecar and clients wait for each other */
#define TURN_BYTES_MAX (256 * 1024)  /* likewise; and what a turn holds then stays in the processor's cache, here and in Redis */

static void client_on_readable(evutil_socket_t fd, short what, void *context);
static void client_on_writable(evutil_socket_t fd, short what, void *context);
static size_t client_take(struct client *client, struct slice input);

struct client *client_new(struct client_commons *commons, int fd)
{
	struct client *client = memory_new(sizeof(*client));
	client->commons = commons;
	client->fd = fd;
	client->limits = &commons->limits;
	client->parser = resp_requests_new();
	client->readable = event_new(commons->loop, fd, EV_READ | EV_PERSIST, client_on_readable, client);
	client->writable = event_new(commons->loop, fd, EV_WRITE, client_on_writable, client);
	client->connected_ms = client->active_ms = turn_clock_now(commons->clock)->unix_ms;
	event_add(client->readable, NULL);
	return client;
}

void client_free(struct client *client)
{
	event_free(client->readable);
	event_free(client->writable);
	close(client->fd);
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
	return answers_due(&client->answers) == 0 && client->out.len == 0;
}

static void client_hold_up(struct client *client)
{
	client->is_held_up = true;
	event_del(client->readable);
}

void client_stall(struct client *client)
{
	client->is_stalled = true;
	client_hold_up(client);
}

void client_defer(struct client *client)
{
	client->is_deferred = true;
	client_stall(client);
}

void client_resume(struct client *client)
{
	client->is_stalled = false;
	client_flag(client);
}

void client_end(struct client *client, enum client_end end)
{
	if (end <= client->end)
		return;
	client->end = end;
	event_del(client->readable);
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
	ssize_t got = read(client->fd, room, len);
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

static void client_on_readable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct client *client = context;
	size_t received;
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
		event_add(client->readable, NULL);
}

/* ---- out ---- */

static void client_on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct client *client = context;
	client->is_blocked = false;
	client_flag(client);
}

bool client_send(struct client *client)
{
	size_t left = client->out.len - client->out_sent;
	if (client->is_blocked || client->end == CLIENT_DEAD || left == 0)
		return true;
	ssize_t sent = send(client->fd, client->out.ptr + client->out_sent, left, MSG_NOSIGNAL);
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
	} else if (client->out.len > 0 && !client->is_blocked) {
		client->is_blocked = true;
		event_add(client->writable, NULL);
	} else if (client->end == CLIENT_ENDS && client_is_quiet(client)) {
		client_end(client, CLIENT_DEAD);
	}
	/* It may go on, but found that out too late for this turn's catching up: so it asks for another turn. */
	if (client_can_catch_up(client))
		event_active(client->readable, EV_READ, 0);
}
