#include "kafka_topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_settings.h"

#define REQUEST_MS_MAX 5000
#define METADATA_MS_MAX 1000
#define MESSAGE_BYTES_MIN 1000000
#define REPLICATION_OF_BROKER (-1)
#define RETENTION "retention.ms"

struct creation_pair { char *name, *value; };

struct kafka_topic {
	char *name;
	int replication;
	struct creation_pair *pairs;         /* settings at creation, defaults first, so that given ones win */
	unsigned pair_count;
	uint64_t retention_ms;               /* 0: for ever, or unknown */
	char why[384];
};

static void add_pair(struct kafka_topic *topic, const char *name, const char *value);
static void learn_retention(struct kafka_topic *topic, const char *name, const char *value);
static char *copy_text(const char *text);
static enum kafka_topic_state take_created(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue,
                                           rd_kafka_event_t *event);
static enum kafka_topic_state take_described(struct kafka_topic *topic, rd_kafka_event_t *event);
static void ask_description(const struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue);
static bool has_one_partition(struct kafka_topic *topic, rd_kafka_t *client);
static bool is_setting_right(struct kafka_topic *topic, const char *name, const char *value);

struct kafka_topic *kafka_topic_new(const struct log_options *options, const char **error)
{
	struct kafka_topic *topic = memory_new(sizeof *topic);
	size_t name_size = sizeof KAFKA_TOPIC_PREFIX + strlen(options->dc);
	topic->name = memory_new(name_size);
	snprintf(topic->name, name_size, KAFKA_TOPIC_PREFIX "%s", options->dc);
	topic->replication = REPLICATION_OF_BROKER;
	add_pair(topic, "cleanup.policy", "delete");
	add_pair(topic, RETENTION, "604800000");
	add_pair(topic, "max.message.bytes", "2097152");
	/* The broker's clock decides what is old. By the sidecar's own, which may be wrong by years, it would delete what was just written. */
	add_pair(topic, "message.timestamp.type", "LogAppendTime");
	for (unsigned i = 0; i < options->pair_count; i++) {
		const struct log_pair *pair = &options->pairs[i];
		if (!kafka_setting_is_for_creation(pair))
			continue;
		const char *name = strchr(pair->name, '.') + 1;
		int64_t replication;
		if (strcmp(name, "replication.factor") != 0) {
			add_pair(topic, name, pair->value);
		} else if (slice_to_int64(slice_of(pair->value), &replication) && replication > 0 && replication <= INT16_MAX) {
			topic->replication = (int)replication;
		} else {
			*error = "kafka: create.replication.factor must be a number, 1 or more";
			kafka_topic_free(topic);
			return NULL;
		}
	}
	return topic;
}

void kafka_topic_free(struct kafka_topic *topic)
{
	if (topic == NULL)
		return;
	for (unsigned i = 0; i < topic->pair_count; i++) {
		memory_free(topic->pairs[i].name);
		memory_free(topic->pairs[i].value);
	}
	memory_free(topic->pairs);
	memory_free(topic->name);
	memory_free(topic);
}

const char *kafka_topic_name(const struct kafka_topic *topic)
{
	return topic->name;
}

uint64_t kafka_topic_retention_ms(const struct kafka_topic *topic)
{
	return topic->retention_ms;
}

/* We try to create the topic first and look at it if it exists: if we looked first, a broker could create it by itself in between. */
void kafka_topic_ask(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue)
{
	char why[8];
	rd_kafka_NewTopic_t *created = rd_kafka_NewTopic_new(topic->name, 1, topic->replication, why, sizeof why);
	for (unsigned i = 0; i < topic->pair_count; i++)
		rd_kafka_NewTopic_set_config(created, topic->pairs[i].name, topic->pairs[i].value);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_MS_MAX, why, sizeof why);
	rd_kafka_CreateTopics(client, &created, 1, options, queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(created);
}

enum kafka_topic_state kafka_topic_take(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue,
                                        rd_kafka_event_t *event, const char **why)
{
	*why = topic->why;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		return take_created(topic, client, queue, event);
	return take_described(topic, event);
}

