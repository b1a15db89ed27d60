/* Kafka consumer: follows a datacenter's topic from a given offset. We keep positions ourselves: no consumer group, no commits. */
#ifndef CONNECTORS_KAFKA_CONSUMER_H
#define CONNECTORS_KAFKA_CONSUMER_H

#include "connectors/log/log.h"

struct kafka_consumer;

/* NULL: *error names the setting and the remedy. CALLBACKS is copied; its state is reported unless the log is our own (the producer reports that). */
struct kafka_consumer *kafka_consumer_new(const struct log_options *options, const struct log_callbacks *callbacks, const char **error);
void kafka_consumer_follow(struct kafka_consumer *consumer, int64_t position);
void kafka_consumer_unfollow(struct kafka_consumer *consumer);
/* Reads what stands behind FIRST, up to and with LAST, for callbacks.between. Not while it follows, which reads it anyway. */
void kafka_consumer_look(struct kafka_consumer *consumer, int64_t first, int64_t last);
void kafka_consumer_pause(struct kafka_consumer *consumer, bool is_paused);
void kafka_consumer_free(struct kafka_consumer *consumer);       /* NULL is fine */

#endif
