#include "kafka_check.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "kafka_settings.h"

#define NAMES_MAX 32

enum creation_type { CREATION_NUMBER, CREATION_FACTOR, CREATION_CHOICE, CREATION_TEXT };

/* What a topic can be created with. A broker may know more; of those it is the judge. */
static const struct {
	const char *name;
	enum creation_type type;
	const char *choice;                  /* with spaces between and around */
} creations[] = {
	{ "replication.factor", CREATION_FACTOR, NULL },
	{ "retention.ms", CREATION_NUMBER, NULL },
	{ "retention.bytes", CREATION_NUMBER, NULL },
	{ "local.retention.ms", CREATION_NUMBER, NULL },
	{ "local.retention.bytes", CREATION_NUMBER, NULL },
	{ "segment.ms", CREATION_NUMBER, NULL },
	{ "segment.bytes", CREATION_NUMBER, NULL },
	{ "segment.index.bytes", CREATION_NUMBER, NULL },
	{ "segment.jitter.ms", CREATION_NUMBER, NULL },
	{ "max.message.bytes", CREATION_NUMBER, NULL },
	{ "min.insync.replicas", CREATION_NUMBER, NULL },
	{ "flush.ms", CREATION_NUMBER, NULL },
	{ "flush.messages", CREATION_NUMBER, NULL },
	{ "index.interval.bytes", CREATION_NUMBER, NULL },
	{ "file.delete.delay.ms", CREATION_NUMBER, NULL },
	{ "delete.retention.ms", CREATION_NUMBER, NULL },
	{ "preallocate", CREATION_CHOICE, " true false " },
	{ "remote.storage.enable", CREATION_CHOICE, " true false " },
	{ "unclean.leader.election.enable", CREATION_CHOICE, " true false " },
	{ "cleanup.policy", CREATION_CHOICE, " delete " },
	{ "compression.type", CREATION_CHOICE, " producer uncompressed gzip snappy lz4 zstd " },
	{ "message.timestamp.type", CREATION_CHOICE, " CreateTime LogAppendTime " },
	{ "message.timestamp.before.max.ms", CREATION_NUMBER, NULL },
	{ "message.timestamp.after.max.ms", CREATION_NUMBER, NULL },
	{ "leader.replication.throttled.replicas", CREATION_TEXT, NULL },
	{ "follower.replication.throttled.replicas", CREATION_TEXT, NULL },
};

#define CREATION_COUNT (sizeof creations / sizeof creations[0])
_Static_assert(CREATION_COUNT <= NAMES_MAX, "complaints can name every one");

static bool check_creation(const struct log_pair *pair, char *why, size_t why_size);
static bool check_together(const struct log_options *options, rd_kafka_type_t type, char *why, size_t why_size);
static bool is_choice(const char *choice, const char *value);

bool kafka_check(const struct log_options *options, const struct log_pair *pair, char *why, size_t why_size)
{
	if (pair == NULL)
		return (!options->is_own || check_together(options, RD_KAFKA_PRODUCER, why, why_size)) &&
		       check_together(options, RD_KAFKA_CONSUMER, why, why_size);
	if (kafka_setting_is_for_creation(pair))
		return check_creation(pair, why, why_size);
	return kafka_setting_check(pair, why, why_size);
}

static bool check_creation(const struct log_pair *pair, char *why, size_t why_size)
{
	const char *name = strchr(pair->name, '.') + 1, *names[NAMES_MAX];
	int64_t number;
	for (size_t i = 0; i < CREATION_COUNT; i++) {
		names[i] = creations[i].name;
		if (strcmp(creations[i].name, name) != 0)
			continue;
		bool is_number = slice_to_int64(slice_of(pair->value), &number);
		switch (creations[i].type) {
		case CREATION_NUMBER:
			snprintf(why, why_size, "'%s' is no number, write a whole number%s", pair->value,
			         strstr(name, ".ms") != NULL ? " of milliseconds (7 days are 604800000)" : strstr(name, ".bytes") != NULL ? " of bytes" : "");
			return is_number;
		case CREATION_FACTOR:
			snprintf(why, why_size, "'%s' is no number of replicas, write a whole number, 1 or more", pair->value);
			return is_number && number > 0 && number <= INT16_MAX;
		case CREATION_CHOICE:
			snprintf(why, why_size, "'%s' is not possible here, choose from%.*s", pair->value, (int)strlen(creations[i].choice) - 1, creations[i].choice);
			return is_choice(creations[i].choice, pair->value);
		case CREATION_TEXT:
			return true;
		}
	}
	const char *near = nearest_name(name, names, CREATION_COUNT);
	if (near != NULL)
		snprintf(why, why_size, "a topic has no setting '%s', did you mean create.%s?", name, near);
	return near == NULL;
}

static bool is_choice(const char *choice, const char *value)
{
	const char *at = strstr(choice, value);
	return at != NULL && at > choice && at[-1] == ' ' && at[strlen(value)] == ' ' && value[0] != '\0';
}

/* Makes a client without brokers, which reaches for nothing, and frees it. */
static bool check_together(const struct log_options *options, rd_kafka_type_t type, char *why, size_t why_size)
{
	const char *error = NULL;
	rd_kafka_conf_t *conf = kafka_settings_new(options, type, &error);
	if (conf == NULL) {
		snprintf(why, why_size, "%s", error);
		return false;
	}
	rd_kafka_conf_set(conf, "bootstrap.servers", "", NULL, 0);
	rd_kafka_t *client = rd_kafka_new(type, conf, why, why_size);
	if (client == NULL) {
		size_t len = strcspn(why, "\n");
		snprintf(why + len, why_size - len, ": librdkafka refuses these settings together, see its CONFIGURATION.md");
		rd_kafka_conf_destroy(conf);
		return false;
	}
	rd_kafka_destroy(client);
	return true;
}
