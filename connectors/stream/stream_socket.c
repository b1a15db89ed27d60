/* hiredis asks for events, and frees the connection in whichever of its own calls it finds the end: so nothing is touched after such a call. */
#include "stream_socket.h"

#include <event2/event.h>

#include "base/bytes.h"
#include "connectors/net/silence.h"

struct stream_socket {
	redisAsyncContext *redis;
	struct event *readable, *writable;
	uint64_t moves, sends;
	struct queue_look queue;
	bool is_sending;             /* hiredis still had something to send when it last could */
};

static void on_readable(evutil_socket_t fd, short what, void *context);
static void on_writable(evutil_socket_t fd, short what, void *context);
static void add_read(void *context);
static void drop_read(void *context);
static void add_write(void *context);
static void drop_write(void *context);
static void detach(void *context);

void stream_socket_attach(redisAsyncContext *redis, struct event_base *loop)
{
	struct stream_socket *socket = memory_new(sizeof *socket);
	socket->redis = redis;
	socket->readable = event_new(loop, redis->c.fd, EV_READ | EV_PERSIST, on_readable, socket);
	socket->writable = event_new(loop, redis->c.fd, EV_WRITE, on_writable, socket);
	redis->ev.data = socket;
	redis->ev.addRead = add_read;
	redis->ev.delRead = drop_read;
	redis->ev.addWrite = add_write;
	redis->ev.delWrite = drop_write;
	redis->ev.cleanup = detach;
}

uint64_t stream_socket_look(redisAsyncContext *redis)
{
	struct stream_socket *socket = redis->ev.data;
	socket->moves += queue_has_moved(&socket->queue, redis->c.fd, socket->sends);
	return socket->moves;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct stream_socket *socket = context;
	socket->moves++;
	redisAsyncHandleRead(socket->redis);
}

/* hiredis calls drop_write when all is sent. */
static void on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct stream_socket *socket = context;
	socket->moves += socket->is_sending;
	socket->sends++;
	socket->is_sending = true;
	redisAsyncHandleWrite(socket->redis);
}

static void add_read(void *context)
{
	struct stream_socket *socket = context;
	event_add(socket->readable, NULL);
}

static void drop_read(void *context)
{
	struct stream_socket *socket = context;
	event_del(socket->readable);
}

static void add_write(void *context)
{
	struct stream_socket *socket = context;
	event_add(socket->writable, NULL);
}

static void drop_write(void *context)
{
	struct stream_socket *socket = context;
	socket->is_sending = false;
	event_del(socket->writable);
}

static void detach(void *context)
{
	struct stream_socket *socket = context;
	event_free(socket->readable);
	event_free(socket->writable);
	memory_free(socket);
}
