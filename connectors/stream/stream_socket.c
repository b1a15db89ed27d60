#include "stream_socket.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "connectors/net/channel.h"
#include "connectors/net/silence.h"

#define READ_BYTES 65536

struct taking { stream_socket_taker *take; void *context; };

struct stream_socket {
	struct channel *channel;
	void *owner;
	void (*lost)(void *owner, const char *why);
	redisReader *reader;
	struct taking *due;          /* owned; who takes the replies to come, from FIRST on */
	unsigned first, count, cap;
	struct buffer out;           /* from OUT_SENT on not yet sent */
	size_t out_sent;
	uint64_t moves, sends;
	struct queue_look queue;
	struct taking unasked;       /* who takes what no command is due for */
	const struct endpoint *endpoint;     /* borrowed, and how often it had changed */
	unsigned changes;
	bool is_sending;             /* there was still something to send when it last could */
	bool is_busy;                /* a reply is being taken: freeing waits for its end */
	bool is_freed, is_lost;
};

static void on_readable(void *context);
static void on_writable(void *context);
static void hand_out(struct stream_socket *redis);
static void add_due(struct stream_socket *redis, stream_socket_taker *take, void *context);
static bool has_moved(struct stream_socket *redis);
static void lose(struct stream_socket *redis, const char *why);

struct stream_socket *stream_socket_new(struct event_base *loop, const struct endpoint *endpoint, unsigned attempt, void *owner,
                                        void (*lost)(void *owner, const char *why), const char **why)
{
	struct stream_socket *redis = memory_new(sizeof *redis);
	redis->channel = channel_dial(loop, endpoint, attempt, &(struct channel_callbacks){ redis, on_readable, on_writable }, why);
	if (redis->channel == NULL) {
		memory_free(redis);
		return NULL;
	}
	redis->owner = owner;
	redis->endpoint = endpoint;
	redis->changes = endpoint->changes;
	redis->lost = lost;
	redis->reader = redisReaderCreate();
	assert(redis->reader != NULL);
	channel_read(redis->channel, true);
	return redis;
}

void stream_socket_free(struct stream_socket *redis)
{
	if (redis->is_busy) {
		redis->is_freed = true;
		return;
	}
	channel_free(redis->channel);
	redisReaderFree(redis->reader);
	memory_free(redis->due);
	buffer_free(&redis->out);
	memory_free(redis);
}

void *stream_socket_owner(const struct stream_socket *redis)
{
	return redis->owner;
}

void stream_socket_command(struct stream_socket *redis, stream_socket_taker *take, void *context, const char *format, ...)
{
	va_list arguments;
	char *text;
	va_start(arguments, format);
	int len = redisvFormatCommand(&text, format, arguments);
	va_end(arguments);
	assert(len > 0);
	buffer_add(&redis->out, (struct slice){ text, (size_t)len });
	redisFreeCommand(text);
	add_due(redis, take, context);
}

void stream_socket_words(struct stream_socket *redis, stream_socket_taker *take, void *context, int count, const char **words, const size_t *lens)
{
	char *text;
	int len = redisFormatCommandArgv(&text, count, words, lens);
	assert(len > 0);
	buffer_add(&redis->out, (struct slice){ text, (size_t)len });
	redisFreeCommand(text);
	add_due(redis, take, context);
}

void stream_socket_parts(struct stream_socket *redis, stream_socket_taker *take, void *context, struct slice head, struct slice bytes)
{
	buffer_add(&redis->out, head);
	buffer_add(&redis->out, bytes);
	buffer_add(&redis->out, SLICE("\r\n"));
	add_due(redis, take, context);
}

void stream_socket_listen(struct stream_socket *redis, stream_socket_taker *take, void *context)
{
	redis->unasked = (struct taking){ take, context };
}

