/* Kafka check: would librdkafka, and a broker that creates the topic, take these settings? Asked before the sidecar starts, without a broker. */
#ifndef CONNECTORS_KAFKA_CHECK_H
#define CONNECTORS_KAFKA_CHECK_H

#include "connectors/log/log.h"

/* One setting, or (PAIR NULL) all of OPTIONS together. False: WHY says what is wrong, and the remedy. */
MUST_CHECK bool kafka_check(const struct log_options *options, const struct log_pair *pair, char *why, size_t why_size);

#endif
