/* merge: an add wins over a remove that has not seen it, among adds the newest (docs/replication-model.md, rule 5). */
#include "rule.h"

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

const struct rule rule_merge = { .name = "merge", .decide = merge_decide, .is_add_winning = true };
