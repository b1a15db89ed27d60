#include "value.h"

#include "base/text.h"
#include "url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 4096
#define NAME_MAX_LEN 32

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
static const struct unit size_units[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 }, { NULL, 0 } };
static const char *const level_texts[] = { "debug", "info", "warn", "error" };

static FILE *open_file(const char *path, const char *directory, struct buffer *why);
static bool read_with_unit(const char *text, const struct unit *units, uint64_t *number);
static const char *skip_digits(const char *text, uint64_t *number);
static bool is_name_byte(char byte);

bool value_read_count(const char *text, uint64_t *count)
{
	uint64_t number;
	const char *end = skip_digits(text, &number);

	if (end == NULL || *end != '\0')
		return false;
	*count = number;
	return true;
}

bool value_read_duration(const char *text, uint64_t *ms)
{
	return read_with_unit(text, duration_units, ms);
}

bool value_read_size(const char *text, uint64_t *bytes)
{
	return read_with_unit(text, size_units, bytes);
}

bool value_read_bool(const char *text, bool *answer)
{
	bool is_yes = strcmp(text, "yes") == 0;

	if (!is_yes && strcmp(text, "no") != 0)
		return false;
	*answer = is_yes;
	return true;
}

bool value_read_level(const char *text, enum settings_level *level)
{
	for (unsigned i = 0; i < sizeof(level_texts) / sizeof(level_texts[0]); i++)
		if (strcmp(text, level_texts[i]) == 0) {
			*level = (enum settings_level)i;
			return true;
		}
	return false;
}

const char *value_level_text(enum settings_level level)
{
	return level_texts[level];
}

bool value_read_address(const char *text, struct settings_address *address)
{
	struct settings_address found = { 0 };

	if (!address_read_host(text, &found))
		return false;
	address_free(address);
	*address = found;
	return true;
}

bool value_read_endpoint(const char *text, struct settings_address *address)
{
	struct settings_address found = { 0 };

	if (url_is_one(text))
		return url_read(text, address);
	if (text[0] != '/')
		return value_read_address(text, address);
	if (!address_read_path(text, &found))
		return false;
	address_free(address);
	*address = found;
	return true;
}

void value_add_address(struct buffer *out, const struct settings_address *address)
{
	if (address->is_tls)
		buffer_add_text(out, "rediss://");
	if (address->host[0] == '/')
		buffer_add_text(out, address->host);
	else
		buffer_add_format(out, strchr(address->host, ':') != NULL ? "[%s]:%u" : "%s:%u", address->host, address->port);
}

bool value_addresses_equal(const struct settings_address *a, const struct settings_address *b)
{
	if (a->host == NULL || b->host == NULL)
		return a->host == b->host;
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool value_is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > NAME_MAX_LEN || text[0] == '-' || text[0] == '_')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte(text[i]))
			return false;
	return true;
}

char *value_read_file(const char *path, const char *directory, struct buffer *why)
{
	char line[LINE_MAX_LEN + 2];
	FILE *file = open_file(path, directory, why);

	if (file == NULL)
		return NULL;
	bool is_read = fgets(line, sizeof(line), file) != NULL;

	fclose(file);
	line[is_read ? strcspn(line, "\r\n") : 0] = '\0';
	if (line[0] == '\0' || strlen(line) > LINE_MAX_LEN) {
		buffer_add_format(why, "the first line of the file '%s' is %s, put the value there", path, line[0] == '\0' ? "empty" : "too long");
		return NULL;
	}
	return text_copy(line);
}

bool value_read_whole(const char *path, const char *directory, size_t bytes_max, struct buffer *text, struct buffer *why)
{
	FILE *file = open_file(path, directory, why);

	if (file == NULL)
		return false;
	char chunk[16384];
	size_t len;

	while (text->len <= bytes_max && (len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buffer_add(text, (struct slice){ chunk, len });
	bool is_failed = ferror(file) != 0;

	if (is_failed)
		buffer_add_format(why, "cannot read the file '%s' (%s), check the path and its permissions", path, strerror(errno));
	else if (text->len > bytes_max)
		buffer_add_format(why, "the file '%s' is larger than %zu bytes, make it smaller", path, bytes_max);
	fclose(file);
	return !is_failed && text->len <= bytes_max;
}

char *value_complete_paths(const char *list, const char *directory)
{
	struct buffer paths = { 0 };
	char *path;

	for (unsigned i = 0; (path = text_list_item(list, i)) != NULL; i++) {
		buffer_add_text(&paths, i == 0 ? "" : ", ");
		if (path[0] != '/')
			buffer_add_format(&paths, "%s/", directory);
		buffer_add_text(&paths, path);
		memory_free(path);
	}
	buffer_add_byte(&paths, '\0');
	return paths.ptr;
}

static FILE *open_file(const char *path, const char *directory, struct buffer *why)
{
	struct buffer full = { 0 };

	if (path[0] != '/')
		buffer_add_format(&full, "%s/", directory);
	buffer_add_format(&full, "%s", path);
	buffer_add_byte(&full, '\0');
	FILE *file = fopen(full.ptr, "r");

	buffer_free(&full);
	if (file == NULL)
		buffer_add_format(why, "cannot read the file '%s' (%s), check the path and its permissions", path, strerror(errno));
	return file;
}

static bool read_with_unit(const char *text, const struct unit *units, uint64_t *number)
{
	uint64_t amount;
	const char *end = skip_digits(text, &amount);

	for (; end != NULL && units->name != NULL; units++) {
		if (strcmp(end, units->name) != 0)
			continue;
		return !__builtin_mul_overflow(amount, units->factor, number);
	}
	return false;
}

/* NULL: TEXT begins with no digit, or the number is too large. */
static const char *skip_digits(const char *text, uint64_t *number)
{
	const char *at = text;

	for (*number = 0; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*number, 10u, number) || __builtin_add_overflow(*number, (unsigned)(*at - '0'), number))
			return NULL;
	return at == text ? NULL : at;
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}
