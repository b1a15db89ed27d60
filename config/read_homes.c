#include "read_homes.h"

#include "base/nearest.h"
#include "base/text.h"
#include "home_words.h"
#include "value.h"

#include <string.h>

#define EXAMPLE "write { match: \"user:{id}:*\", default: { hash: { eu: 1, us: 1 } } }"
#define DEFAULT_EXAMPLE "write { list: [{ match: \"*\", dc: eu }] }, { hash: { eu: 2, us: 1 } } or first"
#define WEIGHT_MAX 1000

static const char *const home_names[] = { "match", "name", "default", "away", "read", "pop", "mixed" };
static const char *const default_names[] = { "list", "hash" };
static const char *const item_names[] = { "match", "dc" };

static void read_home(struct reading *reading, const struct tree *node, struct settings_home *home);
static void read_words(struct reading *reading, const struct tree *node, struct settings_home *home);
static bool read_choice(struct reading *reading, const struct tree *node, const char *path, const char *no, const char *yes);
static void read_default(struct reading *reading, const struct tree *node, struct settings_home *home);
static void read_list(struct reading *reading, const struct tree *list, struct settings_home *home);
static void read_hash(struct reading *reading, const struct tree *hash, struct settings_home *home);
static bool is_datacenter(struct reading *reading, struct place place, const char *name);
static void share_default(struct reading *reading, const struct tree *node, struct settings_home *home);
static bool defaults_differ(const struct settings_home *a, const struct settings_home *b);

void homes_settings_read(struct reading *reading, const struct tree *node)
{
	struct settings *settings = reading->settings;

	if (node->kind != TREE_SEQUENCE) {
		complain(reading->complaints, node->place, "homes is %s, write a list: - { match: \"user:{id}:*\", default: { hash: { eu: 1, us: 1 } } }",
		         tree_kind_text(node));
		return;
	}
	settings->homes = memory_new(node->count * sizeof(*settings->homes));
	for (unsigned i = 0; i < node->count; i++) {
		read_home(reading, &node->items[i], &settings->homes[i]);
		settings->home_count++;
	}
}

/* Only the homes before it are counted yet. */
static void read_home(struct reading *reading, const struct tree *node, struct settings_home *home)
{
	home->away = SETTINGS_AWAY_REDIRECT;
	if (!reading_is_mapping(reading, node, "a home"))
		return;
	for (unsigned i = 0; i < node->count; i++)
		if (!text_is_among(node->items[i].key, home_names, COUNT_OF(home_names)))
			reading_refuse_key(reading, &node->items[i], "homes", home_names, COUNT_OF(home_names));
	const struct tree *match = tree_find(node, "match"), *preset = tree_find(node, "default");

	if (match == NULL) {
		complain(reading->complaints, node->place, "a home needs match, " EXAMPLE);
		return;
	}
	if (!reading_take_text(reading, match, "match", &home->match))
		return;
	const char *why = home_match_complaint(home->match);

	if (why != NULL)
		complain(reading->complaints, match->place, "match '%s': %s", home->match, why);
	read_words(reading, node, home);
	if (preset != NULL)
		read_default(reading, preset, home);
	share_default(reading, node, home);
}

static void read_words(struct reading *reading, const struct tree *node, struct settings_home *home)
{
	static const char *const away_names[] = { "accept", "redirect", "forward", "refuse" };
	const struct tree *name = tree_find(node, "name"), *away = tree_find(node, "away");
	char *text = NULL;

	if (name == NULL)
		home->name = text_copy(HOME_NAME_DEFAULT);
	else if (reading_take_text(reading, name, "name", &home->name) && !value_is_name(home->name))
		complain(reading->complaints, name->place, "'%s' is no name, use 1 to 32 letters, digits, - and _", home->name);
	if (away != NULL && reading_take_text(reading, away, "away", &text) && !home_away_read(text, &home->away)) {
		const char *near = nearest_name(text, away_names, COUNT_OF(away_names));

		complain(reading->complaints, away->place, "away: unknown word '%s', choose accept, redirect, forward or refuse%s%s%s", text,
		         near != NULL ? " (did you mean " : "", near != NULL ? near : "", near != NULL ? "?)" : "");
	}
	memory_free(text);
	home->is_read_home = read_choice(reading, tree_find(node, "read"), "read", "local", "home");
	home->is_pop_home = read_choice(reading, tree_find(node, "pop"), "pop", "local", "home");
	home->is_mixed_accepted = read_choice(reading, tree_find(node, "mixed"), "mixed", "refuse", "accept");
}

