/* Our own log is written by a producer; each log is read by a consumer. Positions are offsets. */
#include "log_kafka.h"

#include "kafka_check.h"
#include "kafka_consumer.h"
#include "kafka_producer.h"

struct kafka_log {
	struct log log;
	struct kafka_producer *producer;     /* NULL: a peer's log */
	struct kafka_consumer *consumer;
};

static struct kafka_log *kafka_of(struct log *log)
{
	return (struct kafka_log *)log;
}

static void kafka_close(struct log *log, uint32_t wait_ms)
{
	struct kafka_log *kafka = kafka_of(log);
	kafka_producer_free(kafka->producer, wait_ms);
	kafka_consumer_free(kafka->consumer);
	memory_free(kafka);
}

static void show_gap(void *context, int64_t first, int64_t last)
{
	kafka_consumer_look(((struct kafka_log *)context)->consumer, first, last);
}

static struct log *kafka_open(const struct log_options *options, const struct log_callbacks *callbacks, const char **error)
{
	struct kafka_log *kafka = memory_new(sizeof *kafka);
	kafka->log.class = &log_kafka;
	if (options->is_own)
		kafka->producer = kafka_producer_new(options, callbacks, error);
	if (!options->is_own || kafka->producer != NULL)
		kafka->consumer = kafka_consumer_new(options, callbacks, error);
	if (kafka->consumer == NULL) {
		kafka_close(&kafka->log, 0);
		return NULL;
	}
	if (kafka->producer != NULL)
		kafka_producer_watch(kafka->producer, show_gap, kafka);
	return &kafka->log;
}

/* A topic has no size at which it takes nothing more. */
static void kafka_append(struct log *log, uint64_t id, struct slice bytes, bool passes_limit)
{
	(void)passes_limit;
	kafka_producer_append(kafka_of(log)->producer, id, (struct slice){ NULL, 0 }, bytes);
}

static void kafka_follow(struct log *log, int64_t position)
{
	kafka_consumer_follow(kafka_of(log)->consumer, position);
}

static void kafka_unfollow(struct log *log)
{
	kafka_consumer_unfollow(kafka_of(log)->consumer);
}

static void kafka_pause(struct log *log, bool is_paused)
{
	kafka_consumer_pause(kafka_of(log)->consumer, is_paused);
}

/* The topic's retention decides what it keeps, because other consumers may read it, too. */
static void kafka_trim(struct log *log, int64_t position)
{
	(void)log;
	(void)position;
}

static uint64_t kafka_retention_ms(const struct log *log)
{
	const struct kafka_log *kafka = (const struct kafka_log *)log;
	return kafka->producer != NULL ? kafka_producer_retention_ms(kafka->producer) : 0;
}

const struct log_class log_kafka = {
	.name = "kafka",
	.open = kafka_open,
	.append = kafka_append,
	.follow = kafka_follow,
	.unfollow = kafka_unfollow,
	.pause = kafka_pause,
	.trim = kafka_trim,
	.retention_ms = kafka_retention_ms,
	.check = kafka_check,
	.close = kafka_close,
};
