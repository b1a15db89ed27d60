#include "verdict.h"

#include "proxy/core/rules/rule.h"
#include "delta_walk.h"

bool version_is_number(const struct element *element, const struct version *version)
{
	long double number;
	return !version->is_present || element->kind == KIND_ZSET || slice_to_long_double(version->value, &number);
}

static void add_until_patch(const struct keyspace *keyspace, const struct element *element, struct verdict *verdict)
{
	struct delta_walk walk;
	struct delta delta;
	delta_walk_begin(&walk, keyspace->origins, element, verdict->decider, NULL);
	while (!verdict->has_patches && delta_walk_next(&walk, &delta)) {
		verdict->has_patches = delta.flags & MARK_PATCH;
		verdict->is_union = delta.flags & MARK_UNION;
		verdict->has_deltas |= !verdict->has_patches;
		verdict->sum += delta.amount;
	}
	delta_walk_end(&walk);
}

struct verdict element_verdict(const struct keyspace *keyspace, const struct element *element)
{
	struct verdict verdict = { .decider = rule_for(element)->decide(keyspace, element) };
	if (element->has_patches) {
		add_until_patch(keyspace, element, &verdict);
		return verdict;
	}
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		uint32_t seen = verdict.decider == NULL ? 0 : history_upto(history, stamp_follows(&verdict.decider->stamp, history->origin));
		if (seen == history->len)
			continue;
		long double before = seen == 0 ? history->total_before : history_total(history, seen - 1);
		verdict.sum += history_total(history, history->len - 1) - before;
		for (uint32_t j = history->len; element->has_deltas && j-- > seen && !verdict.has_deltas;)
			verdict.has_deltas = mark_is_live_delta(history_mark(history, j));
	}
	return verdict;
}
