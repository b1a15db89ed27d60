/* Turn, rules: what the configuration says of them becomes the core's, and their handlers run between two steps of it. */
#include "turn_parts.h"

#include "handlers.h"
#include "log.h"

#include <stdio.h>

struct core_rule *turn_make_rules(const struct settings *settings)
{
	struct core_rule *rules = memory_new(settings->rule_count * sizeof(*rules));
	for (unsigned i = 0; i < settings->rule_count; i++) {
		const struct settings_rule *rule = &settings->rules[i];
		rules[i] = (struct core_rule){
			.match = rule->match,
			.rule = rule->rule,
			.order = (const char *const *)rule->order,
			.order_count = rule->order_count,
			.handler_digest = rule->handler_digest,
		};
	}
	return rules;
}

void turn_change_rules(struct turn *turn)
{
	const struct settings *settings = turn->status->settings;
	bool is_changed = turn->rules_reloads != settings->rules_reloads;
	handlers_set(turn->rule_handlers, settings);
	turn->rules_reloads = settings->rules_reloads;
	/* The core that is made later gets them anyway. */
	if (!is_changed || turn->core == NULL)
		return;
	struct core_rule *rules = turn_make_rules(settings);
	turn_step(turn, &(struct event){ .type = EVENT_RULES, .rules = { rules, settings->rule_count } });
	memory_free(rules);
}

/* One a turn: clients are served between two runs. */
void turn_run_handler(struct turn *turn)
{
	struct event handled;
	if (!turn->is_open || !handlers_run(turn->rule_handlers, &handled))
		return;
	if (!handled.handled.is_done) {
		char text[400];
		snprintf(text, sizeof(text), "%.*s", (int)handled.handled.error.len, handled.handled.error.ptr);
		log_warn("a handler could not merge: the conflict stays open", "why", text);
	}
	turn_step(turn, &handled);
}
