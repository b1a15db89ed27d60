/* Kafka settings: librdkafka's configuration: defaults that correctness and speed need, then the settings of the YAML. */
#ifndef CONNECTORS_KAFKA_SETTINGS_H
#define CONNECTORS_KAFKA_SETTINGS_H

#include <librdkafka/rdkafka.h>

#include "connectors/log/log.h"

/* NULL: *error (owned here, until the next call) names the setting and the remedy. Settings that begin with "create." are
 * used when the topic is created (kafka_topic.h) and left out here. */
rd_kafka_conf_t *kafka_settings_new(const struct log_options *options, rd_kafka_type_t type, const char **error);
/* Would librdkafka take this one setting? False: WHY says what is wrong, and the remedy. */
MUST_CHECK bool kafka_setting_check(const struct log_pair *pair, char *why, size_t why_size);
/* Where the brokers are, as it stands in the YAML. NULL: it does not say. */
const char *kafka_settings_brokers(const struct log_options *options);
/* How long a broker may owe an answer: socket.timeout.ms. */
uint64_t kafka_settings_timeout_ms(rd_kafka_conf_t *conf);
bool kafka_setting_is_for_creation(const struct log_pair *pair);

#endif
