/* Kafka producer: appends to the own topic, one idempotent librdkafka producer at a time.
 * When that one fails for good, which is routine for librdkafka, a new one takes its place and what is not yet durable is asked for again. */
#ifndef CONNECTORS_KAFKA_PRODUCER_H
#define CONNECTORS_KAFKA_PRODUCER_H

#include "connectors/log/log.h"

struct kafka_producer;

/* NULL: *error names the setting and the remedy. HANDLERS is copied. */
struct kafka_producer *kafka_producer_new(const struct log_options *options, const struct log_handlers *handlers, const char **error);
/* KEY: empty for none. */
void kafka_producer_append(struct kafka_producer *producer, uint64_t id, struct slice key, struct slice bytes);
/* Of the topic; 0: without end, or not known. */
uint64_t kafka_producer_retention_ms(const struct kafka_producer *producer);
/* Gives appends WAIT_MS to become durable. NULL is fine. */
void kafka_producer_free(struct kafka_producer *producer, uint32_t wait_ms);

#endif
