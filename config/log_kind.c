#include "log_kind.h"

#include "base/text.h"
#include "value.h"

#include <assert.h>

static bool is_address(const char *text);
static bool is_database(const char *text);

static const struct log_setting stream_settings[] = {
	{ "address", is_address, "no address, write HOST:PORT, the path of a Unix socket, or a URL (redis://, rediss://, unix://) without a database" },
	{ "tls_name", NULL, NULL },
	{ "username", NULL, NULL },
	{ "password", NULL, NULL },
	{ "password_file", NULL, NULL },
	{ "database", is_database, "no database number, write that sidecar's redis.database" },
};

static const struct log_kind kinds[] = {
	{
		.name = "kafka",
		.needed = "bootstrap.servers",
		.needed_alias = "metadata.broker.list",
		.needed_prose = "bootstrap.servers",
		.needed_example = "bootstrap.servers: HOST:PORT",
		.prose = "any property of librdkafka, as it is; `bootstrap.servers` is needed. Batches are compressed (`compression.type: lz4`). "
		         "The topic is `homeport.<dc>`, with one partition; where it "
		         "is absent it is created, with settings of the topic given as `create.<name>`: `create.retention.ms` (7 days, "
		         "by the broker's clock: `create.message.timestamp.type` is LogAppendTime), `create.replication.factor`",
	},
	{
		.name = "redis-stream",
		.settings = stream_settings,
		.setting_count = sizeof(stream_settings) / sizeof(stream_settings[0]),
		.needed = "address",
		.needed_prose = "the address of that datacenter's Redis",
		.needed_example = "address: HOST:PORT",
		.is_own_in_redis = true,
		.prose = "none: the log is kept in the Redis under `redis`, in the reserved database, and peers read it from there",
	},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(KIND_COUNT <= LOG_KINDS_MAX, "complaints can name every kind");

unsigned log_kind_count(void)
{
	return KIND_COUNT;
}

const struct log_kind *log_kind_at(unsigned index)
{
	assert(index < KIND_COUNT);
	return &kinds[index];
}

const struct log_kind *log_kind_find(const char *name)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

unsigned log_kind_names(const char *names[LOG_KINDS_MAX])
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		names[i] = kinds[i].name;
	return KIND_COUNT;
}

const char *log_setting_value(const struct settings_log *log, const char *name)
{
	for (unsigned i = 0; i < log->pair_count; i++)
		if (strcmp(log->pairs[i].name, name) == 0)
			return log->pairs[i].value;
	return NULL;
}

static bool is_address(const char *text)
{
	struct settings_address address = { 0 };
	bool is_good = value_read_endpoint(text, &address);

	address_free(&address);
	return is_good;
}

static bool is_database(const char *text)
{
	uint64_t database;

	return value_read_count(text, &database) && database <= UINT16_MAX;
}
