/* merge: an add wins over a remove that has not seen it, among adds the newest; of deadlines the one that the rule's ttl says
 * (docs/replication-model.md, rules 5 and 8). */
#include "rule.h"

/* No deadline is later than any. */
static int64_t end_of(const struct version *deadline)
{
	return deadline->expire_at_ms == 0 ? INT64_MAX : deadline->expire_at_ms;
}

/* Does the rule's ttl prefer OTHER to BEST? Positive: yes, negative: no, 0: it does not tell them apart. */
static int ttl_preference(const struct element *element, const struct version *best, const struct version *other)
{
	enum ttl_choice ttl = element->key->policy->ttl;
	if (element->kind != KIND_TTL || ttl == TTL_NEWEST || !best->is_present || end_of(best) == end_of(other))
		return 0;
	return (end_of(other) > end_of(best)) == (ttl == TTL_LONGEST) ? 1 : -1;
}

static const struct version *merge_decide(const struct keyspace *keyspace, const struct element *element)
{
	const struct version *best = NULL;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		/* 1. Present beats absent. */
		if (best == NULL || version->is_present > best->is_present) {
			best = version;
			continue;
		}
		if (version->is_present < best->is_present)
			continue;
		/* 2. Of two deadlines, what the operator wants. 3. The newer stamp. */
		int preference = ttl_preference(element, best, version);
		if (preference > 0 || (preference == 0 && stamp_compare(keyspace->origins, &version->stamp, &best->stamp) > 0))
			best = version;
	}
	return best;
}

const struct rule rule_merge = {
	.name = "merge", .decide = merge_decide, .is_add_winning = true, .is_choosing = true, .takes_ttl = true,
	.reason = "of the live versions, the newest that is present (an add wins over a remove that has not seen it)",
};
