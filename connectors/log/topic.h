/* Topic: what we ask of a topic beside the log, which other programs read: publish messages with keys, in order, each at least once.
 * Filled by kafka/topic_kafka.c; connectors.c lists it. A redis-stream log
 * has none: what would be published can be read from that Redis.
 * All calls and callbacks happen on the loop's thread. */
#ifndef CONNECTORS_TOPIC_H
#define CONNECTORS_TOPIC_H

#include "log.h"

struct topic;

struct topic_options {
	struct event_base *loop;
	const char *dc, *name;               /* the topic "homeport.<dc>.<name>" */
	const struct log_pair *pairs;        /* settings as they stand in the YAML under log.<kind>: those of the own log */
	unsigned pair_count;
};

struct topic_callbacks {
	void *context;
	void (*published)(void *context, uint64_t id);       /* everything up to ID is durable there */
	void (*retry)(void *context, uint64_t id);           /* everything from ID on was dropped: publish again from ID */
	void (*state)(void *context, bool is_connected, const char *text); /* on change, for log lines */
};

struct topic_class {
	/* NULL on bad settings: *error names the setting and the remedy. Connecting goes on in the background; the topic is created when absent. */
	struct topic *(*open)(const struct topic_options *options, const struct topic_callbacks *callbacks, const char **error);
	void (*publish)(struct topic *topic, uint64_t id, struct slice key, struct slice bytes);  /* copies; IDs as in log.h, a gap begins a new series */
	void (*close)(struct topic *topic);
};

/* The first member of every implementation's struct. */
struct topic { const struct topic_class *class; };

#endif
