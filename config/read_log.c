/* Reading a log: which connector follows it, and that connector's settings as they stand. */
#include "reading.h"

#include "base/text.h"
#include "value.h"

#include <string.h>

#define FILE_SUFFIX "_file"

static const char *const log_kinds[] = { "kafka", "redis-stream" };
static const char *const stream_names[] = { "address", "username", "password", "password_file", "database" };

static void fill_own_stream(struct settings *settings);
static void read_pair(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log);
static void check_pairs(struct reading *reading, const struct tree *node, const char *path, const struct settings_log *log);
static void check_stream_value(struct reading *reading, const struct tree *node, const char *path);
static void add_pair(struct settings_log *log, const char *name, const char *value);
static const char *find_pair(const struct settings_log *log, const char *name);

void log_read_own(struct reading *reading, const struct tree *node)
{
	struct settings_log *log = &reading->settings->log;

	if (node != NULL)
		log_read(reading, node, "log", log);
	else
		log->kind = text_copy("redis-stream");
	if (log->kind == NULL || strcmp(log->kind, "redis-stream") != 0)
		return;
	const struct tree *stream = node != NULL ? tree_find(node, "redis-stream") : NULL;

	if (stream != NULL && stream->count > 0)
		complain(reading->complaints, stream->items[0].key_place,
		         "the own redis-stream log is kept in the Redis under redis:, write redis-stream: {}");
	else
		fill_own_stream(reading->settings);
}

static void fill_own_stream(struct settings *settings)
{
	struct settings_log *log = &settings->log;
	const struct settings_address *address = &settings->redis_address;
	struct buffer text = { 0 };

	value_add_address(&text, address);
	buffer_add_byte(&text, '\0');
	add_pair(log, "address", text.ptr);
	if (settings->redis_username != NULL)
		add_pair(log, "username", settings->redis_username);
	if (settings->redis_password != NULL)
		add_pair(log, "password", settings->redis_password);
	buffer_reset(&text);
	buffer_add_uint64(&text, settings->redis_database);
	buffer_add_byte(&text, '\0');
	add_pair(log, "database", text.ptr);
	buffer_free(&text);
}

/* NODE is a mapping of one log's kind to its settings. */
void log_read(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log)
{
	struct buffer inner = { 0 };

	if (node->kind == TREE_SCALAR && text_is_among(node->text, log_kinds, COUNT_OF(log_kinds))) {
		complain(reading->complaints, node->place, "%s is a single value, write %s: { %s: { … } }", path, path, node->text);
		return;
	}
	if (!reading_is_mapping(reading, node, path))
		return;
	if (node->count != 1) {
		complain(reading->complaints, node->place, "%s names %s, name one: kafka or redis-stream", path,
		         node->count == 0 ? "no log" : "more than one log");
		return;
	}
	const struct tree *kind = &node->items[0];

	if (!text_is_among(kind->key, log_kinds, COUNT_OF(log_kinds))) {
		reading_refuse_key(reading, kind, path, log_kinds, COUNT_OF(log_kinds));
		return;
	}
	log->kind = text_copy(kind->key);
	buffer_add_format(&inner, "%s.%s", path, kind->key);
	buffer_add_byte(&inner, '\0');
	if (reading_is_mapping(reading, kind, inner.ptr)) {
		for (unsigned i = 0; i < kind->count; i++)
			read_pair(reading, &kind->items[i], inner.ptr, log);
		check_pairs(reading, kind, inner.ptr, log);
	}
	buffer_free(&inner);
}

static void read_pair(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log)
{
	size_t name_len = strlen(node->key), suffix_len = sizeof(FILE_SUFFIX) - 1;
	bool is_file = name_len > suffix_len && strcmp(node->key + name_len - suffix_len, FILE_SUFFIX) == 0;
	struct buffer why = { 0 };
	char *value = NULL;

	if (strcmp(log->kind, "redis-stream") == 0 && !text_is_among(node->key, stream_names, COUNT_OF(stream_names))) {
		reading_refuse_key(reading, node, path, stream_names, COUNT_OF(stream_names));
		return;
	}
	if (!reading_take_text(reading, node, node->key, &value))
		return;
	if (is_file) {
		char *content = value_read_file(value, reading->directory, &why);

		memory_free(value);
		value = content;
	}
	char *name = text_copy(node->key);

	name[is_file ? name_len - suffix_len : name_len] = '\0';
	if (value == NULL)
		complain(reading->complaints, node->place, "%s.%s: %.*s", path, node->key, (int)why.len, why.ptr);
	else if (find_pair(log, name) != NULL)
		complain(reading->complaints, node->key_place, "'%s' and '%s" FILE_SUFFIX "' are both given, remove one", name, name);
	else
		add_pair(log, name, value);
	memory_free(name);
	memory_free(value);
	buffer_free(&why);
}

/* What a log cannot do without, and what can be told wrong without asking the library. */
static void check_pairs(struct reading *reading, const struct tree *node, const char *path, const struct settings_log *log)
{
	bool is_kafka = strcmp(log->kind, "kafka") == 0;

	if (is_kafka && find_pair(log, "bootstrap.servers") == NULL && find_pair(log, "metadata.broker.list") == NULL)
		complain(reading->complaints, node->key_place, "%s needs bootstrap.servers, add bootstrap.servers: HOST:PORT", path);
	if (is_kafka)
		return;
	if (find_pair(log, "address") == NULL && strcmp(path, "log.redis-stream") != 0)
		complain(reading->complaints, node->key_place, "%s needs the address of that datacenter's Redis, add address: HOST:PORT", path);
	for (unsigned i = 0; i < node->count; i++)
		check_stream_value(reading, &node->items[i], path);
}

static void check_stream_value(struct reading *reading, const struct tree *node, const char *path)
{
	struct settings_address address = { 0 };
	uint64_t database;

	if (node->kind != TREE_SCALAR)
		return;
	if (strcmp(node->key, "address") == 0 && !value_read_address(node->text, &address))
		complain(reading->complaints, node->place, "%s.address: '%s' is no address, write HOST:PORT", path, node->text);
	if (strcmp(node->key, "database") == 0 && (!value_read_count(node->text, &database) || database > UINT16_MAX))
		complain(reading->complaints, node->place, "%s.database: '%s' is no database number, write that sidecar's redis.database", path,
		         node->text);
	memory_free(address.host);
}

static void add_pair(struct settings_log *log, const char *name, const char *value)
{
	log->pairs = memory_resize(log->pairs, (log->pair_count + 1) * sizeof(*log->pairs));
	log->pairs[log->pair_count++] = (struct settings_pair){ text_copy(name), text_copy(value) };
}

static const char *find_pair(const struct settings_log *log, const char *name)
{
	for (unsigned i = 0; i < log->pair_count; i++)
		if (strcmp(log->pairs[i].name, name) == 0)
			return log->pairs[i].value;
	return NULL;
}

void log_free(struct settings_log *log)
{
	for (unsigned i = 0; i < log->pair_count; i++) {
		memory_free(log->pairs[i].name);
		memory_free(log->pairs[i].value);
	}
	memory_free(log->pairs);
	memory_free(log->kind);
}
