/* lww: the last writer wins. Among all absolutes and clears the newest decides (docs/replication-model.md, rule 4). Only the
 * newest is kept: HLC order extends happens-before, so what lost can never win again. */
#include "rule.h"

static void lww_compete(struct keyspace *keyspace, struct element *element, const struct version *newcomer)
{
	if (element->version_count > 0) {
		const struct version *holder = &element->versions[0];
		/* 1. A write that has seen the other beats it. Clocks say the same, except after a store lost its tail while its clock was set back. */
		bool is_newer = stamp_covers(&newcomer->stamp, &holder->stamp);
		if (!is_newer && stamp_covers(&holder->stamp, &newcomer->stamp))
			return;
		/* 2. Concurrent: the newer stamp. Stamps are unique, so only changes of one write can tie. */
		int order = stamp_compare(keyspace->origins, &newcomer->stamp, &holder->stamp);
		/* 3. In one write a value beats the clear, and the later value the earlier. */
		if (!is_newer && (order < 0 || (order == 0 && !newcomer->is_present)))
			return;
		element_remove_version(keyspace, element, 0);
	}
	element_add_version(keyspace, element, newcomer);
}

static const struct version *lww_decide(const struct keyspace *keyspace, const struct element *element)
{
	(void)keyspace;
	return element->version_count > 0 ? &element->versions[0] : NULL;
}

const struct rule rule_lww = { "lww", lww_compete, lww_decide };
