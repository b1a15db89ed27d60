/* lww: the last writer wins. Among the live absolutes and clears the newest decides (docs/replication-model.md, rule 4). */
#include "newest.h"
#include "rule.h"

const struct rule rule_lww = { .name = "lww", .decide = newest_version, .is_choosing = true, .reason = "of the live versions, the newest" };
