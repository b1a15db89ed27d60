/* merge: an add wins over a remove that has not seen it, among adds the newest (docs/replication-model.md, rule 5). Every
 * version that no other covers is kept, losers with their values: a later write may cover the winner alone. */
#include "rule.h"

static bool is_same_write(const struct stamp *a, const struct stamp *b)
{
	return a->origin == b->origin && a->seq == b->seq;
}

static void merge_compete(struct keyspace *keyspace, struct element *element, const struct version *newcomer)
{
	const struct stamp *stamp = &newcomer->stamp;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct stamp *other = &element->versions[i].stamp;
		/* In one write a value beats the clear, and the later value the earlier. */
		if (stamp_covers(other, stamp) || (is_same_write(other, stamp) && !newcomer->is_present))
			return;
	}
	for (unsigned i = element->version_count; i-- > 0;) {
		const struct stamp *other = &element->versions[i].stamp;
		if (is_same_write(other, stamp) || stamp_covers(stamp, other))
			element_remove_version(keyspace, element, i);
	}
	element_add_version(keyspace, element, newcomer);
}

static const struct version *merge_decide(const struct keyspace *keyspace, const struct element *element)
{
	const struct version *best = NULL;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		/* 1. Present beats absent. */
		if (best == NULL || version->is_present > best->is_present)
			best = version;
		/* 2. Else the newer stamp. */
		else if (version->is_present == best->is_present && stamp_compare(keyspace->origins, &version->stamp, &best->stamp) > 0)
			best = version;
	}
	return best;
}

const struct rule rule_merge = { "merge", merge_compete, merge_decide };
