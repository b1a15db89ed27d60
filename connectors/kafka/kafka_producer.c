#include "kafka_producer.h"

#include <stdio.h>

#include <librdkafka/rdkafka.h>

#include "connectors/log/appends.h"
#include "kafka_health.h"
#include "kafka_queue.h"
#include "kafka_settings.h"
#include "kafka_topic.h"
#include "connectors/net/timer.h"

#define RETRY_MS 500
#define EVENTS_A_TURN 64
#define GO_ON_BELOW 10000                /* after the library's queue was full, appends go on when it holds fewer messages than that */
#define WINDOW_BYTES 2000000             /* given and not acknowledged. librdkafka has at most five requests under way. While more waits for those, its
                                          * thread polls without a pause, and uses a whole core */
#define DRAIN_SLICE_MS 10

struct kafka_producer {
	struct event_base *loop;
	struct log_callbacks callbacks;
	struct kafka_health health;
	rd_kafka_conf_t *conf;               /* each client is created from a copy of it */
	struct kafka_topic *topic;
	rd_kafka_t *client;
	rd_kafka_topic_t *handle;            /* NULL: we do not know yet that the topic exists and has the right settings */
	struct kafka_queue *queue;
	struct timer *retry;
	struct appends appends;
	int64_t last;                        /* offset of the last message that was acknowledged; -1: none yet */
	bool is_broken;                      /* the client must be replaced */
	bool is_full;                        /* the client's queue of messages is full, or the window is */
	uint64_t window_bytes;               /* given and not acknowledged */
	uint64_t heard_ms;                   /* since then a broker has owed an acknowledgement, or when the last one came */
	uint64_t timeout_ms;                 /* how long a broker may owe an acknowledgement */
	kafka_gap_found *found;
	void *found_context;
	const char *refusal;                 /* why the client refused the last message; NULL: it did not */
};

static bool open_client(struct kafka_producer *producer, const char **error);
static void close_client(struct kafka_producer *producer);
static bool serve(void *context, rd_kafka_queue_t *queue);
static bool serve_one(struct kafka_producer *producer, rd_kafka_queue_t *queue, int wait_ms);
static void take_event(struct kafka_producer *producer, rd_kafka_event_t *event);
static void take_reports(struct kafka_producer *producer, rd_kafka_event_t *event);
static void note_offset(struct kafka_producer *producer, int64_t offset);
static void check_silence(struct kafka_producer *producer);
static void take_topic(struct kafka_producer *producer, rd_kafka_event_t *event);
static void go_on(struct kafka_producer *producer);
static void give_up_client(struct kafka_producer *producer, const char *why);
static void retry(void *context);

struct kafka_producer *kafka_producer_new(const struct log_options *options, const struct log_callbacks *callbacks, const char **error)
{
	struct kafka_producer *producer = memory_new(sizeof *producer);
	producer->loop = options->loop;
	producer->callbacks = *callbacks;
	producer->retry = timer_new(options->loop, retry, producer);
	appends_drop_due(&producer->appends);
	producer->last = -1;
	producer->topic = kafka_topic_new(options, error);
	if (producer->topic != NULL)
		producer->conf = kafka_settings_new(options, RD_KAFKA_PRODUCER, error);
	if (producer->conf != NULL) {
		kafka_health_begin(&producer->health, options, callbacks, "appending");
		producer->timeout_ms = kafka_settings_timeout_ms(producer->conf);
	}
	if (producer->conf == NULL || !open_client(producer, error)) {
		kafka_producer_free(producer, 0);
		return NULL;
	}
	return producer;
}

void kafka_producer_watch(struct kafka_producer *producer, kafka_gap_found *found, void *context)
{
	producer->found = found;
	producer->found_context = context;
}

