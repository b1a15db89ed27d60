/* Kafka health: is a broker up, and if not, why; told when it changes. Fed with the events of a client's main queue. */
#ifndef CONNECTORS_KAFKA_HEALTH_H
#define CONNECTORS_KAFKA_HEALTH_H

#include <librdkafka/rdkafka.h>

#include "connectors/log/log.h"

struct kafka_health {
	struct log_handlers handlers;
	unsigned dc;
	const char *doing;           /* while all is well: "appending", "following" */
	bool is_up;                  /* a broker is connected */
	bool is_told, is_told_up;
	char why[256];               /* the last error of a broker */
	char problem[256];           /* ours; empty: none */
};

/* Which events librdkafka must hand out. */
#define KAFKA_HEALTH_EVENTS (RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG)

void kafka_health_take(struct kafka_health *health, rd_kafka_event_t *event);
/* A broker has just served us: no need to wait for the next statistics. */
void kafka_health_note_up(struct kafka_health *health);
/* Something other than the connection is wrong, as TEXT says; NULL: no longer. */
void kafka_health_set_problem(struct kafka_health *health, const char *text);

#endif
