/* This is librdkafka's simple consumer: it starts at the offset that it is given. Each follow has a queue of its own, so that messages of
 * an earlier follow cannot be delivered. While paused the queue is not served, and librdkafka stops fetching once it is full. */
#include "kafka_consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "proxy/core/vocabulary/event.h"
#include "kafka_health.h"
#include "kafka_queue.h"
#include "kafka_settings.h"
#include "kafka_topic.h"
#include "connectors/net/timer.h"

#define MESSAGES_A_TURN 512
#define EVENTS_A_TURN 64

struct kafka_consumer {
	struct event_base *loop;
	struct log_callbacks callbacks;
	unsigned dc;
	bool tells_state;
	struct kafka_health health;
	rd_kafka_t *client;
	rd_kafka_topic_t *handle;
	struct kafka_queue *events;
	struct kafka_queue *messages;        /* NULL: nothing is fetched */
	struct timer *restart;
	bool is_following, is_paused;
	bool is_found, is_asking;            /* the topic is there; a broker was asked */
	bool is_restarting;                  /* messages fetched so far are discarded */
	int64_t position;                    /* of the last message delivered */
	int64_t look_to;                     /* only to be looked at, up to this one; -1: nothing is */
};

static bool open_client(struct kafka_consumer *consumer, rd_kafka_conf_t *conf, const char **error);
static void schedule_restart(struct kafka_consumer *consumer);
static void restart(void *context);
static void stop_fetching(struct kafka_consumer *consumer);
static bool serve_events(void *context, rd_kafka_queue_t *queue);
static bool serve_messages(void *context, rd_kafka_queue_t *queue);
static void ask_for_topic(struct kafka_consumer *consumer);
static void take_description(struct kafka_consumer *consumer, rd_kafka_event_t *event);
static void take_message(struct kafka_consumer *consumer, const rd_kafka_message_t *message);
static void show(struct kafka_consumer *consumer, int64_t offset, struct slice bytes);
static void take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *message);

struct kafka_consumer *kafka_consumer_new(const struct log_options *options, const struct log_callbacks *callbacks, const char **error)
{
	rd_kafka_conf_t *conf = kafka_settings_new(options, RD_KAFKA_CONSUMER, error);
	if (conf == NULL)
		return NULL;
	struct kafka_consumer *consumer = memory_new(sizeof *consumer);
	consumer->loop = options->loop;
	consumer->callbacks = *callbacks;
	consumer->dc = options->dc_index;
	consumer->look_to = -1;
	consumer->tells_state = !options->is_own;
	kafka_health_begin(&consumer->health, options, callbacks, "following");
	consumer->restart = timer_new(options->loop, restart, consumer);
	if (!open_client(consumer, conf, error)) {
		kafka_consumer_free(consumer);
		return NULL;
	}
	char *name = memory_new(sizeof KAFKA_TOPIC_PREFIX + strlen(options->dc));
	strcat(strcpy(name, KAFKA_TOPIC_PREFIX), options->dc);
	consumer->handle = rd_kafka_topic_new(consumer->client, name, NULL);
	memory_free(name);
	return consumer;
}

void kafka_consumer_follow(struct kafka_consumer *consumer, int64_t position)
{
	consumer->is_following = true;
	consumer->is_paused = false;
	consumer->look_to = -1;
	consumer->position = position;
	schedule_restart(consumer);
}

void kafka_consumer_look(struct kafka_consumer *consumer, int64_t first, int64_t last)
{
	if (consumer->is_following)
		return;
	consumer->callbacks.between(consumer->callbacks.context, last, (struct slice){ NULL, 0 });
	bool is_looking = consumer->look_to >= 0;
	consumer->look_to = last;
	if (is_looking)
		return;
	consumer->is_paused = false;
	consumer->position = first;
	schedule_restart(consumer);
}

void kafka_consumer_unfollow(struct kafka_consumer *consumer)
{
	consumer->is_following = false;
	schedule_restart(consumer);
}

void kafka_consumer_pause(struct kafka_consumer *consumer, bool is_paused)
{
	consumer->is_paused = is_paused;
	if (!is_paused && consumer->messages != NULL)
		kafka_queue_wake(consumer->messages);
}

void kafka_consumer_free(struct kafka_consumer *consumer)
{
	if (consumer == NULL)
		return;
	stop_fetching(consumer);
	kafka_queue_free(consumer->events);
	if (consumer->handle != NULL)
		rd_kafka_topic_destroy(consumer->handle);
	if (consumer->client != NULL)
		rd_kafka_destroy(consumer->client);
	timer_free(consumer->restart);
	memory_free(consumer);
}

static bool open_client(struct kafka_consumer *consumer, rd_kafka_conf_t *conf, const char **error)
{
	static char why[512] = "kafka: ";
	const size_t prefix_len = sizeof "kafka: " - 1;
	rd_kafka_conf_set_events(conf, KAFKA_HEALTH_EVENTS);
	consumer->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why + prefix_len, sizeof why - prefix_len);
	if (consumer->client == NULL) {
		rd_kafka_conf_destroy(conf);
		*error = why;
		return false;
	}
	rd_kafka_set_log_queue(consumer->client, NULL);
	consumer->events = kafka_queue_new(consumer->loop, rd_kafka_queue_get_main(consumer->client), serve_events, consumer);
	return true;
}

/* The caller may be inside the delivery of a message, in which case the queue that restart() frees is in use. */
static void schedule_restart(struct kafka_consumer *consumer)
{
	consumer->is_restarting = true;
	timer_start(consumer->restart, 0);
}

