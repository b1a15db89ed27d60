/* merge: an add wins over a remove that has not seen it, among adds the newest; of deadlines the one that the rule's ttl says
 * (docs/replication-model.md, rules 5 and 8). */
#include "rule.h"

#include "proxy/core/commands/stream_group.h"
#include "proxy/core/commands/stream_id.h"

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

/* Of two last ids of a consumer group, the greater: what was given out is not given again. */
static int cursor_preference(const struct element *element, const struct version *best, const struct version *other)
{
	struct slice name;
	struct stream_id a, b;
	if (element->kind != KIND_STREAM || !best->is_present || !stream_group_read(element->name, &name) || !stream_id_read(best->value, &a) || !stream_id_read(other->value, &b))
		return 0;
	return stream_id_compare(b, a);
}

static bool is_better(const struct keyspace *keyspace, const struct element *element, const struct version *best, const struct version *other)
{
	/* 1. What is final decides. 2. Present beats absent. */
	if (other->is_final != best->is_final)
		return other->is_final;
	if (other->is_present != best->is_present)
		return other->is_present;
	/* 3. Of two deadlines, what the operator wants. 4. The newer stamp. */
	int preference = ttl_preference(element, best, other);
	if (preference == 0)
		preference = cursor_preference(element, best, other);
	return preference > 0 || (preference == 0 && stamp_compare(keyspace->origins, &other->stamp, &best->stamp) > 0);
}

static const struct version *merge_decide(const struct keyspace *keyspace, const struct element *element)
{
	const struct version *best = NULL;
	for (unsigned i = 0; i < element->version_count; i++)
		if (best == NULL || is_better(keyspace, element, best, &element->versions[i]))
			best = &element->versions[i];
	return best;
}

const struct rule rule_merge = {
	.name = "merge", .decide = merge_decide, .is_add_winning = true, .is_choosing = true, .takes_ttl = true,
	.reason = "of the live versions, the newest that is present (an add wins over a remove that has not seen it)",
};
