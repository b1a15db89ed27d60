/* Rule: how the operator wants concurrent versions of an element resolved. A rule is one function: which of an
 * element's live versions decides. It is a pure function of the set of versions, so the order of arrival cannot matter, and
 * every live version is kept, the losers' values too: a later write may cover the winner alone (version.h, element_compete).
 * A rule is one file and one row in rules.def. */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "proxy/core/versions/keyspace.h"
#include "proxy/core/versions/policy.h"
#include "proxy/core/vocabulary/effect.h"
#include "rules.h"

/* All of a rule's facts. Whoever needs to tell rules apart asks here and compares no names. */
struct rule {
	const char *name;
	/* The deciding version; NULL: none is unstable, the store's value stands. */
	const struct version *(*decide)(const struct keyspace *keyspace, const struct element *element);
	enum outcome outcome;        /* how a pair of absolute writes is counted that it decides; OUTCOME_NEWEST is 0 */
	bool is_add_winning;         /* present beats absent */
	bool is_keeping;             /* its decision is provisional: several live versions stay until a write covers them (rule_record.c) */
	bool is_handling;            /* a handler is asked to merge them (rule_custom.c): it is configured with one */
	bool is_choosing;            /* it can be named to resolve an open conflict */
	bool takes_order;            /* it is configured with an order of datacenters */
	bool takes_ttl;              /* it may be configured with what decides between deadlines */
	const char *reason;          /* for people: why, of several live versions, the visible one is that */
};

#define RULE(name) extern const struct rule rule_##name;
#include "rules.def"
#undef RULE

/* Which rule decides an element: its key's, but entries of streams do the same under every rule: what is added stays unless what removes it has seen it. */
static inline const struct rule *rule_for(const struct element *element)
{
	return element->kind == KIND_STREAM ? &rule_merge : element->key->policy->rule;
}

const struct rule *rule_find(struct slice name);         /* by its name; NULL: unknown */
MUST_CHECK bool ttl_choice_find(const char *name, enum ttl_choice *choice);      /* NULL is "newest" */
const struct rule *rule_at(unsigned index);              /* NULL past the end */
unsigned rule_index(const struct rule *rule);

#endif