/* One of two words; NO where nothing is written. */
static bool read_choice(struct reading *reading, const struct tree *node, const char *path, const char *no, const char *yes)
{
	char *text = NULL;
	bool is_yes = false;

	if (node != NULL && reading_take_text(reading, node, path, &text)) {
		is_yes = strcmp(text, yes) == 0;
		if (!is_yes && strcmp(text, no) != 0)
			complain(reading->complaints, node->place, "%s: unknown word '%s', choose %s or %s", path, text, no, yes);
	}
	memory_free(text);
	return is_yes;
}

/* ---- the default home ---- */

static void read_default(struct reading *reading, const struct tree *node, struct settings_home *home)
{
	const struct tree *list = tree_find(node, "list"), *hash = tree_find(node, "hash");

	home->is_first = node->kind == TREE_SCALAR && strcmp(node->text, "first") == 0;
	if (home->is_first)
		return;
	if (node->kind != TREE_MAPPING) {
		complain(reading->complaints, node->place, "default is %s, " DEFAULT_EXAMPLE, tree_kind_text(node));
		return;
	}
	for (unsigned i = 0; i < node->count; i++)
		if (!text_is_among(node->items[i].key, default_names, COUNT_OF(default_names)))
			reading_refuse_key(reading, &node->items[i], "homes.default", default_names, COUNT_OF(default_names));
	if (list != NULL && hash != NULL)
		complain(reading->complaints, hash->key_place, "default has both list and hash, keep one");
	else if (list != NULL)
		read_list(reading, list, home);
	else if (hash != NULL)
		read_hash(reading, hash, home);
	else if (node->count == 0)
		complain(reading->complaints, node->place, "default is empty, " DEFAULT_EXAMPLE);
}

static void read_list(struct reading *reading, const struct tree *list, struct settings_home *home)
{
	if (list->kind != TREE_SEQUENCE || list->count == 0) {
		complain(reading->complaints, list->place, "default.list is %s, write [{ match: \"1*\", dc: eu }, { match: \"*\", dc: us }]",
		         list->kind == TREE_SEQUENCE ? "empty" : tree_kind_text(list));
		return;
	}
	home->defaults = memory_new(list->count * sizeof(*home->defaults));
	for (unsigned i = 0; i < list->count; i++) {
		const struct tree *item = &list->items[i];
		struct settings_home_default *preset = &home->defaults[home->default_count++];

		if (!reading_is_mapping(reading, item, "an item of default.list"))
			continue;
		for (unsigned j = 0; j < item->count; j++)
			if (!text_is_among(item->items[j].key, item_names, COUNT_OF(item_names)))
				reading_refuse_key(reading, &item->items[j], "homes.default.list", item_names, COUNT_OF(item_names));
		const struct tree *match = tree_find(item, "match"), *dc = tree_find(item, "dc");

		if (match == NULL || dc == NULL)
			complain(reading->complaints, item->place, "an item of default.list needs match and dc, write { match: \"1*\", dc: eu }");
		else if (reading_take_text(reading, match, "match", &preset->match) && reading_take_text(reading, dc, "dc", &preset->dc))
			(void)is_datacenter(reading, dc->place, preset->dc);
	}
	const char *last = home->defaults[home->default_count - 1].match;

	if (last != NULL && strcmp(last, "*") != 0)
		complain(reading->complaints, list->items[list->count - 1].place,
		         "default.list ends with '%s', ids that nothing matches would have no home: end it with { match: \"*\", dc: %s }", last,
		         reading->settings->dc != NULL ? reading->settings->dc : "eu");
	for (unsigned i = 0; i + 1 < home->default_count; i++) {
		if (home->defaults[i].match == NULL || strcmp(home->defaults[i].match, "*") != 0)
			continue;
		complain(reading->complaints, list->items[i + 1].place, "default.list: what follows \"*\" is never reached, move \"*\" to the end");
		break;
	}
}

static void read_hash(struct reading *reading, const struct tree *hash, struct settings_home *home)
{
	if (hash->kind != TREE_MAPPING || hash->count == 0) {
		complain(reading->complaints, hash->place, "default.hash is %s, write weights of datacenters: { eu: 2, us: 1 }",
		         hash->kind == TREE_SEQUENCE ? "a list" : "empty");
		return;
	}
	home->is_hash = true;
	home->defaults = memory_new(hash->count * sizeof(*home->defaults));
	for (unsigned i = 0; i < hash->count; i++) {
		const struct tree *item = &hash->items[i];
		struct settings_home_default *preset = &home->defaults[home->default_count++];
		uint64_t weight = 0;

		preset->dc = text_copy(item->key);
		if (is_datacenter(reading, item->key_place, preset->dc) &&
		    (item->kind != TREE_SCALAR || !value_read_count(item->text, &weight) || weight == 0 || weight > WEIGHT_MAX))
			complain(reading->complaints, item->place, "default.hash.%s: a weight is a whole number from 1 to %d; leave a datacenter out that is nobody's home",
			         item->key, WEIGHT_MAX);
		preset->weight = (uint32_t)weight;
	}
}

