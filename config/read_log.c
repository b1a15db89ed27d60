#include "read_log.h"

#include "base/text.h"
#include "log_kind.h"
#include "url.h"
#include "value.h"

#include <string.h>

#define FILE_SUFFIX "_file"
#define DEFAULT_KIND "redis-stream"

/* One log while it is read. */
struct log_reading {
	struct reading *reading;
	const struct log_kind *kind;
	struct settings_log *log;
	const char *path;              /* what complaints call it: "peers.us.log.kafka" */
	bool is_own;
	bool is_wrong;                 /* a setting was complained about */
};

static void fill_from_redis(struct settings *settings);
static void read_kind(struct reading *reading, const struct tree *kind, const char *path, struct settings_log *log);
static void read_pair(struct log_reading *own, const struct tree *node);
static char *value_of(struct log_reading *own, const struct tree *node, bool is_file);
static void add_url(struct log_reading *own, const struct tree *node, const char *url);
static void add_judged(struct log_reading *own, const struct tree *node, const char *name, const char *value);
static void check_needed(struct log_reading *own, const struct tree *node);
static void check_whole(struct log_reading *own, const struct tree *node);
static void add_pair(struct settings_log *log, const char *name, const char *value);

void log_read_own(struct reading *reading, const struct tree *node)
{
	struct settings_log *log = &reading->settings->log;

	if (node != NULL)
		log_read(reading, node, "log", log);
	else
		log->kind = text_copy(DEFAULT_KIND);
	const struct log_kind *kind = log->kind != NULL ? log_kind_find(log->kind) : NULL;

	if (kind == NULL || !kind->is_own_in_redis)
		return;
	const struct tree *given = node != NULL ? tree_find(node, kind->name) : NULL;

	if (given != NULL && given->count > 0)
		complain(reading->complaints, given->items[0].key_place, "the own %s log is kept in the Redis under redis:, write %s: {}", kind->name,
		         kind->name);
	else
		fill_from_redis(reading->settings);
}

