/* Rules: how many kinds there are, and their numbers in counters (rule.c names them in this order). */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#define CORE_RULES 5

#endif