static bool is_datacenter(struct reading *reading, struct place place, const char *name)
{
	const struct settings *settings = reading->settings;
	const char *names[SETTINGS_PEERS_MAX + 1];
	unsigned count = 0;

	if (settings->dc != NULL)
		names[count++] = settings->dc;
	for (unsigned i = 0; i < settings->peer_count; i++)
		names[count++] = settings->peers[i].name;
	if (text_is_among(name, names, count))
		return true;
	const char *near = nearest_name(name, names, count);

	complain(reading->complaints, place, "default names '%s', which is neither dc nor among peers, %s%s%s", name,
	         near != NULL ? "did you mean '" : "write one of theirs", near != NULL ? near : "", near != NULL ? "'?" : "");
	return false;
}

static bool has_default(const struct settings_home *home)
{
	return home->default_count > 0 || home->is_first;
}

/* Patterns of one name speak of the same users, who have one home: so they have one default, which needs to be written once. */
static void share_default(struct reading *reading, const struct tree *node, struct settings_home *home)
{
	const struct settings *settings = reading->settings;
	const struct tree *preset = tree_find(node, "default");
	const struct settings_home *first = NULL;

	for (unsigned i = 0; i < settings->home_count && first == NULL; i++)
		if (settings->homes[i].name != NULL && home->name != NULL && strcmp(settings->homes[i].name, home->name) == 0)
			first = &settings->homes[i];
	if (first == NULL && preset == NULL)
		complain(reading->complaints, node->place, "the home '%s' has no default, " DEFAULT_EXAMPLE, home->match);
	if (first == NULL)
		return;
	if (has_default(home) && has_default(first) && defaults_differ(first, home))
		complain(reading->complaints, preset->key_place, "'%s' and '%s' both are about '%s' and have different defaults, leave this one out",
		         first->match, home->match, home->name);
	if (has_default(home))
		return;
	home->is_first = first->is_first;
	home->is_hash = first->is_hash;
	home->defaults = memory_new(first->default_count * sizeof(*home->defaults));
	for (; home->default_count < first->default_count; home->default_count++) {
		const struct settings_home_default *shared = &first->defaults[home->default_count];

		home->defaults[home->default_count] = (struct settings_home_default){
			.match = shared->match != NULL ? text_copy(shared->match) : NULL,
			.dc = shared->dc != NULL ? text_copy(shared->dc) : NULL,
			.weight = shared->weight,
		};
	}
}

/* ---- comparing and freeing ---- */

/* Either may be NULL. */
static bool texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool defaults_differ(const struct settings_home *a, const struct settings_home *b)
{
	if (a->is_hash != b->is_hash || a->is_first != b->is_first || a->default_count != b->default_count)
		return true;
	for (unsigned i = 0; i < a->default_count; i++)
		if (texts_differ(a->defaults[i].match, b->defaults[i].match) || texts_differ(a->defaults[i].dc, b->defaults[i].dc) ||
		    a->defaults[i].weight != b->defaults[i].weight)
			return true;
	return false;
}

bool homes_settings_differ(const struct settings *a, const struct settings *b)
{
	if (a->home_count != b->home_count)
		return true;
	for (unsigned i = 0; i < a->home_count; i++) {
		const struct settings_home *ours = &a->homes[i], *theirs = &b->homes[i];

		if (texts_differ(ours->match, theirs->match) || texts_differ(ours->name, theirs->name) || ours->away != theirs->away ||
		    ours->is_read_home != theirs->is_read_home || ours->is_pop_home != theirs->is_pop_home || ours->is_mixed_accepted != theirs->is_mixed_accepted || defaults_differ(ours, theirs))
			return true;
	}
	return false;
}

void homes_settings_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->home_count; i++) {
		struct settings_home *home = &settings->homes[i];

		memory_free(home->match);
		memory_free(home->name);
		for (unsigned j = 0; j < home->default_count; j++) {
			memory_free(home->defaults[j].match);
			memory_free(home->defaults[j].dc);
		}
		memory_free(home->defaults);
	}
	memory_free(settings->homes);
}