static void add_pair(struct kafka_topic *topic, const char *name, const char *value)
{
	topic->pairs = memory_resize(topic->pairs, (topic->pair_count + 1) * sizeof *topic->pairs);
	topic->pairs[topic->pair_count++] = (struct creation_pair){ copy_text(name), copy_text(value) };
	learn_retention(topic, name, value);
}

/* Kafka's -1 means for ever. */
static void learn_retention(struct kafka_topic *topic, const char *name, const char *value)
{
	int64_t ms;
	if (strcmp(name, RETENTION) == 0)
		topic->retention_ms = slice_to_int64(slice_of(value), &ms) && ms > 0 ? (uint64_t)ms : 0;
}

static char *copy_text(const char *text)
{
	return strcpy(memory_new(strlen(text) + 1), text);
}

/* A user without the right to create topics may still find one that was created for it. */
static enum kafka_topic_state take_created(struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue,
                                           rd_kafka_event_t *event)
{
	size_t count = 0;
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);
	const char *text = rd_kafka_event_error_string(event);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		const rd_kafka_topic_result_t **results =
			rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
		error = rd_kafka_topic_result_error(results[0]);
		text = rd_kafka_topic_result_error_string(results[0]);
	}
	switch (error) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return KAFKA_TOPIC_READY;
	case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		if (!has_one_partition(topic, client))
			return KAFKA_TOPIC_WRONG;
		ask_description(topic, client, queue);
		return KAFKA_TOPIC_ASKED;
	default:
		snprintf(topic->why, sizeof topic->why, "creating the topic %s: %s", topic->name, text != NULL ? text : rd_kafka_err2str(error));
		return KAFKA_TOPIC_WRONG;
	}
}

/* If we may not read the topic's settings, we take the topic as it is. */
static enum kafka_topic_state take_described(struct kafka_topic *topic, rd_kafka_event_t *event)
{
	size_t resource_count = 0, entry_count = 0;
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return KAFKA_TOPIC_READY;
	const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &resource_count);
	if (resource_count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return KAFKA_TOPIC_READY;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resources[0], &entry_count);
	for (size_t i = 0; i < entry_count; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);
		if (value == NULL)
			continue;
		if (!is_setting_right(topic, rd_kafka_ConfigEntry_name(entries[i]), value))
			return KAFKA_TOPIC_WRONG;
		learn_retention(topic, rd_kafka_ConfigEntry_name(entries[i]), value);
	}
	return KAFKA_TOPIC_READY;
}

static void ask_description(const struct kafka_topic *topic, rd_kafka_t *client, rd_kafka_queue_t *queue)
{
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
	rd_kafka_DescribeConfigs(client, &resource, 1, NULL, queue);
	rd_kafka_ConfigResource_destroy(resource);
}

/* This blocks, but a broker has just answered, so it is short. */
static bool has_one_partition(struct kafka_topic *topic, rd_kafka_t *client)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic->name, NULL);
	rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, METADATA_MS_MAX);
	bool is_one = false;
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1) {
		snprintf(topic->why, sizeof topic->why, "looking at the topic %s: %s", topic->name, rd_kafka_err2str(error));
	} else if (metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		snprintf(topic->why, sizeof topic->why, "the topic %s: %s", topic->name, rd_kafka_err2str(metadata->topics[0].err));
	} else if (metadata->topics[0].partition_cnt != 1) {
		snprintf(topic->why, sizeof topic->why, "the topic %s has %d partitions: create it with 1, its order is the order of writes",
		         topic->name, metadata->topics[0].partition_cnt);
	} else {
		is_one = true;
	}
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	return is_one;
}

static bool is_setting_right(struct kafka_topic *topic, const char *name, const char *value)
{
	if (strcmp(name, "cleanup.policy") == 0 && strstr(value, "compact") != NULL) {
		snprintf(topic->why, sizeof topic->why, "the topic %s has cleanup.policy=%s, which would drop writes: set it to delete",
		         topic->name, value);
		return false;
	}
	if (strcmp(name, "max.message.bytes") == 0 && strtoll(value, NULL, 10) < MESSAGE_BYTES_MIN) {
		snprintf(topic->why, sizeof topic->why, "the topic %s has max.message.bytes=%s: set it to %d or more", topic->name, value,
		         MESSAGE_BYTES_MIN);
		return false;
	}
	return true;
}
