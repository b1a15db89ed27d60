/* Policies: the rules as the operator configured them: which rule for which keys. */
#ifndef CORE_POLICIES_H
#define CORE_POLICIES_H

#include "proxy/core/vocabulary/event.h"
#include "rule.h"

/* Rules that were configured together. They live until no key is left whose record was made under them (element.h, struct key). */
struct policy_set {
	struct policy_set *older;            /* the rules before these: some keys may still be under them */
	struct policy *items;                /* owned; the first that matches a key counts */
	struct policy fallback;              /* for keys that none matches */
	unsigned count;
	uint64_t digest;                     /* equal at two DCs where these decide alike */
	bool is_ordering;                    /* some rule says that streams are read in order */
	bool is_handling;                    /* some rule asks a handler */
	bool is_walking, is_walked;          /* since these are the rules, a walk over all stored dots has begun; … has ended */
};

struct policies { struct policy_set *current; };     /* owned, and through it the older ones */

/* Always returns a set; where *ERROR is not NULL, it says what is wrong and what to do, and the set is only good to be freed. */
struct policy_set *policy_set_new(const struct origins *origins, const struct core_rule *rules, unsigned count, const char **error);
void policy_set_free(struct policy_set *set);
void policy_set_doubt_dots(struct policy_set *set);      /* which dots the store keeps is unknown */
void policy_set_end_walk(struct policy_set *set);        /* all stored dots were met: rules under which none was have none */
struct policy *policies_find(void *policies, struct slice key);      /* of the current ones; a callback of the keyspace */
void policies_free_older(struct policies *policies);
void policies_free(struct policies *policies);

#endif
