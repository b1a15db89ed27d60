/* Each connection is a relay between two channels: the client's, by TLS, and one end of a socket pair, whose other end the HTTP server has. What one side
 * receives waits in the other's OUT; a side whose counterpart holds too much is not read from. */
#include "https.h"

#include "connectors/net/channel.h"
#include "connectors/tls/tls.h"
#include "proxy/clients/client_listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 16384
#define WAITING_BYTES (256 * 1024)       /* with more in OUT its counterpart is not read from */

struct side {
	struct relay *relay;
	struct channel *channel;     /* owned */
	struct buffer out;           /* owned */
	bool is_at_end;              /* it sends no more */
};

struct relay {
	struct https *https;
	struct relay *next, **link;  /* among all */
	struct side client, server;
};

struct https {
	struct https_options options;
	struct client_listener *listener;    /* owned */
	struct relay *relays;
};

static void on_accepted(void *context, int fd, bool is_tls);
static void on_readable(void *context);
static void on_writable(void *context);
static void relay_free(struct relay *relay);

struct https *https_new(const struct https_options *options, struct buffer *error)
{
	struct https *https = memory_new(sizeof(*https));

	https->options = *options;
	https->listener = client_listener_new(options->loop, &(struct client_listener_options){ options->address, true, 0, on_accepted, https }, error);
	if (https->listener != NULL)
		return https;
	memory_free(https);
	return NULL;
}

void https_free(struct https *https)
{
	if (https == NULL)
		return;
	client_listener_free(https->listener);
	while (https->relays != NULL)
		relay_free(https->relays);
	memory_free(https);
}

static void on_accepted(void *context, int fd, bool is_tls)
{
	struct https *https = context;
	int pair[2];

	(void)is_tls;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
		close(fd);
		return;
	}
	struct relay *relay = memory_new(sizeof(*relay));
	struct side *client = &relay->client, *server = &relay->server;

	relay->https = https;
	relay->next = https->relays;
	relay->link = &https->relays;
	if (relay->next != NULL)
		relay->next->link = &relay->next;
	https->relays = relay;
	client->relay = server->relay = relay;
	client->channel = channel_new(https->options.loop, fd, https->options.tls, tls_accept(https->options.tls),
	                              &(struct channel_callbacks){ client, on_readable, on_writable });
	server->channel = channel_new(https->options.loop, pair[0], NULL, NULL, &(struct channel_callbacks){ server, on_readable, on_writable });
	channel_read(client->channel, true);
	channel_read(server->channel, true);
	https->options.accept(https->options.context, pair[1], fd);
}

static struct side *other_side(struct side *side)
{
	return side == &side->relay->client ? &side->relay->server : &side->relay->client;
}

/* Whatever ends first, the server's answer goes out whole. */
static void on_readable(void *context)
{
	struct side *side = context, *other = other_side(side);
	char *room = buffer_grow(&other->out, READ_BYTES);
	ssize_t got = channel_receive(side->channel, room, READ_BYTES);

	other->out.len -= READ_BYTES - (got > 0 ? (size_t)got : 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		relay_free(side->relay);
		return;
	}
	side->is_at_end = got == 0;
	if (side->is_at_end || other->out.len > WAITING_BYTES)
		channel_read(side->channel, false);
	channel_write(other->channel, true);
}

static void on_writable(void *context)
{
	struct side *side = context, *other = other_side(side);
	ssize_t sent = side->out.len > 0 ? channel_send(side->channel, &(struct iovec){ side->out.ptr, side->out.len }, 1) : 0;

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		relay_free(side->relay);
		return;
	}
	size_t left = side->out.len - (sent > 0 ? (size_t)sent : 0);

	if (sent > 0 && left > 0)
		memmove(side->out.ptr, side->out.ptr + sent, left);
	side->out.len = left;
	if (left > 0 || channel_has_unsent(side->channel)) {
		channel_write(side->channel, true);
		return;
	}
	if (!other->is_at_end)
		channel_read(other->channel, true);
	else if (other == &other->relay->server)
		relay_free(side->relay);
	else
		shutdown(channel_fd(side->channel), SHUT_WR);
}

static void relay_free(struct relay *relay)
{
	channel_free(relay->client.channel);
	channel_free(relay->server.channel);
	buffer_free(&relay->client.out);
	buffer_free(&relay->server.out);
	*relay->link = relay->next;
	if (relay->next != NULL)
		relay->next->link = relay->link;
	memory_free(relay);
}