void stream_socket_pump(struct stream_socket *redis, int wait_ms)
{
	struct pollfd answer = { .fd = channel_fd(redis->channel), .events = POLLIN };
	redis->is_busy = true;
	on_writable(redis);
	if (!redis->is_freed && poll(&answer, 1, wait_ms) > 0)
		on_readable(redis);
	redis->is_busy = false;
	if (redis->is_freed)
		stream_socket_free(redis);
}

uint64_t stream_socket_look(struct stream_socket *redis)
{
	redis->moves += queue_has_moved(&redis->queue, channel_fd(redis->channel), redis->sends);
	return redis->moves;
}

static void add_due(struct stream_socket *redis, stream_socket_taker *take, void *context)
{
	if (redis->first > 0 && redis->first + redis->count == redis->cap) {
		memmove(redis->due, redis->due + redis->first, redis->count * sizeof *redis->due);
		redis->first = 0;
	}
	redis->due = array_reserve(redis->due, redis->first + redis->count, &redis->cap, sizeof *redis->due);
	redis->due[redis->first + redis->count++] = (struct taking){ take, context };
	channel_write(redis->channel, true);
}

/* What a Redis says that is not the one meant any more counts for nothing: least of all that it has taken something. */
static bool has_moved(struct stream_socket *redis)
{
	if (redis->endpoint->changes == redis->changes)
		return false;
	lose(redis, "another Redis is the primary now");
	return true;
}

static void on_readable(void *context)
{
	struct stream_socket *redis = context;
	char room[READ_BYTES];
	if (has_moved(redis))
		return;
	ssize_t got = channel_receive(redis->channel, room, sizeof room);
	redis->moves++;
	if (got == 0)
		lose(redis, "Server closed the connection");
	else if (got < 0 && errno != EAGAIN && errno != EINTR)
		lose(redis, channel_trouble(redis->channel));
	if (got <= 0)
		return;
	bool was_busy = redis->is_busy;
	redis->is_busy = true;
	if (redisReaderFeed(redis->reader, room, (size_t)got) == REDIS_OK)
		hand_out(redis);
	redis->is_busy = was_busy;
	if (redis->is_freed && !was_busy)
		stream_socket_free(redis);
	else if (!redis->is_freed && redis->reader->err != 0)
		lose(redis, redis->reader->errstr);
}

static void hand_out(struct stream_socket *redis)
{
	void *reply;
	while (!redis->is_freed && redisReaderGetReply(redis->reader, &reply) == REDIS_OK && reply != NULL) {
		struct taking taking = redis->count > 0 ? redis->due[redis->first] : redis->unasked;
		if (redis->count > 0) {
			redis->count--;
			redis->first = redis->count > 0 ? redis->first + 1 : 0;
		}
		if (taking.take != NULL)
			taking.take(redis, reply, taking.context);
		freeReplyObject(reply);
	}
}

static void on_writable(void *context)
{
	struct stream_socket *redis = context;
	size_t left = redis->out.len - redis->out_sent;
	if (left == 0 || has_moved(redis))
		return;
	ssize_t sent = channel_send(redis->channel, &(struct iovec){ redis->out.ptr + redis->out_sent, left }, 1);
	redis->moves += redis->is_sending;
	redis->sends++;
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		lose(redis, channel_trouble(redis->channel));
		return;
	}
	redis->out_sent += sent > 0 ? (size_t)sent : 0;
	left = redis->out.len - redis->out_sent;
	redis->is_sending = left > 0;
	if (redis->is_sending)
		channel_write(redis->channel, true);
	if (left > redis->out_sent)
		return;
	/* What was not sent is moved to the front once it is no longer than what was. */
	memmove(redis->out.ptr, redis->out.ptr + redis->out_sent, left);
	redis->out.len = left;
	redis->out_sent = 0;
	if (left == 0)
		buffer_reset(&redis->out);
}

static void lose(struct stream_socket *redis, const char *why)
{
	if (redis->is_lost || redis->is_freed)
		return;
	redis->is_lost = true;
	channel_read(redis->channel, false);
	channel_write(redis->channel, false);
	redis->lost(redis->owner, why);
}
