#include "read_rules.h"

#include "base/nearest.h"
#include "base/text.h"
#include "handler_limits.h"
#include "proxy/core/rules/rule.h"
#include "value.h"

#include <string.h>

#define RULES_MAX 16
#define EXAMPLE "write { match: \"cart:*\", rule: merge }"

static const char *const rule_names[] = { "match", "rule", "order", "handler", "ttl", "bits", "list", "stream" };

static void read_rule(struct reading *reading, const struct tree *node, struct settings_rule *rule);
static void read_options(struct reading *reading, const struct tree *node, const struct rule *known, struct settings_rule *rule);
static void refuse_rule(struct reading *reading, const struct tree *name);
static void read_order(struct reading *reading, const struct tree *order, struct settings_rule *rule);
static bool is_order_right(struct reading *reading, const struct tree *name, const struct settings_rule *rule);
static void read_handler(struct reading *reading, const struct tree *handler, struct settings_rule *rule);
static void check_handler(struct reading *reading, const struct tree *handler, const struct settings_rule *rule);

void rules_read(struct reading *reading, const struct tree *node)
{
	struct settings *settings = reading->settings;

	if (node->kind != TREE_SEQUENCE) {
		complain(reading->complaints, node->place, "rules is %s, write a list: - { match: \"cart:*\", rule: merge }", tree_kind_text(node));
		return;
	}
	settings->rules = memory_new(node->count * sizeof(*settings->rules));
	settings->rule_count = node->count;
	for (unsigned i = 0; i < node->count; i++)
		read_rule(reading, &node->items[i], &settings->rules[i]);
}

static void read_rule(struct reading *reading, const struct tree *node, struct settings_rule *rule)
{
	if (!reading_is_mapping(reading, node, "a rule"))
		return;
	for (unsigned i = 0; i < node->count; i++)
		if (!text_is_among(node->items[i].key, rule_names, COUNT_OF(rule_names)))
			reading_refuse_key(reading, &node->items[i], "rules", rule_names, COUNT_OF(rule_names));
	const struct tree *match = tree_find(node, "match"), *name = tree_find(node, "rule");
	const struct tree *order = tree_find(node, "order"), *handler = tree_find(node, "handler");

	if (match == NULL || name == NULL) {
		complain(reading->complaints, node->place, "a rule needs match and rule, " EXAMPLE);
		return;
	}
	if (!reading_take_text(reading, match, "match", &rule->match) || !reading_take_text(reading, name, "rule", &rule->rule))
		return;
	if (rule->match[0] == '\0')
		complain(reading->complaints, match->place, "an empty match matches the empty key only, write \"*\" for every key");
	const struct rule *known = rule_find(slice_of(rule->rule));

	if (known == NULL) {
		refuse_rule(reading, name);
		return;
	}
	bool is_ordered = known->takes_order;

	if (is_ordered && order == NULL)
		complain(reading->complaints, name->place, "rule %s has no order, add order: [%s, …]", known->name,
		         reading->settings->dc != NULL ? reading->settings->dc : "eu");
	if (known->is_handling && handler == NULL)
		complain(reading->complaints, name->place, "rule %s has no handler, add handler: merge.lua", known->name);
	if (!is_ordered && order != NULL)
		complain(reading->complaints, order->key_place, "order is for rule priority, remove it or write rule: priority");
	if (!known->is_handling && handler != NULL)
		complain(reading->complaints, handler->key_place, "handler is for rule custom, remove it or write rule: custom");
	if (is_ordered && order != NULL)
		read_order(reading, order, rule);
	if (known->is_handling && handler != NULL)
		read_handler(reading, handler, rule);
	read_options(reading, node, known, rule);
}

/* ---- what a rule may say of deadlines, bits, lists and streams ---- */

/* The one of WORDS that stands there, NULL if none does. */
static const char *read_word(struct reading *reading, const struct tree *node, const char *const words[], unsigned count)
{
	struct buffer choice = { 0 };
	char *text = NULL;

	if (node == NULL || !reading_take_text(reading, node, node->key, &text))
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0) {
			memory_free(text);
			buffer_free(&choice);
			return words[i];
		}
		buffer_add_format(&choice, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
	}
	complain(reading->complaints, node->place, "%s: unknown word '%s', choose %.*s", node->key, text, (int)choice.len, choice.ptr);
	memory_free(text);
	buffer_free(&choice);
	return NULL;
}

