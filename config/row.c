#include "row.h"

#include "base/text.h"
#include "url.h"
#include "value.h"

#include <assert.h>
#include <string.h>

static const struct row rows[] = {
#define SECTION(name, prose)
#define SETTING(path, member, type, preset, min, max, when, prose) \
	{ path, offsetof(struct settings, member), ROW_##type, ROW_##when, preset, min, max, prose },
#include "settings.def"
#undef SETTING
#undef SECTION
};

static const struct section sections[] = {
#define SECTION(name, prose) { name, prose },
#define SETTING(path, member, type, preset, min, max, when, prose)
#include "settings.def"
#undef SETTING
#undef SECTION
};

/* How each type is named, and how to write it right. */
static const struct {
	const char *name;
	const char *remedy;
} types[] = {
	[ROW_NAME] = { "name", "use 1 to 32 letters, digits, - and _, beginning with a letter or digit" },
	[ROW_TEXT] = { "text", "write one line, or leave the setting out" },
	[ROW_PATHS] = { "files", "write the path of a file, or several with commas between them" },
	[ROW_LIST] = { "list", "write one or more, with commas between them" },
	[ROW_WORD] = { "word", "write one of" },
	[ROW_SECRET] = { "text", "write one line, or leave the setting out" },
	[ROW_FILE] = { "file", "write the path of a readable file" },
	[ROW_ADDRESS] = { "address", "write HOST:PORT, with an IPv6 address in brackets" },
	[ROW_ENDPOINT] = { "address", "write HOST:PORT, with an IPv6 address in brackets, the path of a Unix socket, or a URL (redis://, rediss://, unix://) without a database" },
	[ROW_COUNT] = { "count", "write a whole number" },
	[ROW_DURATION] = { "duration", "write a whole number with its unit, such as 500ms, 5s, 1m, 1h or 7d" },
	[ROW_SIZE] = { "size", "write a whole number of bytes, or with a unit, such as 16KiB, 64MiB or 1GiB" },
	[ROW_BOOL] = { "answer", "write yes or no" },
	[ROW_LEVEL] = { "level", "write debug, info, warn or error" },
};

static bool assign_number(const struct row *row, uint64_t *member, const char *text, struct buffer *why);
static bool assign_text(const struct row *row, char **member, const char *text, const char *directory, struct buffer *why);
static bool read_number(enum row_type type, const char *text, uint64_t *number);
static bool is_word(const struct row *row, const char *text);
static void explain(const struct row *row, const char *text, struct buffer *why);
static void *member_of(const struct row *row, struct settings *settings);
static size_t member_size(enum row_type type);

unsigned row_count(void)
{
	return sizeof(rows) / sizeof(rows[0]);
}

const struct row *row_at(unsigned index)
{
	assert(index < row_count());
	return &rows[index];
}

const struct row *row_find(const char *section, const char *name)
{
	size_t section_len = strlen(section);

	for (unsigned i = 0; i < row_count(); i++) {
		const char *rest = rows[i].path;

		if (section_len > 0) {
			if (strncmp(rest, section, section_len) != 0 || rest[section_len] != '.')
				continue;
			rest += section_len + 1;
		}
		if (strcmp(rest, name) == 0)
			return &rows[i];
	}
	return NULL;
}

unsigned section_count(void)
{
	return sizeof(sections) / sizeof(sections[0]);
}

const struct section *section_at(unsigned index)
{
	assert(index < section_count());
	return &sections[index];
}

const char *row_type_text(enum row_type type)
{
	return types[type].name;
}

bool row_assign(const struct row *row, struct settings *settings, const char *text, const char *directory, struct buffer *why)
{
	void *member = member_of(row, settings);
	bool is_good = false;

	switch (row->type) {
	case ROW_COUNT:
	case ROW_DURATION:
	case ROW_SIZE:
		return assign_number(row, member, text, why);
	case ROW_NAME:
	case ROW_TEXT:
	case ROW_PATHS:
	case ROW_LIST:
	case ROW_WORD:
	case ROW_SECRET:
	case ROW_FILE:
		return assign_text(row, member, text, directory, why);
	case ROW_ADDRESS:
		is_good = value_read_address(text, member);
		break;
	case ROW_ENDPOINT:
		is_good = value_read_endpoint(text, member);
		break;
	case ROW_BOOL:
		is_good = value_read_bool(text, member);
		break;
	case ROW_LEVEL:
		is_good = value_read_level(text, member);
		break;
	}
	if (!is_good)
		explain(row, text, why);
	return is_good;
}

bool row_differs(const struct row *row, const struct settings *a, const struct settings *b)
{
	const void *left = (const char *)a + row->offset, *right = (const char *)b + row->offset;

	switch (row->type) {
	case ROW_COUNT:
	case ROW_DURATION:
	case ROW_SIZE:
	case ROW_BOOL:
	case ROW_LEVEL:
		return memcmp(left, right, member_size(row->type)) != 0;
	case ROW_ADDRESS:
	case ROW_ENDPOINT:
		return !value_addresses_equal(left, right);
	case ROW_NAME:
	case ROW_TEXT:
	case ROW_PATHS:
	case ROW_LIST:
	case ROW_WORD:
	case ROW_SECRET:
	case ROW_FILE:
		break;
	}
	const char *left_text = *(char *const *)left, *right_text = *(char *const *)right;

	if (left_text == NULL || right_text == NULL)
		return left_text != right_text;
	return strcmp(left_text, right_text) != 0;
}

void row_swap(const struct row *row, struct settings *a, struct settings *b)
{
	char kept[sizeof(struct settings_address)];
	size_t size = member_size(row->type);

	memcpy(kept, member_of(row, a), size);
	memcpy(member_of(row, a), member_of(row, b), size);
	memcpy(member_of(row, b), kept, size);
}

void row_clear(const struct row *row, struct settings *settings)
{
	void *member = member_of(row, settings);

	if (row->type == ROW_ADDRESS || row->type == ROW_ENDPOINT)
		address_free(member);
	else if (row->type <= ROW_FILE)
		memory_free(*(char **)member);
	memset(member, 0, member_size(row->type));
}

static bool assign_number(const struct row *row, uint64_t *member, const char *text, struct buffer *why)
{
	uint64_t number, min = 0, max = UINT64_MAX;

	if (!read_number(row->type, text, &number)) {
		explain(row, text, why);
		return false;
	}
	bool has_limits = (row->min[0] == '\0' || read_number(row->type, row->min, &min)) &&
	                  (row->max[0] == '\0' || read_number(row->type, row->max, &max));

	assert(has_limits);
	if (number < min || number > max) {
		buffer_add_format(why, "'%s' is out of range, choose between %s and %s", text, row->min, row->max);
		return false;
	}
	*member = number;
	return true;
}

static bool assign_text(const struct row *row, char **member, const char *text, const char *directory, struct buffer *why)
{
	char *value;

	if (row->type == ROW_FILE) {
		value = value_read_file(text, directory, why);
		if (value == NULL)
			return false;
	} else if (row->type == ROW_PATHS && text[0] != '\0') {
		value = value_complete_paths(text, directory);
	} else {
		if (row->type == ROW_WORD ? !is_word(row, text) : row->type == ROW_NAME ? !value_is_name(text) : text[0] == '\0' || strpbrk(text, "\r\n") != NULL) {
			explain(row, row->type == ROW_SECRET ? "(hidden)" : text, why);
			return false;
		}
		value = text_copy(text);
	}
	memory_free(*member);
	*member = value;
	return true;
}

static bool read_number(enum row_type type, const char *text, uint64_t *number)
{
	switch (type) {
	case ROW_DURATION:
		return value_read_duration(text, number);
	case ROW_SIZE:
		return value_read_size(text, number);
	default:
		return value_read_count(text, number);
	}
}

static bool is_word(const struct row *row, const char *text)
{
	bool is_found = false;
	char *word;

	for (unsigned i = 0; !is_found && (word = text_list_item(row->min, i)) != NULL; i++) {
		is_found = strcmp(word, text) == 0;
		memory_free(word);
	}
	return is_found;
}

static void explain(const struct row *row, const char *text, struct buffer *why)
{
	char *shown = url_hide_secret(text);

	buffer_add_format(why, "'%.64s' is no %s, %s%s%s", shown, types[row->type].name, types[row->type].remedy, row->type == ROW_WORD ? " " : "",
	                  row->type == ROW_WORD ? row->min : "");
	memory_free(shown);
}

static void *member_of(const struct row *row, struct settings *settings)
{
	return (char *)settings + row->offset;
}

static size_t member_size(enum row_type type)
{
	switch (type) {
	case ROW_ADDRESS:
	case ROW_ENDPOINT:
		return sizeof(struct settings_address);
	case ROW_COUNT:
	case ROW_DURATION:
	case ROW_SIZE:
		return sizeof(uint64_t);
	case ROW_BOOL:
		return sizeof(bool);
	case ROW_LEVEL:
		return sizeof(enum settings_level);
	case ROW_NAME:
	case ROW_TEXT:
	case ROW_PATHS:
	case ROW_LIST:
	case ROW_WORD:
	case ROW_SECRET:
	case ROW_FILE:
		break;
	}
	return sizeof(char *);
}
