/* Rules: how many there are, and their places in counters. */
#ifndef CORE_RULES_H
#define CORE_RULES_H

enum rule_place {
#define RULE(name) RULE_AT_##name,
#include "rules.def"
#undef RULE
	CORE_RULES,
};

#endif
