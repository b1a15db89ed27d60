/* Kafka health: whether a broker is up, and if not, why. Changes are reported by callbacks.state. The events of a client's main queue feed it. */
#ifndef CONNECTORS_KAFKA_HEALTH_H
#define CONNECTORS_KAFKA_HEALTH_H

#include <librdkafka/rdkafka.h>

#include "connectors/log/log.h"

struct kafka_health {
	struct log_callbacks callbacks;
	unsigned dc;
	char brokers[160];           /* where they are, as it stands in the YAML */
	const char *doing;           /* what is reported while all is well: "appending", "following" */
	bool is_up;                  /* a broker is connected */
	bool is_told, is_told_up;
	char why[256];               /* the last error of a broker */
	char problem[480];           /* ours; empty: none */
};

/* Which events librdkafka must hand out. */
#define KAFKA_HEALTH_EVENTS (RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG)

/* DOING: what is reported while all is well. */
void kafka_health_begin(struct kafka_health *health, const struct log_options *options, const struct log_callbacks *callbacks, const char *doing);
void kafka_health_take(struct kafka_health *health, rd_kafka_event_t *event);
/* A broker has just served us, so it is up: we need not wait for the next statistics. */
void kafka_health_note_up(struct kafka_health *health);
/* TEXT says what is wrong beside the connection; NULL: nothing is any more. */
void kafka_health_set_problem(struct kafka_health *health, const char *text);

#endif
