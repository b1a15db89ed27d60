/* custom: as record, and a handler of the operator's is asked to merge the live versions of a string or hash field. Its result is a write
 * that covers what the handler was shown. Where it fails, the conflict stays open (docs/replication-model.md, rule 5). */
#include "newest.h"
#include "rule.h"

const struct rule rule_custom = {
	.name = "custom", .decide = newest_version, .is_keeping = true, .is_handling = true,
	.reason = "of the live versions, provisionally the newest, until somebody resolves the conflict",
};
