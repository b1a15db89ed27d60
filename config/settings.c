#include "settings.h"

#include "base/text.h"
#include "contradictions.h"
#include "read_homes.h"
#include "read_log.h"
#include "read_peers.h"
#include "read_rules.h"
#include "row.h"
#include "value.h"

#include <assert.h>
#include <string.h>

#define NAMES_MAX 64

struct datacenters {
	const char *const *names;
	unsigned count;
};

static bool load(struct reading *reading, const char *path, void (*read)(struct reading *reading, const struct datacenters *datacenters),
                 const struct datacenters *datacenters, struct buffer *errors);
static void read_whole(struct reading *reading, const struct datacenters *datacenters);
static void read_rules(struct reading *reading, const struct datacenters *datacenters);
static void read_top(struct reading *reading);
static void read_section(struct reading *reading, const struct tree *node);
static void read_value(struct reading *reading, const struct row *row, const struct tree *node);
static void take_redis_login(struct reading *reading);
static void require_rows(struct reading *reading);
static void read_lists(struct reading *reading);
static unsigned names_in(const char *section, const char *names[NAMES_MAX]);
static bool is_section(const char *name);
static char *directory_of(const char *path);

static const char *const lists[] = { "log", "peers", "rules", "homes" };

#define LIST_COUNT COUNT_OF(lists)

bool settings_load(const char *path, const struct settings_checks *checks, struct settings *settings, struct buffer *errors)
{
	return load(&(struct reading){ .settings = settings, .checks = checks }, path, read_whole, NULL, errors);
}

bool settings_load_rules(const char *path, const char *const *dcs, unsigned count, struct settings *settings, struct buffer *errors)
{
	return load(&(struct reading){ .settings = settings }, path, read_rules, &(struct datacenters){ dcs, count }, errors);
}

/* Defaults first, then the file over them, row by row; then what the rows cannot know: lists and contradictions.
 * READ is given the file, which is a mapping, and DATACENTERS. READING has the settings to be filled, and the checks. */
static bool load(struct reading *reading, const char *path, void (*read)(struct reading *reading, const struct datacenters *datacenters),
                 const struct datacenters *datacenters, struct buffer *errors)
{
	struct settings *settings = reading->settings;
	struct complaints complaints = { .path = path, .out = errors };
	struct tree *root = tree_load(&complaints);

	*settings = (struct settings){ 0 };
	if (root == NULL)
		return false;
	char *directory = directory_of(path);

	reading->root = root;
	reading->directory = directory;
	reading->complaints = &complaints;
	settings_load_defaults(settings);
	if (reading_is_mapping(reading, root, "the file"))
		read(reading, datacenters);
	memory_free(directory);
	tree_free(root);
	if (complaints.count == 0)
		return true;
	settings_free(settings);
	return false;
}

static void read_whole(struct reading *reading, const struct datacenters *datacenters)
{
	(void)datacenters;
	read_top(reading);
	take_redis_login(reading);
	require_rows(reading);
	read_lists(reading);
	contradictions_find(reading);
}

static void read_rules(struct reading *reading, const struct datacenters *datacenters)
{
	struct settings *settings = reading->settings;
	const struct tree *rules = tree_find(reading->root, "rules");

	if (rules == NULL)
		complain(reading->complaints, reading->root->place, "'rules' is missing, add rules: a list");
	if (rules == NULL || tree_find(reading->root, "dc") != NULL) {
		read_whole(reading, datacenters);
		return;
	}
	read_top(reading);
	/* Of the others only their names are known. */
	settings->peers = memory_new(SETTINGS_PEERS_MAX * sizeof(*settings->peers));
	for (unsigned i = 0; i < datacenters->count && i <= SETTINGS_PEERS_MAX; i++) {
		if (i == 0)
			settings->dc = text_copy(datacenters->names[i]);
		else
			settings->peers[settings->peer_count++].name = text_copy(datacenters->names[i]);
	}
	rules_read(reading, rules);
	contradictions_find(reading);
}

void settings_free(struct settings *settings)
{
	for (unsigned i = 0; i < row_count(); i++)
		row_clear(row_at(i), settings);
	log_free(&settings->log);
	peers_free(settings);
	rules_free(settings);
	homes_settings_free(settings);
	*settings = (struct settings){ 0 };
}

void settings_load_defaults(struct settings *settings)
{
	struct buffer why = { 0 };

	*settings = (struct settings){ 0 };
	for (unsigned i = 0; i < row_count(); i++) {
		const struct row *row = row_at(i);
		bool is_good = row->preset[0] == '\0' || row_assign(row, settings, row->preset, ".", &why);

		assert(is_good);
	}
	buffer_free(&why);
}

