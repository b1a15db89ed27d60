/* It uses the log's producer code, with another topic name. */
#include "topic_kafka.h"

#include <stdio.h>
#include <string.h>

#include "kafka_producer.h"

struct kafka_outlet {
	struct topic topic;
	struct topic_callbacks callbacks;
	struct kafka_producer *producer;
};

static void outlet_appended(void *context, uint64_t id, int64_t position)
{
	struct kafka_outlet *outlet = context;
	(void)position;
	outlet->callbacks.published(outlet->callbacks.context, id);
}

static void outlet_retry(void *context, uint64_t id)
{
	struct kafka_outlet *outlet = context;
	outlet->callbacks.retry(outlet->callbacks.context, id);
}

static void outlet_state(void *context, unsigned dc, bool is_connected, const char *text)
{
	struct kafka_outlet *outlet = context;
	(void)dc;
	outlet->callbacks.state(outlet->callbacks.context, is_connected, text);
}

static void kafka_close(struct topic *topic)
{
	struct kafka_outlet *outlet = (struct kafka_outlet *)topic;
	kafka_producer_free(outlet->producer, 0);
	memory_free(outlet);
}

static struct topic *kafka_open(const struct topic_options *options, const struct topic_callbacks *callbacks, const char **error)
{
	struct kafka_outlet *outlet = memory_new(sizeof *outlet);
	size_t size = strlen(options->dc) + strlen(options->name) + 2;
	char *name = memory_new(size);
	snprintf(name, size, "%s.%s", options->dc, options->name);
	struct log_options log = {
		.loop = options->loop,
		.dc = name,
		.is_own = true,
		.pairs = options->pairs,
		.pair_count = options->pair_count,
	};
	struct log_callbacks log_callbacks = { .context = outlet, .appended = outlet_appended, .append_retry = outlet_retry, .state = outlet_state };
	outlet->topic.class = &topic_kafka;
	outlet->callbacks = *callbacks;
	outlet->producer = kafka_producer_new(&log, &log_callbacks, error);
	memory_free(name);
	if (outlet->producer != NULL)
		return &outlet->topic;
	memory_free(outlet);
	return NULL;
}

static void kafka_publish(struct topic *topic, uint64_t id, struct slice key, struct slice bytes)
{
	kafka_producer_append(((struct kafka_outlet *)topic)->producer, id, key, bytes);
}

const struct topic_class topic_kafka = {
	.open = kafka_open,
	.publish = kafka_publish,
	.close = kafka_close,
};
