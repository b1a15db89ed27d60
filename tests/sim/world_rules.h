/* Rules: how the keys of a world are ruled. A key's first letter says which rule it is meant for. */
#ifndef SIM_WORLD_RULES_H
#define SIM_WORLD_RULES_H

#include "../../proxy/core/core.h"
#include "audit_rule.h"

#define WORLD_RULES_MAX 8

/* The rules that every sidecar is started with. */
const struct core_rule *world_rules(unsigned *count);
/* The same in the auditor's words. */
enum audit_rule world_rule_of(struct slice key);
/* Under priority: the place of a DC, smaller is better; those not named share the last one. */
unsigned world_rank_of(unsigned dc);
/* The letter that keys of RULE begin with. */
char world_rule_letter(enum audit_rule rule);

#endif
