/* priority: the live version of the DC that comes first in the configured order decides; of one DC's, the newest. A delete counts as a
 * write. Not associative: a loser that was forgotten could have beaten what comes later, so all live versions are kept until a write covers
 * them or all of them are stable (docs/replication-model.md, section 5). */
#include "rule.h"

#include <limits.h>

static unsigned rank_of(const struct keyspace *keyspace, const struct element *element, const struct version *version)
{
	if (version->is_outdone)
		return UINT_MAX;
	return element->key->policy->ranks[keyspace->origins->items[version->stamp.origin].dc];
}

static const struct version *priority_decide(const struct keyspace *keyspace, const struct element *element)
{
	const struct version *best = NULL;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		unsigned rank = rank_of(keyspace, element, version), best_rank = best == NULL ? rank : rank_of(keyspace, element, best);
		/* 1. The DC that comes first. */
		if (best == NULL || rank < best_rank)
			best = version;
		/* 2. Of DCs of the same rank (one and the same, or those that are not named): the newer stamp. */
		else if (rank == best_rank && stamp_compare(keyspace->origins, &version->stamp, &best->stamp) > 0)
			best = version;
	}
	return best;
}

const struct rule rule_priority = {
	.name = "priority", .decide = priority_decide, .outcome = OUTCOME_PRIORITY, .takes_order = true,
	.reason = "of the live versions, the one of the datacenter that comes first in the order",
};
