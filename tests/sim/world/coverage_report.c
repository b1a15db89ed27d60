/* Coverage, told: which operations met which faults. */
#include <inttypes.h>
#include <stdio.h>

#include "generator.h"

static void print_rules(const struct coverage *coverage)
{
	static const char *const rules[AUDIT_RULES] = { "lww", "merge", "merge, ttl: longest", "merge, ttl: shortest", "priority", "record", "custom" };

	for (enum audit_rule rule = 0; rule < AUDIT_RULES; rule++) {
		printf("%-32s", rules[rule]);
		for (unsigned fault = 0; fault < FAULT_COUNT; fault++)
			printf(" %15" PRIu64, coverage->rules[rule][fault]);
		putchar('\n');
	}
}

void coverage_print(const struct coverage *coverage)
{
	static const char *const types[TYPE_COUNT] = { "string", "hash", "set", "zset", "list", "stream", "any" };
	unsigned hit = 0;

	printf("coverage: how often an operation was in flight while a fault struck or lasted\n%-24s %-7s", "operation", "type");
	for (enum fault fault = 0; fault < FAULT_COUNT; fault++)
		printf(" %15s", fault_text(fault));
	putchar('\n');
	for (unsigned i = 0; i < operation_count(); i++) {
		const struct operation *operation = operation_at(i);

		printf("%-15s %-8s %-7s", operation->name, operation->variant, types[operation->type]);
		for (unsigned fault = 0; fault < FAULT_COUNT; fault++) {
			printf(" %15" PRIu64, coverage->counts[i][fault]);
			hit += coverage->counts[i][fault] > 0;
		}
		putchar('\n');
	}
	print_rules(coverage);
	printf("coverage: %u of %u pairs of operation and fault were hit\n", hit, operation_count() * FAULT_COUNT);
}
