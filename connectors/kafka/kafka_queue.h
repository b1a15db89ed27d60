/* Kafka queue: a librdkafka queue that wakes the loop. librdkafka's threads only write to a file descriptor; the queue is served on the
 * loop's thread, a limited number of events a turn. */
#ifndef CONNECTORS_KAFKA_QUEUE_H
#define CONNECTORS_KAFKA_QUEUE_H

#include <librdkafka/rdkafka.h>

#include "base/bytes.h"

struct event_base;
struct kafka_queue;

/* Takes over QUEUE. SERVE takes something out of it and returns whether there may be more: then it is called again next turn. */
struct kafka_queue *kafka_queue_new(struct event_base *loop, rd_kafka_queue_t *queue,
                                    bool (*serve)(void *context, rd_kafka_queue_t *queue), void *context);
rd_kafka_queue_t *kafka_queue_handle(struct kafka_queue *queue);
void kafka_queue_wake(struct kafka_queue *queue);    /* serves it in the next turn, even if it is empty */
void kafka_queue_free(struct kafka_queue *queue);    /* before the client that the queue belongs to; NULL is fine */

#endif
