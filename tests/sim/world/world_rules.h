/* Rules: how the keys of a world are ruled. A key's first letter says which rule it is meant for. */
#ifndef SIM_WORLD_RULES_H
#define SIM_WORLD_RULES_H

#include "proxy/core/core.h"
#include "tests/sim/traffic/audit_rule.h"

#define WORLD_RULES_MAX 10

/* The rules that a sidecar runs with: as they were, or IS_CHANGED: another order of datacenters, and some keys of lww under merge. */
const struct core_rule *world_rules(bool is_changed, unsigned *count);
/* Does the change concern this key? */
bool world_rule_changes(struct slice key);
/* The same in the auditor's words. */
enum audit_rule world_rule_of(struct slice key);
/* Under priority: the place of a DC, smaller is better; those not named share the last one. */
unsigned world_rank_of(unsigned dc);
/* The letter that keys of RULE begin with. */
char world_rule_letter(enum audit_rule rule);

#endif
