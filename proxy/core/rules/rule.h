/* Rule: how the operator wants concurrent versions of an element resolved (data path, step 9). A rule is one function: which of an
 * element's live versions decides. It is a pure function of the set of versions, so the order of arrival cannot matter, and
 * every live version is kept, the losers' values too: a later write may cover the winner alone (keyspace.h, element_compete).
 * A rule is one file and one line in rule.c. */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "proxy/core/versions/keyspace.h"
#include "proxy/core/versions/policy.h"
#include "rules.h"

struct core_rule;

struct rule {
	const char *name;
	/* The deciding version; NULL: none is unstable, the store's value stands. */
	const struct version *(*decide)(const struct keyspace *keyspace, const struct element *element);
	bool is_add_winning;         /* present beats absent */
	bool is_keeping;             /* its decision is provisional: several live versions stay until a write covers them (rule_record.c) */
	bool is_handling;            /* … and a handler is asked to merge them (rule_custom.c) */
};

extern const struct rule rule_lww, rule_priority, rule_record, rule_merge, rule_custom;

const struct rule *rule_find(struct slice name);         /* NULL: unknown */
MUST_CHECK bool ttl_choice_find(const char *name, enum ttl_choice *choice);      /* NULL is "newest" */
const struct rule *rule_at(unsigned index);              /* NULL past the end */
unsigned rule_index(const struct rule *rule);

/* The newest of an element's live versions, whatever they are: lww's choice, and the provisional one of others. */
const struct version *newest_version(const struct keyspace *keyspace, const struct element *element);

/* Does TEXT match the glob PATTERN, as Redis's KEYS would? (?, *, [a-z], [^a], backslash) */
bool glob_match(struct slice pattern, struct slice text);

#endif
