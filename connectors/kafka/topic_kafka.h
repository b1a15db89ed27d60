/* Kafka topic beside the log: what others read, such as conflict records (connectors/log/topic.h). */
#ifndef CONNECTORS_TOPIC_KAFKA_H
#define CONNECTORS_TOPIC_KAFKA_H

#include "connectors/log/topic.h"

extern const struct topic_class topic_kafka;

#endif
