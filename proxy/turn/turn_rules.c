/* Turn rules: from the settings to the core, and handlers run when it asks (see turn_rules.h). */
#include "turn_rules.h"

#include "proxy/handler_runs/handler_runs.h"
#include "proxy/ops/logging.h"

#include <stdio.h>

struct core_rule *turn_rules_new(const struct settings *settings)
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
			.ttl = rule->ttl,
			.is_bits_merged = rule->is_bits_merged,
			.is_stream_ordered = rule->is_stream_ordered,
		};
	}
	return rules;
}

void turn_reload_rules(struct turn *turn)
{
	const struct settings *settings = turn->status->settings;
	bool is_changed = turn->rules_reloads != settings->rules_reloads;
	/* Even if the rules are the same: the limits of handlers may have changed. */
	handler_runs_configure(turn->handler_runs, settings);
	turn->rules_reloads = settings->rules_reloads;
	if (!is_changed || turn->core == NULL)
		return;
	struct core_rule *rules = turn_rules_new(settings);
	turn_step(turn, &(struct event){ .type = EVENT_RULES, .rules = { rules, settings->rule_count } });
	memory_free(rules);
}

static void log_failure(struct slice error)
{
	char text[400];
	snprintf(text, sizeof(text), "%.*s", (int)error.len, error.ptr);
	log_warn("a handler could not merge: the conflict stays open", "why", text);
}

/* One handler a turn, so that clients are served between two of them. */
bool turn_run_handler(struct turn *turn)
{
	struct event handled;
	if (turn->is_open && handler_runs_next(turn->handler_runs, &handled)) {
		if (!handled.handled.is_done)
			log_failure(handled.handled.error);
		turn_step(turn, &handled);
	}
	return turn->is_open && !handler_runs_are_done(turn->handler_runs);
}

void turn_watch_rules(struct turn *turn)
{
	const struct core_status *status = core_status(turn->core);
	for (unsigned dc = 1; dc < status->peer_count; dc++) {
		bool is_different = status->peers[dc].rules_differ;
		if (is_different && !turn->is_rules_different[dc])
			log_warn("the conflict rules of a datacenter are not the ones here: make them equal, both decide by their own until then",
			         "dc", turn->status->dcs[dc]);
		else if (!is_different && turn->is_rules_different[dc])
			log_info("the conflict rules of a datacenter are the ones here again", "dc", turn->status->dcs[dc]);
		turn->is_rules_different[dc] = is_different;
	}
}
