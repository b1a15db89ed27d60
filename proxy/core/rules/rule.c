#include "rule.h"

static const struct rule *const rules[CORE_RULES] = {
#define RULE(name) &rule_##name,
#include "rules.def"
#undef RULE
};

const struct rule *rule_at(unsigned index)
{
	return index < CORE_RULES ? rules[index] : NULL;
}

unsigned rule_index(const struct rule *rule)
{
	unsigned index = 0;
	while (rules[index] != rule)
		index++;
	return index;
}

const struct rule *rule_find(struct slice name)
{
	for (unsigned i = 0; i < CORE_RULES; i++)
		if (slice_equal(slice_of(rules[i]->name), name))
			return rules[i];
	return NULL;
}

bool ttl_choice_find(const char *name, enum ttl_choice *choice)
{
	static const char *const names[] = { [TTL_NEWEST] = "newest", [TTL_LONGEST] = "longest", [TTL_SHORTEST] = "shortest" };
	*choice = TTL_NEWEST;
	for (unsigned i = 0; name != NULL && i < sizeof names / sizeof *names; i++) {
		if (!slice_equal(slice_of(names[i]), slice_of(name)))
			continue;
		*choice = (enum ttl_choice)i;
		return true;
	}
	return name == NULL;
}
