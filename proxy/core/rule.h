/* Rule: how the operator wants concurrent versions of an element resolved (data path, step 9). A rule is one function: which of an
 * element's live versions decides. It is a pure function of the set of versions, so the order of arrival cannot matter, and
 * every live version is kept, the losers' values too: a later write may cover the winner alone (keyspace.h, element_compete).
 * A rule is one file and one line in rule.c. */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "keyspace.h"

struct rule {
	const char *name;
	/* The deciding version; NULL: none is unstable, the store's value stands. */
	const struct version *(*decide)(const struct keyspace *keyspace, const struct element *element);
};

extern const struct rule rule_lww, rule_merge;

const struct rule *rule_find(struct slice name);         /* NULL: unknown */
const struct rule *rule_at(unsigned index);              /* NULL past the end */
unsigned rule_index(const struct rule *rule);

/* Does TEXT match the glob PATTERN, as Redis's KEYS would? (?, *, [a-z], [^a], backslash) */
bool glob_match(struct slice pattern, struct slice text);

#endif