static void read_top(struct reading *reading)
{
	for (unsigned i = 0; i < reading->root->count; i++) {
		const struct tree *item = &reading->root->items[i];
		const struct row *row = row_find("", item->key);
		const char *names[NAMES_MAX];

		if (text_is_among(item->key, lists, LIST_COUNT))
			continue;
		if (is_section(item->key))
			read_section(reading, item);
		else if (row != NULL && strchr(row->path, '.') == NULL)
			read_value(reading, row, item);
		else
			reading_refuse_key(reading, item, "", names, names_in("", names));
	}
}

static void read_section(struct reading *reading, const struct tree *node)
{
	const char *names[NAMES_MAX];

	if (!reading_is_mapping(reading, node, node->key))
		return;
	for (unsigned i = 0; i < node->count; i++) {
		const struct row *row = row_find(node->key, node->items[i].key);

		if (row != NULL)
			read_value(reading, row, &node->items[i]);
		else
			reading_refuse_key(reading, &node->items[i], node->key, names, names_in(node->key, names));
	}
}

/* A list may also be written as one in YAML. */
static bool take_row_text(struct reading *reading, const struct row *row, const struct tree *node, char **text)
{
	struct buffer joined = { 0 };
	bool is_good = true;

	if (node->kind != TREE_SEQUENCE || (row->type != ROW_LIST && row->type != ROW_PATHS))
		return reading_take_text(reading, node, row->path, text);
	for (unsigned i = 0; i < node->count && is_good; i++) {
		char *item = NULL;

		is_good = reading_take_text(reading, &node->items[i], row->path, &item);
		buffer_add_format(&joined, "%s%s", i == 0 ? "" : ", ", item != NULL ? item : "");
		memory_free(item);
	}
	buffer_add_byte(&joined, '\0');
	*text = joined.ptr;
	return is_good;
}

static void read_value(struct reading *reading, const struct row *row, const struct tree *node)
{
	struct buffer why = { 0 };
	char *text = NULL;

	if (take_row_text(reading, row, node, &text) && !row_assign(row, reading->settings, text, reading->directory, &why))
		complain(reading->complaints, node->place, "%s: %.*s", row->path, (int)why.len, why.ptr);
	memory_free(text);
	buffer_free(&why);
}

/* A URL may name who logs in. */
static void take_redis_login(struct reading *reading)
{
	struct settings *settings = reading->settings;
	struct settings_address *address = &settings->redis_address;

	if (address->password == NULL)
		return;
	if (settings->redis_username != NULL || settings->redis_password != NULL) {
		complain(reading->complaints, reading_place(reading, "redis", "address"),
		         "redis.address names a user or password, and so does another setting of redis, remove one");
		return;
	}
	settings->redis_username = address->username;
	settings->redis_password = address->password;
	address->username = address->password = NULL;
}

static void require_rows(struct reading *reading)
{
	for (unsigned i = 0; i < row_count(); i++) {
		const struct row *row = row_at(i);

		if (row->when == ROW_REQUIRED && tree_find(reading->root, row->path) == NULL)
			complain(reading->complaints, reading->root->place, "'%s' is missing, add %s: %s", row->path, row->path, row_type_text(row->type));
	}
}

static void read_lists(struct reading *reading)
{
	const struct tree *peers = tree_find(reading->root, "peers");
	const struct tree *rules = tree_find(reading->root, "rules");
	const struct tree *homes = tree_find(reading->root, "homes");

	log_read_own(reading, tree_find(reading->root, "log"));
	if (peers != NULL)
		peers_read(reading, peers);
	if (rules != NULL)
		rules_read(reading, rules);
	if (homes != NULL)
		homes_settings_read(reading, homes);
}

/* What may stand in a section; at the top: settings, sections and lists. */
static unsigned names_in(const char *section, const char *names[NAMES_MAX])
{
	size_t section_len = strlen(section);
	unsigned count = 0;

	for (unsigned i = 0; i < row_count() && count < NAMES_MAX; i++) {
		const char *path = row_at(i)->path;

		if (section_len == 0 && strchr(path, '.') == NULL)
			names[count++] = path;
		else if (section_len > 0 && strncmp(path, section, section_len) == 0 && path[section_len] == '.')
			names[count++] = path + section_len + 1;
	}
	if (section_len > 0)
		return count;
	for (unsigned i = 0; i < section_count() && count < NAMES_MAX; i++)
		names[count++] = section_at(i)->name;
	for (unsigned i = 0; i < LIST_COUNT && count < NAMES_MAX; i++)
		names[count++] = lists[i];
	return count;
}

static bool is_section(const char *name)
{
	for (unsigned i = 0; i < section_count(); i++)
		if (strcmp(section_at(i)->name, name) == 0)
			return true;
	return false;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = text_copy(slash != NULL ? path : ".");

	if (slash != NULL)
		directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}
