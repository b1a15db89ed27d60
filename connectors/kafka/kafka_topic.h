/* Kafka topic: the own DC's topic, "homeport.<dc>": created when it is absent, checked when it is there.
 * "create.NAME: VALUE" in the settings is the topic's NAME at creation; create.replication.factor says how many replicas. */
#ifndef CONNECTORS_KAFKA_TOPIC_H
#define CONNECTORS_KAFKA_TOPIC_H

#include <librdkafka/rdkafka.h>

#include "connectors/log/log.h"

#define KAFKA_TOPIC_PREFIX "homeport."
#define KAFKA_PARTITION 0

struct kafka_topic;

enum kafka_topic_state { KAFKA_TOPIC_ASKED, KAFKA_TOPIC_READY, KAFKA_TOPIC_WRONG };

/* NULL: *error (static) says which setting is wrong. */
struct kafka_topic *kafka_topic_new(const struct log_options *options, const char **error);
void kafka_topic_free(struct kafka_topic *topic);
const char *kafka_topic_name(const struct kafka_topic *topic);
/* How long its messages are kept: as it was created, or as it was found. 0: for ever, or unknown. */
uint64_t kafka_topic_retention_ms(const struct kafka_topic *topic);
/* Asks a broker by way of CLIENT; the results come as events on QUEUE, for kafka_topic_take. */
void kafka_topic_ask(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue);
/* KAFKA_TOPIC_WRONG: *why (owned by the topic) says what is wrong and what to do; ask again later. */
enum kafka_topic_state kafka_topic_take(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue,
                                        rd_kafka_event_t *event, const char **why);

#endif
