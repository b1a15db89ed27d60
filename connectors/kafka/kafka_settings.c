#include "kafka_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

#define CREATION_PREFIX "create."

static rd_kafka_conf_t *refuse(rd_kafka_conf_t *conf);
static bool set_defaults(rd_kafka_conf_t *conf, rd_kafka_type_t type);
static bool set_pair(rd_kafka_conf_t *conf, const struct log_pair *pair);
static bool take_pair(rd_kafka_conf_t *conf, const struct log_pair *pair, char *why, size_t why_size);
static void explain_unknown(const char *name, char *why, size_t why_size);
static unsigned split_names(char *table, const char **names, unsigned max);

static char error_text[512];

rd_kafka_conf_t *kafka_settings_new(const struct log_options *options, rd_kafka_type_t type, const char **error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	*error = error_text;
	if (!set_defaults(conf, type))
		return refuse(conf);
	for (unsigned i = 0; i < options->pair_count; i++)
		if (!kafka_setting_is_for_creation(&options->pairs[i]) && !set_pair(conf, &options->pairs[i]))
			return refuse(conf);
	if (kafka_settings_brokers(options) == NULL) {
		snprintf(error_text, sizeof error_text,
		         "kafka: no bootstrap.servers: say where the brokers are, as in \"bootstrap.servers: 127.0.0.1:9092\"");
		return refuse(conf);
	}
	return conf;
}

bool kafka_setting_is_for_creation(const struct log_pair *pair)
{
	return strncmp(pair->name, CREATION_PREFIX, sizeof CREATION_PREFIX - 1) == 0;
}

const char *kafka_settings_brokers(const struct log_options *options)
{
	for (unsigned i = 0; i < options->pair_count; i++)
		if (strcmp(options->pairs[i].name, "bootstrap.servers") == 0 || strcmp(options->pairs[i].name, "metadata.broker.list") == 0)
			return options->pairs[i].value;
	return NULL;
}

uint64_t kafka_settings_timeout_ms(rd_kafka_conf_t *conf)
{
	char text[24] = "";
	size_t size = sizeof text;
	rd_kafka_conf_get(conf, "socket.timeout.ms", text, &size);
	return strtoull(text, NULL, 10);
}

static rd_kafka_conf_t *refuse(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_destroy(conf);
	return NULL;
}

/* message.timeout.ms=0: a message that timed out would leave a gap that idempotence does not report.
 * auto.offset.reset=error: an offset out of range must be reported, not skipped.
 * reconnect.backoff.max.ms: librdkafka's 10 s would be added to each outage of a broker.
 * linger.ms: halves the broker's work under load; peers do not notice the delay.
 * compression.type: fewer bytes between datacenters, and no more processor time in all, because the broker has less to do.
 * socket.timeout.ms: librdkafka waits a minute for a broker that hangs.
 * statistics.interval.ms: statistics say whether a broker is up; an idle topic says nothing. */
static bool set_defaults(rd_kafka_conf_t *conf, rd_kafka_type_t type)
{
	static const struct log_pair both[] = {
		{ "client.id", "homeport" },
		{ "log.queue", "true" },
		{ "log_level", "3" },
		{ "reconnect.backoff.ms", "50" },
		{ "reconnect.backoff.max.ms", "500" },
		{ "statistics.interval.ms", "1000" },
		{ "socket.timeout.ms", "10000" },
	};
	static const struct log_pair producer[] = {
		{ "enable.idempotence", "true" },
		{ "acks", "all" },
		{ "message.timeout.ms", "0" },
		{ "message.max.bytes", "2000000" },
		{ "linger.ms", "20" },
		{ "compression.type", "lz4" },
	};
	static const struct log_pair consumer[] = {
		{ "check.crcs", "true" },
		{ "auto.offset.reset", "error" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "fetch.error.backoff.ms", "100" },
		{ "topic.metadata.refresh.fast.interval.ms", "250" },
	};
	const struct log_pair *more = type == RD_KAFKA_PRODUCER ? producer : consumer;
	size_t more_count = type == RD_KAFKA_PRODUCER ? sizeof producer / sizeof producer[0] : sizeof consumer / sizeof consumer[0];
	for (size_t i = 0; i < sizeof both / sizeof both[0]; i++)
		if (!set_pair(conf, &both[i]))
			return false;
	for (size_t i = 0; i < more_count; i++)
		if (!set_pair(conf, &more[i]))
			return false;
	return true;
}

static bool set_pair(rd_kafka_conf_t *conf, const struct log_pair *pair)
{
	char why[384];
	bool is_good = take_pair(conf, pair, why, sizeof why);
	if (!is_good)
		snprintf(error_text, sizeof error_text, "kafka: %s: %s", pair->name, why);
	return is_good;
}

/* Values of these are never shown. */
static bool is_secret(const char *name)
{
	return strstr(name, "password") != NULL || strstr(name, "secret") != NULL || strstr(name, "pem") != NULL || strstr(name, "jaas") != NULL;
}

static bool take_pair(rd_kafka_conf_t *conf, const struct log_pair *pair, char *why, size_t why_size)
{
	char text[256] = "";
	rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, pair->name, pair->value, text, sizeof text);
	if (result == RD_KAFKA_CONF_UNKNOWN)
		explain_unknown(pair->name, why, why_size);
	else if (result != RD_KAFKA_CONF_OK)
		snprintf(why, why_size, "'%s' is refused (%.*s): librdkafka's CONFIGURATION.md lists what it takes",
		         is_secret(pair->name) ? "(hidden)" : pair->value, (int)strcspn(text, "\n"), text);
	return result == RD_KAFKA_CONF_OK;
}

bool kafka_setting_check(const struct log_pair *pair, char *why, size_t why_size)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool is_good = take_pair(conf, pair, why, why_size);
	rd_kafka_conf_destroy(conf);
	return is_good;
}

/* librdkafka can print a table of its properties, but has no function that lists their names. */
static void explain_unknown(const char *name, char *why, size_t why_size)
{
	enum { NAMES_MAX = 512 };
	const char *names[NAMES_MAX], *near = NULL;
	char *table = NULL;
	size_t table_len = 0;
	FILE *file = open_memstream(&table, &table_len);
	if (file != NULL) {
		rd_kafka_conf_properties_show(file);
		fclose(file);
		near = nearest_name(name, names, split_names(table, names, NAMES_MAX));
	}
	if (near != NULL)
		snprintf(why, why_size, "librdkafka has no property \"%s\": did you mean \"%s\"?", name, near);
	else
		snprintf(why, why_size, "librdkafka has no property \"%s\": its CONFIGURATION.md lists them", name);
	free(table);
}

/* Rows look like "name   | C/P | range | default | text". */
static unsigned split_names(char *table, const char **names, unsigned max)
{
	unsigned count = 0;
	char *rest = NULL;
	for (char *line = strtok_r(table, "\n", &rest); line != NULL && count < max; line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789._");
		if (len == 0 || line[len] != ' ' || strchr(line, '|') == NULL)
			continue;
		line[len] = '\0';
		names[count++] = line;
	}
	return count;
}
