/* record: nobody's write is dropped. The newest version is visible provisionally; every live one stays, beyond stability, until a write
 * covers it: a client's that has seen it, or somebody's who resolves the conflict (docs/replication-model.md, rule 5). */
#include "newest.h"
#include "rule.h"

const struct rule rule_record = {
	.name = "record", .decide = newest_version, .is_keeping = true,
	.reason = "of the live versions, provisionally the newest, until somebody resolves the conflict",
};