static void restart(void *context)
{
	struct kafka_consumer *consumer = context;
	stop_fetching(consumer);
	consumer->is_restarting = false;
	if (!consumer->is_following && consumer->look_to < 0)
		return;
	int64_t offset = consumer->position == POSITION_BEGIN ? RD_KAFKA_OFFSET_BEGINNING : consumer->position + 1;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client);
	rd_kafka_consume_start_queue(consumer->handle, KAFKA_PARTITION, offset, queue);
	consumer->messages = kafka_queue_new(consumer->loop, queue, serve_messages, consumer);
	kafka_queue_wake(consumer->messages);
}

static void stop_fetching(struct kafka_consumer *consumer)
{
	if (consumer->messages == NULL)
		return;
	rd_kafka_consume_stop(consumer->handle, KAFKA_PARTITION);
	kafka_queue_free(consumer->messages);
	consumer->messages = NULL;
}

static bool serve_events(void *context, rd_kafka_queue_t *queue)
{
	struct kafka_consumer *consumer = context;
	for (unsigned count = 0; count < EVENTS_A_TURN; count++) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 0);
		if (event == NULL)
			return false;
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT)
			take_description(consumer, event);
		else if (consumer->tells_state)
			kafka_health_take(&consumer->health, event);
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_STATS)
			ask_for_topic(consumer);
		rd_kafka_event_destroy(event);
	}
	return true;
}

/* librdkafka says nothing for a long time about a topic that is not there. */
static void ask_for_topic(struct kafka_consumer *consumer)
{
	if (!consumer->tells_state || consumer->is_found || consumer->is_asking || !consumer->health.is_up)
		return;
	rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, rd_kafka_topic_name(consumer->handle));
	consumer->is_asking = true;
	rd_kafka_DescribeConfigs(consumer->client, &topic, 1, NULL, kafka_queue_handle(consumer->events));
	rd_kafka_ConfigResource_destroy(topic);
}

/* Whoever may not see the topic's settings may still read it. It is asked for again with the next statistics. */
static void take_description(struct kafka_consumer *consumer, rd_kafka_event_t *event)
{
	char why[480];
	size_t count = 0;
	consumer->is_asking = false;
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	const rd_kafka_ConfigResource_t **topics = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
	bool is_missing = count == 1 && rd_kafka_ConfigResource_error(topics[0]) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	snprintf(why, sizeof why, "there is no topic %s at %s: either this is not its broker, or that datacenter has never started there",
	         rd_kafka_topic_name(consumer->handle), consumer->health.brokers);
	kafka_health_set_problem(&consumer->health, is_missing ? why : NULL);
	consumer->is_found = !is_missing;
}

static bool serve_messages(void *context, rd_kafka_queue_t *queue)
{
	struct kafka_consumer *consumer = context;
	rd_kafka_message_t *messages[MESSAGES_A_TURN];
	if (consumer->is_paused || consumer->is_restarting)
		return false;
	ssize_t count = rd_kafka_consume_batch_queue(queue, 0, messages, MESSAGES_A_TURN);
	for (ssize_t i = 0; i < count; i++) {
		if (!consumer->is_restarting)
			take_message(consumer, messages[i]);
		rd_kafka_message_destroy(messages[i]);
	}
	if (count > 0)
		consumer->callbacks.fed(consumer->callbacks.context);
	return count == MESSAGES_A_TURN && !consumer->is_restarting;
}

static void take_message(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		take_error(consumer, message);
		return;
	}
	consumer->is_found = true;
	if (consumer->tells_state) {
		kafka_health_set_problem(&consumer->health, NULL);
		kafka_health_note_up(&consumer->health);
	}
	if (consumer->look_to >= 0) {
		show(consumer, message->offset, (struct slice){ message->payload != NULL ? message->payload : "", message->len });
		return;
	}
	if (consumer->position == POSITION_BEGIN && message->offset > 0)
		consumer->callbacks.lost_beginning(consumer->callbacks.context, consumer->dc);
	consumer->position = message->offset;
	consumer->callbacks.message(consumer->callbacks.context, consumer->dc, message->offset,
	                           (struct slice){ message->payload, message->len });
}

static void show(struct kafka_consumer *consumer, int64_t offset, struct slice bytes)
{
	consumer->position = offset;
	bool is_end = offset >= consumer->look_to;
	if (is_end) {
		consumer->look_to = -1;
		schedule_restart(consumer);
	}
	consumer->callbacks.between(consumer->callbacks.context, offset, bytes);
}

/* Because of auto.offset.reset=error, an offset that the topic no longer has, or never had, is reported as an error. */
static void take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
	char why[480];
	if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
		snprintf(why, sizeof why, "topic %s, after offset %" PRId64 ": %s", rd_kafka_topic_name(consumer->handle), consumer->position,
		         rd_kafka_message_errstr(message));
		if (consumer->look_to >= 0) {
			show(consumer, consumer->look_to, (struct slice){ "", 0 });
			return;
		}
		kafka_consumer_unfollow(consumer);
		consumer->callbacks.lost_position(consumer->callbacks.context, consumer->dc, why);
		return;
	}
	snprintf(why, sizeof why, "topic %s at %s: %s", rd_kafka_topic_name(consumer->handle), consumer->health.brokers,
	         rd_kafka_message_errstr(message));
	if (consumer->tells_state)
		kafka_health_set_problem(&consumer->health, why);
}
