#include "stream_link.h"

#include <stdio.h>
#include <string.h>

#include "connectors/net/silence.h"
#include "connectors/net/timer.h"

#define RETRY_MS_FIRST 20
#define RETRY_MS_MAX 500

struct stream_link {
	const struct stream_link_options *options;
	struct stream_link_callbacks callbacks;
	struct stream_socket *redis;            /* NULL between two tries */
	unsigned attempt;
	struct timer *retry, *look;
	uint32_t retry_ms;
	struct silence silence;
	uint32_t silence_ms_max;
};

static void connect_link(void *context);
static void log_in(struct stream_link *link);
static void take_login(struct stream_socket *redis, void *reply, void *context);
static void take_select(struct stream_socket *redis, void *reply, void *context);
static void connection_lost(void *context, const char *why);
static void lose(struct stream_link *link, const char *why);
static void look(void *context);

struct stream_link *stream_link_new(const struct stream_link_options *options, const struct stream_link_callbacks *callbacks)
{
	struct stream_link *link = memory_new(sizeof *link);
	link->options = options;
	link->callbacks = *callbacks;
	link->retry = timer_new(options->loop, connect_link, link);
	link->look = timer_new(options->loop, look, link);
	link->retry_ms = RETRY_MS_FIRST;
	timer_start(link->retry, 0);
	return link;
}

void *stream_link_owner(const struct stream_socket *redis)
{
	const struct stream_link *link = stream_socket_owner(redis);
	return link->callbacks.context;
}

void stream_link_free(struct stream_link *link)
{
	if (link == NULL)
		return;
	timer_free(link->retry);
	timer_free(link->look);
	if (link->redis != NULL)
		stream_socket_free(link->redis);
	memory_free(link);
}

void stream_link_drop(struct stream_link *link, const char *why)
{
	if (link->redis == NULL)
		return;
	char text[256];                      /* WHY may lie in what goes with the connection */
	snprintf(text, sizeof text, "%s", why);
	stream_socket_free(link->redis);
	lose(link, text);
}

void stream_link_prove(struct stream_link *link)
{
	link->retry_ms = RETRY_MS_FIRST;
}

void stream_link_expect(struct stream_link *link, uint32_t block_ms)
{
	link->silence_ms_max = block_ms + link->options->timeout_ms;
	silence_connect(&link->silence);
	timer_start(link->look, link->silence_ms_max / SILENCE_LOOKS);
}

void stream_link_expect_none(struct stream_link *link)
{
	timer_stop(link->look);
}

static void connect_link(void *context)
{
	struct stream_link *link = context;
	const char *why;
	link->redis = stream_socket_new(link->options->loop, link->options->server, link->attempt++, link, connection_lost, &why);
	if (link->redis == NULL) {
		lose(link, why);
		return;
	}
	stream_link_expect(link, 0);
	log_in(link);
}

/* Queued before the connection is made, which saves a round trip. */
static void log_in(struct stream_link *link)
{
	const struct stream_link_options *options = link->options;
	if (options->password[0] != '\0' && options->username[0] != '\0')
		stream_socket_command(link->redis, take_login, NULL, "AUTH %s %s", options->username, options->password);
	else if (options->password[0] != '\0')
		stream_socket_command(link->redis, take_login, NULL, "AUTH %s", options->password);
	stream_socket_command(link->redis, take_login, NULL, "CLIENT SETNAME homeport-log");
	stream_socket_command(link->redis, take_select, NULL, "SELECT %u", options->db);
}

static void take_login(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	const redisReply *answer = reply;
	struct stream_link *link = stream_socket_owner(redis);
	if (answer->type == REDIS_REPLY_ERROR)
		stream_link_drop(link, answer->str);
}

static void take_select(struct stream_socket *redis, void *reply, void *context)
{
	const redisReply *answer = reply;
	struct stream_link *link = stream_socket_owner(redis);
	(void)context;
	if (answer->type == REDIS_REPLY_ERROR) {
		char why[256];
		snprintf(why, sizeof why, "%s: database %u must be below the server's `databases`: for the own log it is redis.database, for a peer's its log's "
		         "`database`", answer->str, link->options->db);
		stream_link_drop(link, why);
		return;
	}
	stream_link_expect_none(link);
	link->callbacks.up(link->callbacks.context, redis);
}

static void connection_lost(void *context, const char *why)
{
	stream_link_drop(context, why);
}

static void lose(struct stream_link *link, const char *why)
{
	link->redis = NULL;
	timer_stop(link->look);
	timer_start(link->retry, link->retry_ms);
	link->retry_ms = link->retry_ms * 2 < RETRY_MS_MAX ? link->retry_ms * 2 : RETRY_MS_MAX;
	link->callbacks.down(link->callbacks.context, why);
}

/* A reply is due. A large one, or a large append on a narrow way, may take longer than the limit: as long as bytes move, it is waited for. */
static void look(void *context)
{
	struct stream_link *link = context;
	char why[128];
	if (silence_look(&link->silence, timer_now_ms(), stream_socket_look(link->redis), link->silence_ms_max) != SILENCE_TOO_LONG) {
		timer_start(link->look, link->silence_ms_max / SILENCE_LOOKS);
		return;
	}
	snprintf(why, sizeof why, "the Redis of this log has not answered for %.3g s: it hangs, is stopped, or cannot be reached",
	         link->options->timeout_ms / 1000.0);
	stream_link_drop(link, why);
}
