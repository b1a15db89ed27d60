#include "kafka_queue.h"

#include <assert.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

struct kafka_queue {
	rd_kafka_queue_t *queue;
	int fd;
	struct event *event;
	bool (*serve)(void *context, rd_kafka_queue_t *queue);
	void *context;
};

static void queue_ready(evutil_socket_t fd, short what, void *context);

struct kafka_queue *kafka_queue_new(struct event_base *loop, rd_kafka_queue_t *handle,
                                    bool (*serve)(void *context, rd_kafka_queue_t *queue), void *context)
{
	static const uint64_t one = 1;
	struct kafka_queue *queue = memory_new(sizeof *queue);
	queue->queue = handle;
	queue->serve = serve;
	queue->context = context;
	queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert(queue->fd >= 0);
	queue->event = event_new(loop, queue->fd, EV_READ | EV_PERSIST, queue_ready, queue);
	event_add(queue->event, NULL);
	rd_kafka_queue_io_event_enable(handle, queue->fd, &one, sizeof one);
	/* Events queued before the line above, such as a refused connection, wrote nothing to the descriptor; and as the queue is no longer empty,
	 * nor will later ones. */
	kafka_queue_wake(queue);
	return queue;
}

rd_kafka_queue_t *kafka_queue_handle(struct kafka_queue *queue)
{
	return queue->queue;
}

void kafka_queue_wake(struct kafka_queue *queue)
{
	event_active(queue->event, EV_READ, 1);
}

void kafka_queue_free(struct kafka_queue *queue)
{
	if (queue == NULL)
		return;
	rd_kafka_queue_io_event_enable(queue->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(queue->queue);
	event_free(queue->event);
	close(queue->fd);
	memory_free(queue);
}

/* librdkafka writes to the descriptor only when an event enters an empty queue. So the descriptor is read first, and if `serve` leaves
 * events in the queue, we wake ourselves. */
static void queue_ready(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct kafka_queue *queue = context;
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof count);
	(void)got;                           /* nothing to read: woken by kafka_queue_wake */
	if (queue->serve(queue->context, queue->queue))
		kafka_queue_wake(queue);
}