static void fill_from_redis(struct settings *settings)
{
	struct settings_log *log = &settings->log;
	struct buffer text = { 0 };

	value_add_address(&text, &settings->redis_address);
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

void log_read(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log)
{
	const char *names[LOG_KINDS_MAX];
	unsigned name_count = log_kind_names(names);

	if (node->kind == TREE_SCALAR && text_is_among(node->text, names, name_count)) {
		complain(reading->complaints, node->place, "%s is a single value, write %s: { %s: { … } }", path, path, node->text);
		return;
	}
	if (!reading_is_mapping(reading, node, path))
		return;
	if (node->count != 1) {
		struct buffer known = { 0 };

		for (unsigned i = 0; i < name_count; i++)
			buffer_add_format(&known, "%s%s", i == 0 ? "" : i + 1 < name_count ? ", " : " or ", names[i]);
		complain(reading->complaints, node->place, "%s names %s, name one: %.*s", path, node->count == 0 ? "no log" : "more than one log",
		         (int)known.len, known.ptr);
		buffer_free(&known);
		return;
	}
	if (log_kind_find(node->items[0].key) != NULL)
		read_kind(reading, &node->items[0], path, log);
	else
		reading_refuse_key(reading, &node->items[0], path, names, name_count);
}

/* NODE: one kind, and its settings. */
static void read_kind(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log)
{
	struct buffer inner = { 0 };

	log->kind = text_copy(node->key);
	buffer_add_format(&inner, "%s.%s", path, node->key);
	buffer_add_byte(&inner, '\0');
	struct log_reading own = {
		.reading = reading,
		.kind = log_kind_find(node->key),
		.log = log,
		.path = inner.ptr,
		.is_own = log == &reading->settings->log,
	};

	if (reading_is_mapping(reading, node, inner.ptr)) {
		for (unsigned i = 0; i < node->count; i++)
			read_pair(&own, &node->items[i]);
		check_needed(&own, node);
		check_whole(&own, node);
	}
	buffer_free(&inner);
}

static void read_pair(struct log_reading *own, const struct tree *node)
{
	const char *names[16];
	size_t name_len = strlen(node->key), suffix_len = sizeof(FILE_SUFFIX) - 1;
	bool is_file = name_len > suffix_len && strcmp(node->key + name_len - suffix_len, FILE_SUFFIX) == 0;
	unsigned count = 0;

	for (; count < own->kind->setting_count && count < COUNT_OF(names); count++)
		names[count] = own->kind->settings[count].name;
	if (own->kind->settings != NULL && !text_is_among(node->key, names, count)) {
		reading_refuse_key(own->reading, node, own->path, names, count);
		own->is_wrong = true;
		return;
	}
	char *value = value_of(own, node, is_file);
	char *name = text_copy(node->key);

	name[is_file ? name_len - suffix_len : name_len] = '\0';
	if (value == NULL) {
		own->is_wrong = true;
	} else if (log_setting_value(own->log, name) != NULL) {
		complain(own->reading->complaints, node->key_place, "%s: '%s' and '%s" FILE_SUFFIX "' are both given, remove one", own->path, name, name);
		own->is_wrong = true;
	} else {
		add_judged(own, node, name, value);
	}
	memory_free(name);
	memory_free(value);
}

/* Owned; NULL: it was complained about. */
static char *value_of(struct log_reading *own, const struct tree *node, bool is_file)
{
	struct buffer why = { 0 }, path = { 0 };
	char *text = NULL, *value = NULL;

	buffer_add_format(&path, "%s.%s", own->path, node->key);
	buffer_add_byte(&path, '\0');
	if (reading_take_text(own->reading, node, path.ptr, &text))
		value = is_file ? value_read_file(text, own->reading->directory, &why) : text_copy(text);
	if (value == NULL && text != NULL)
		complain(own->reading->complaints, node->place, "%s: %.*s", path.ptr, (int)why.len, why.ptr);
	memory_free(text);
	buffer_free(&path);
	buffer_free(&why);
	return value;
}

static void add_wrong(struct buffer *why, const char *value, const char *remedy)
{
	char *shown = url_hide_secret(value);

	buffer_add_format(why, "'%s' is %s", shown, remedy);
	memory_free(shown);
}

/* An address that names who logs in there. */
static void add_url(struct log_reading *own, const struct tree *node, const char *url)
{
	struct settings_address address = { 0 };
	struct buffer text = { 0 };
	bool is_read = value_read_endpoint(url, &address);

	if (is_read && address.password != NULL && (log_setting_value(own->log, "username") != NULL || log_setting_value(own->log, "password") != NULL)) {
		complain(own->reading->complaints, node->key_place, "%s.address names a user or password, and so does another setting, remove one", own->path);
		own->is_wrong = true;
	} else if (is_read) {
		value_add_address(&text, &address);
		buffer_add_byte(&text, '\0');
		if (address.username != NULL)
			add_pair(own->log, "username", address.username);
		if (address.password != NULL)
			add_pair(own->log, "password", address.password);
		add_pair(own->log, "address", text.ptr);
	}
	address_free(&address);
	buffer_free(&text);
}

/* Adds the setting, unless its own row or the log's library says that the value is wrong. */
static void add_judged(struct log_reading *own, const struct tree *node, const char *name, const char *value)
{
	const struct settings_checks *checks = own->reading->checks;
	struct buffer why = { 0 };

	for (unsigned i = 0; i < own->kind->setting_count; i++) {
		const struct log_setting *setting = &own->kind->settings[i];

		if (strcmp(setting->name, name) == 0 && setting->is_good != NULL && !setting->is_good(value))
			add_wrong(&why, value, setting->remedy);
	}
	bool is_url = own->kind->settings != NULL && why.len == 0 && url_is_one(value);

	if (is_url)
		add_url(own, node, value);
	else
		add_pair(own->log, name, value);
	const struct settings_pair *pair = own->log->pair_count > 0 ? &own->log->pairs[own->log->pair_count - 1] : NULL;

	if (why.len == 0 && own->kind->settings == NULL && checks != NULL && !checks->log(own->log, own->is_own, pair, &why))
		own->is_wrong = true;
	if (why.len > 0) {
		complain(own->reading->complaints, node->place, "%s.%s: %.*s", own->path, node->key, (int)why.len, why.ptr);
		own->is_wrong = true;
	}
	buffer_free(&why);
}

/* The setting without which the log cannot be found. */
static void check_needed(struct log_reading *own, const struct tree *node)
{
	const struct log_kind *kind = own->kind;

	if (own->is_own && kind->is_own_in_redis)
		return;
	if (log_setting_value(own->log, kind->needed) != NULL ||
	    (kind->needed_alias != NULL && log_setting_value(own->log, kind->needed_alias) != NULL))
		return;
	own->is_wrong = true;
	complain(own->reading->complaints, node->key_place, "%s needs %s, add %s", own->path, kind->needed_prose, kind->needed_example);
}

/* Settings that are right one by one may be wrong together. */
static void check_whole(struct log_reading *own, const struct tree *node)
{
	const struct settings_checks *checks = own->reading->checks;
	struct buffer why = { 0 };

	if (own->is_wrong || own->kind->settings != NULL || checks == NULL)
		return;
	if (!checks->log(own->log, own->is_own, NULL, &why))
		complain(own->reading->complaints, node->key_place, "%s: %.*s", own->path, (int)why.len, why.ptr);
	buffer_free(&why);
}

static void add_pair(struct settings_log *log, const char *name, const char *value)
{
	log->pairs = memory_resize(log->pairs, (log->pair_count + 1) * sizeof(*log->pairs));
	log->pairs[log->pair_count++] = (struct settings_pair){ text_copy(name), text_copy(value) };
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
