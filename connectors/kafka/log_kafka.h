/* Kafka log: a log in a Kafka topic (connectors/log/log.h says what each function does). */
#ifndef CONNECTORS_LOG_KAFKA_H
#define CONNECTORS_LOG_KAFKA_H

#include "connectors/log/log.h"

extern const struct log_class log_kafka;

#endif
