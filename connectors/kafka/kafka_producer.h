/* Kafka producer: appends to our own topic through one idempotent librdkafka producer at a time. When that producer has a fatal error,
 * which is routine with librdkafka, a new one replaces it, and the messages that are not yet durable are asked for again. */
#ifndef CONNECTORS_KAFKA_PRODUCER_H
#define CONNECTORS_KAFKA_PRODUCER_H

#include "connectors/log/log.h"

struct kafka_producer;

/* NULL: *error names the setting and the remedy. CALLBACKS is copied. */
struct kafka_producer *kafka_producer_new(const struct log_options *options, const struct log_callbacks *callbacks, const char **error);
/* Somebody else has appended messages between two of ours, which stand at FIRST and LAST. */
typedef void kafka_gap_found(void *context, int64_t first, int64_t last);
void kafka_producer_watch(struct kafka_producer *producer, kafka_gap_found *found, void *context);
/* KEY: empty for none. */
void kafka_producer_append(struct kafka_producer *producer, uint64_t id, struct slice key, struct slice bytes);
/* Of the topic; 0: without end, or not known. */
uint64_t kafka_producer_retention_ms(const struct kafka_producer *producer);
/* Gives appends WAIT_MS to become durable. NULL is fine. */
void kafka_producer_free(struct kafka_producer *producer, uint32_t wait_ms);

#endif