void kafka_producer_append(struct kafka_producer *producer, uint64_t id, struct slice key, struct slice bytes)
{
	if (!appends_are_under_way(&producer->appends))
		producer->heard_ms = timer_now_ms();
	if (!appends_give(&producer->appends, id))
		return;
	if (rd_kafka_produce(producer->handle, KAFKA_PARTITION, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)bytes.ptr, bytes.len,
	                     key.len > 0 ? key.ptr : NULL, key.len,
	                     (void *)(uintptr_t)id) == 0) {
		producer->window_bytes += bytes.len;
		producer->is_full = producer->window_bytes > WINDOW_BYTES;
		if (producer->is_full)
			appends_drop_coming(&producer->appends);
		return;
	}
	appends_drop_last(&producer->appends);
	rd_kafka_resp_err_t error = rd_kafka_last_error();
	producer->is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
	if (!producer->is_full) {
		producer->refusal = rd_kafka_err2str(error);
		timer_start(producer->retry, RETRY_MS);
	}
}

uint64_t kafka_producer_retention_ms(const struct kafka_producer *producer)
{
	return kafka_topic_retention_ms(producer->topic);
}

void kafka_producer_free(struct kafka_producer *producer, uint32_t wait_ms)
{
	if (producer == NULL)
		return;
	for (; wait_ms > 0 && appends_are_under_way(&producer->appends) && !producer->is_broken;
	     wait_ms -= wait_ms < DRAIN_SLICE_MS ? wait_ms : DRAIN_SLICE_MS)
		serve_one(producer, kafka_queue_handle(producer->queue), DRAIN_SLICE_MS);
	close_client(producer);
	if (producer->conf != NULL)
		rd_kafka_conf_destroy(producer->conf);
	kafka_topic_free(producer->topic);
	timer_free(producer->retry);
	memory_free(producer);
}

static bool open_client(struct kafka_producer *producer, const char **error)
{
	static char why[512] = "kafka: ";
	const size_t prefix_len = sizeof "kafka: " - 1;
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(producer->conf);
	rd_kafka_conf_set_events(conf, KAFKA_HEALTH_EVENTS | RD_KAFKA_EVENT_DR);
	producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why + prefix_len, sizeof why - prefix_len);
	if (producer->client == NULL) {
		rd_kafka_conf_destroy(conf);
		*error = why;
		return false;
	}
	rd_kafka_set_log_queue(producer->client, NULL);
	producer->queue = kafka_queue_new(producer->loop, rd_kafka_queue_get_main(producer->client), serve, producer);
	kafka_topic_ask(producer->topic, producer->client, kafka_queue_handle(producer->queue));
	return true;
}

/* Messages in flight are purged first: waiting for an unreachable broker could last for ever. */
static void close_client(struct kafka_producer *producer)
{
	if (producer->client == NULL)
		return;
	rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
	kafka_queue_free(producer->queue);
	if (producer->handle != NULL)
		rd_kafka_topic_destroy(producer->handle);
	producer->handle = NULL;
	rd_kafka_destroy(producer->client);
	producer->client = NULL;
	producer->is_broken = producer->is_full = false;
	producer->window_bytes = 0;
}

static bool serve(void *context, rd_kafka_queue_t *queue)
{
	for (unsigned count = 0; count < EVENTS_A_TURN; count++)
		if (!serve_one(context, queue, 0))
			return false;
	return true;
}

static bool serve_one(struct kafka_producer *producer, rd_kafka_queue_t *queue, int wait_ms)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, wait_ms);
	if (event == NULL)
		return false;
	take_event(producer, event);
	rd_kafka_event_destroy(event);
	return true;
}

static void take_event(struct kafka_producer *producer, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		take_reports(producer, event);
		return;
	case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
	case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
		take_topic(producer, event);
		return;
	case RD_KAFKA_EVENT_ERROR:
		if (rd_kafka_event_error_is_fatal(event))
			give_up_client(producer, rd_kafka_event_error_string(event));
		break;
	default:
		break;
	}
	kafka_health_take(&producer->health, event);
	check_silence(producer);
}

