/* Coverage: a matrix of counts. */
#include "coverage.h"

void coverage_add(struct coverage *coverage, unsigned operation, enum audit_rule rule, enum fault fault)
{
	coverage->counts[operation][fault]++;
	coverage->rules[rule][fault]++;
}

void coverage_merge(struct coverage *into, const struct coverage *other)
{
	for (unsigned operation = 0; operation < OPERATIONS_MAX; operation++)
		for (unsigned fault = 0; fault < FAULT_COUNT; fault++)
			into->counts[operation][fault] += other->counts[operation][fault];
	for (enum audit_rule rule = 0; rule < AUDIT_RULES; rule++)
		for (unsigned fault = 0; fault < FAULT_COUNT; fault++)
			into->rules[rule][fault] += other->rules[rule][fault];
}
