/* Reading rules: which conflict rule for which keys; the first match wins. */
#include "reading.h"

#include "nearest.h"
#include "text.h"

static const char *const rule_names[] = { "match", "rule" };
static const char *const rules_known[] = { "lww", "merge" };

static void read_rule(struct reading *reading, const struct tree *node, struct settings_rule *rule);

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

	if (match == NULL || name == NULL) {
		complain(reading->complaints, node->place, "a rule needs match and rule, write { match: \"cart:*\", rule: merge }");
		return;
	}
	if (!reading_take_text(reading, match, "match", &rule->match) || !reading_take_text(reading, name, "rule", &rule->rule))
		return;
	if (rule->match[0] == '\0')
		complain(reading->complaints, match->place, "an empty match matches the empty key only, write \"*\" for every key");
	if (text_is_among(rule->rule, rules_known, COUNT_OF(rules_known)))
		return;
	const char *near = nearest_name(rule->rule, rules_known, COUNT_OF(rules_known));

	complain(reading->complaints, name->place, "unknown rule '%s', choose lww or merge%s%s%s", rule->rule, near != NULL ? " (did you mean " : "",
	         near != NULL ? near : "", near != NULL ? "?)" : "");
}

void rules_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->rule_count; i++) {
		memory_free(settings->rules[i].match);
		memory_free(settings->rules[i].rule);
	}
	memory_free(settings->rules);
}