/* A broker that hangs keeps its connections, and librdkafka waits for ever for what never times out: message.timeout.ms is 0. */
static void check_silence(struct kafka_producer *producer)
{
	uint64_t now_ms = timer_now_ms();
	char why[256];
	if (!producer->health.is_up || !appends_are_under_way(&producer->appends))
		producer->heard_ms = now_ms;
	if (now_ms - producer->heard_ms < producer->timeout_ms)
		return;
	snprintf(why, sizeof why, "no broker of %s has acknowledged anything for %.3g s: it hangs or is stopped", producer->health.brokers,
	         (double)producer->timeout_ms / 1000);
	kafka_health_set_problem(&producer->health, why);
}

static void take_reports(struct kafka_producer *producer, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	if (producer->is_broken)
		return;
	while ((message = rd_kafka_event_message_next(event)) != NULL) {
		uint64_t id = (uintptr_t)message->_private;
		producer->window_bytes -= message->len;
		if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			give_up_client(producer, rd_kafka_err2str(message->err));
			return;
		}
		note_offset(producer, message->offset);
		if (appends_acknowledge(&producer->appends, id))
			producer->callbacks.appended(producer->callbacks.context, id, message->offset);
	}
	producer->heard_ms = timer_now_ms();
	kafka_health_set_problem(&producer->health, NULL);
	if (producer->is_full && rd_kafka_outq_len(producer->client) < GO_ON_BELOW && producer->window_bytes <= WINDOW_BYTES / 4 * 3)
		go_on(producer);
}

/* Offsets of one producer follow each other without a gap, unless somebody else writes to the topic. (A smaller one: the topic was made anew.) */
static void note_offset(struct kafka_producer *producer, int64_t offset)
{
	if (offset < 0)
		return;
	if (producer->last >= 0 && offset > producer->last + 1 && producer->found != NULL)
		producer->found(producer->found_context, producer->last, offset);
	producer->last = offset;
}

static void take_topic(struct kafka_producer *producer, rd_kafka_event_t *event)
{
	const char *why;
	switch (kafka_topic_take(producer->topic, producer->client, kafka_queue_handle(producer->queue), event, &why)) {
	case KAFKA_TOPIC_ASKED:
		return;
	case KAFKA_TOPIC_READY:
		/* Not before: when a producer names a topic, brokers with auto.create.topics.enable create it with settings of their choice. */
		producer->handle = rd_kafka_topic_new(producer->client, kafka_topic_name(producer->topic), NULL);
		kafka_health_set_problem(&producer->health, NULL);
		kafka_health_note_up(&producer->health);
		go_on(producer);
		return;
	case KAFKA_TOPIC_WRONG:
		kafka_health_set_problem(&producer->health, why);
		timer_start(producer->retry, RETRY_MS);
		return;
	}
}

static void go_on(struct kafka_producer *producer)
{
	uint64_t id;
	producer->is_full = false;
	producer->refusal = NULL;
	if (appends_go_on(&producer->appends, &id))
		producer->callbacks.append_retry(producer->callbacks.context, id);
}

/* Our caller still uses the client, so the timer replaces it. The pause keeps a permanent error from becoming a busy loop. */
static void give_up_client(struct kafka_producer *producer, const char *why)
{
	if (producer->is_broken)
		return;
	producer->is_broken = true;
	appends_drop_due(&producer->appends);
	kafka_health_set_problem(&producer->health, why);
	timer_start(producer->retry, RETRY_MS);
}

/* Tries again what failed: a broken client is replaced, a wrong topic is looked at again, a refused message is asked for again. */
static void retry(void *context)
{
	struct kafka_producer *producer = context;
	const char *error;
	if (producer->is_broken)
		close_client(producer);
	if (producer->client == NULL) {
		if (open_client(producer, &error))
			return;
		kafka_health_set_problem(&producer->health, error);
		timer_start(producer->retry, RETRY_MS);
	} else if (producer->handle == NULL) {
		kafka_topic_ask(producer->topic, producer->client, kafka_queue_handle(producer->queue));
	} else if (!producer->is_full) {
		kafka_health_set_problem(&producer->health, producer->refusal);
		go_on(producer);
	}
}
