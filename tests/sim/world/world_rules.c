/* Rules: one table for the cores, one letter a rule for everybody else. */
#include "world_rules.h"

#include <string.h>

#include "world.h"

/* The first of the order is not the first by name, so that an order ignored shows. */
#define FIRST_DC 1
#define SECOND_DC 0

static const char letters[AUDIT_RULES] = {
	[AUDIT_LWW] = 'l', [AUDIT_MERGE] = 'm', [AUDIT_LONGEST] = 'n', [AUDIT_SHORTEST] = 'o', [AUDIT_PRIORITY] = 'p', [AUDIT_RECORD] = 'r', [AUDIT_CUSTOM] = 'c',
};

const struct core_rule *world_rules(bool is_changed, unsigned *count)
{
	static const char *order[2], *changed_order[2];
	static const struct core_rule rules[] = {
		{ .match = "m:*", .rule = "merge" },
		{ .match = "n:*", .rule = "merge", .ttl = "longest" },
		{ .match = "o:*", .rule = "merge", .ttl = "shortest", .is_stream_ordered = true },
		{ .match = "p:*", .rule = "priority", .order = order, .order_count = 2 },
		{ .match = "r:b*", .rule = "record", .is_bits_merged = true },
		{ .match = "r:*", .rule = "record", .is_stream_ordered = true },
		{ .match = "c:b*", .rule = "custom", .is_bits_merged = true },
		{ .match = "c:*", .rule = "custom" },
		{ .match = "*", .rule = "lww" },
	};
	static const struct core_rule changed[] = {
		{ .match = "m:*", .rule = "merge" },
		{ .match = "n:*", .rule = "merge", .ttl = "longest" },
		{ .match = "o:*", .rule = "merge", .ttl = "shortest", .is_stream_ordered = true },
		{ .match = "p:*", .rule = "priority", .order = changed_order, .order_count = 2 },
		{ .match = "r:b*", .rule = "record", .is_bits_merged = true },
		{ .match = "r:*", .rule = "record", .is_stream_ordered = true },
		{ .match = "c:b*", .rule = "custom", .is_bits_merged = true },
		{ .match = "c:*", .rule = "custom" },
		{ .match = "l:h*", .rule = "merge" },
		{ .match = "*", .rule = "lww" },
	};

	order[0] = changed_order[1] = world_dc_names[FIRST_DC];
	order[1] = changed_order[0] = world_dc_names[SECOND_DC];
	*count = is_changed ? sizeof(changed) / sizeof(changed[0]) : sizeof(rules) / sizeof(rules[0]);
	return is_changed ? changed : rules;
}

bool world_rule_changes(struct slice key)
{
	return key.len >= 3 && (memcmp(key.ptr, "p:", 2) == 0 || memcmp(key.ptr, "l:h", 3) == 0);
}

enum audit_rule world_rule_of(struct slice key)
{
	for (enum audit_rule rule = AUDIT_MERGE; rule < AUDIT_RULES; rule++)
		if (key.len >= 2 && key.ptr[0] == letters[rule] && key.ptr[1] == ':')
			return rule;
	return AUDIT_LWW;
}

unsigned world_rank_of(unsigned dc)
{
	return dc == FIRST_DC ? 0 : dc == SECOND_DC ? 1 : 2;
}

char world_rule_letter(enum audit_rule rule)
{
	return letters[rule];
}