static void read_options(struct reading *reading, const struct tree *node, const struct rule *known, struct settings_rule *rule)
{
	static const char *const deadlines[] = { "newest", "longest", "shortest" }, *const ways[] = { "whole", "merge" }, *const shows[] = { "at-once", "ordered" };
	const struct tree *ttl = tree_find(node, "ttl"), *bits = tree_find(node, "bits"), *list = tree_find(node, "list");
	const char *deadline = read_word(reading, ttl, deadlines, COUNT_OF(deadlines)), *of_bits = read_word(reading, bits, ways, COUNT_OF(ways));
	const char *of_list = read_word(reading, list, ways, COUNT_OF(ways));

	rule->is_stream_ordered = read_word(reading, tree_find(node, "stream"), shows, COUNT_OF(shows)) == shows[1];

	if (deadline != NULL && !known->takes_ttl)
		complain(reading->complaints, ttl->key_place, "ttl is for rule merge, remove it or write rule: merge");
	else if (deadline != NULL)
		rule->ttl = text_copy(deadline);
	if (of_bits == ways[0] && !known->is_keeping)
		complain(reading->complaints, bits->key_place, "rule %s keeps no strings whole, remove bits: bits are merged", known->name);
	rule->is_bits_merged = of_bits == ways[1] && known->is_keeping;
	if (of_list == ways[0])
		complain(reading->complaints, list->key_place, "list: whole is not there yet, remove it: lists are merged under every rule");
}

static void refuse_rule(struct reading *reading, const struct tree *name)
{
	const char *names[RULES_MAX];
	struct buffer known = { 0 };
	unsigned count = 0;

	for (; count < RULES_MAX && rule_at(count) != NULL; count++)
		names[count] = rule_at(count)->name;
	for (unsigned i = 0; i < count; i++)
		buffer_add_format(&known, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i]);
	const char *near = nearest_name(name->text, names, count);

	complain(reading->complaints, name->place, "unknown rule '%s', choose %.*s%s%s%s", name->text, (int)known.len, known.ptr,
	         near != NULL ? " (did you mean " : "", near != NULL ? near : "", near != NULL ? "?)" : "");
	buffer_free(&known);
}

/* ---- priority ---- */

static void read_order(struct reading *reading, const struct tree *order, struct settings_rule *rule)
{
	if (order->kind != TREE_SEQUENCE || order->count == 0) {
		complain(reading->complaints, order->place, "order is %s, write a list of datacenters, the first one wins: [eu, us]",
		         order->kind == TREE_SEQUENCE ? "empty" : tree_kind_text(order));
		return;
	}
	rule->order = memory_new(order->count * sizeof(*rule->order));
	for (unsigned i = 0; i < order->count; i++) {
		if (!reading_take_text(reading, &order->items[i], "order", &rule->order[rule->order_count]))
			continue;
		if (is_order_right(reading, &order->items[i], rule))
			rule->order_count++;
	}
}

/* The name after the last one in RULE's order is that of a datacenter, and new there. */
static bool is_order_right(struct reading *reading, const struct tree *name, const struct settings_rule *rule)
{
	const struct settings *settings = reading->settings;
	const char *names[SETTINGS_PEERS_MAX + 1];
	unsigned count = 0;

	if (settings->dc != NULL)
		names[count++] = settings->dc;
	for (unsigned i = 0; i < settings->peer_count; i++)
		names[count++] = settings->peers[i].name;
	if (text_is_among(name->text, (const char *const *)rule->order, rule->order_count)) {
		complain(reading->complaints, name->place, "order names '%s' twice, keep the first", name->text);
	} else if (count > 0 && !text_is_among(name->text, names, count)) {
		const char *near = nearest_name(name->text, names, count);

		complain(reading->complaints, name->place, "order names '%s', which is neither dc nor among peers, %s%s%s", name->text,
		         near != NULL ? "did you mean '" : "write one of theirs", near != NULL ? near : "", near != NULL ? "'?" : "");
	} else {
		return true;
	}
	memory_free(rule->order[rule->order_count]);
	rule->order[rule->order_count] = NULL;
	return false;
}

/* ---- custom ---- */

static void read_handler(struct reading *reading, const struct tree *handler, struct settings_rule *rule)
{
	struct buffer text = { 0 }, why = { 0 };

	if (!reading_take_text(reading, handler, "handler", &rule->handler))
		return;
	if (value_read_whole(rule->handler, reading->directory, HANDLER_TEXT_MAX, &text, &why)) {
		rule->handler_text = buffer_copy(buffer_slice(&text));
		rule->handler_digest = slice_hash(rule->handler_text);
		check_handler(reading, handler, rule);
	} else {
		complain(reading->complaints, handler->place, "handler: %.*s", (int)why.len, why.ptr);
	}
	buffer_free(&text);
	buffer_free(&why);
}

static void check_handler(struct reading *reading, const struct tree *handler, const struct settings_rule *rule)
{
	struct handler_limits limits;
	struct buffer why = { 0 };

	handler_limits_of(reading->settings, &limits);
	struct handler *made = handler_new(rule->handler_text, rule->handler, &limits, &why);

	if (made == NULL)
		complain(reading->complaints, handler->place, "handler: %.*s, correct the file; homeportctl handler test --handler %s tries it",
		         (int)why.len, why.ptr, rule->handler);
	handler_free(made);
	buffer_free(&why);
}

void rules_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->rule_count; i++) {
		struct settings_rule *rule = &settings->rules[i];

		memory_free(rule->match);
		memory_free(rule->rule);
		for (unsigned j = 0; j < rule->order_count; j++)
			memory_free(rule->order[j]);
		memory_free(rule->order);
		memory_free(rule->handler);
		memory_free(rule->ttl);
		bytes_free(rule->handler_text);
	}
	memory_free(settings->rules);
}
