/* Coverage: which operations met which faults, and on what type of key. Measured, so that a blind spot shows. */
#ifndef SIM_COVERAGE_H
#define SIM_COVERAGE_H

#include <stdint.h>

#include "tests/sim/traffic/audit_rule.h"
#include "fault.h"

enum operation_type { TYPE_STRING, TYPE_HASH, TYPE_SET, TYPE_ZSET, TYPE_LIST, TYPE_STREAM, TYPE_ANY, TYPE_COUNT };

struct operation {
	const char *name;            /* of the Redis command */
	const char *variant;         /* "", "NX", … */
	enum operation_type type;
	unsigned weight;             /* how often clients send it */
};

#define OPERATIONS_MAX 160

struct coverage {
	uint64_t counts[OPERATIONS_MAX][FAULT_COUNT];
	uint64_t rules[AUDIT_RULES][FAULT_COUNT];
};

void coverage_add(struct coverage *coverage, unsigned operation, enum audit_rule rule, enum fault fault);
void coverage_merge(struct coverage *into, const struct coverage *other);
void coverage_print(const struct coverage *coverage);

#endif
