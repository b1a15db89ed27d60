/* Policy: a rule as it is configured for the keys that match. Each key's metadata points to the one that it was made under. It stands here, below the
 * rules, since some of its facts say how long metadata is kept; what the rules themselves do with it is in rules/. It has no functions. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "base/bytes.h"
#include "proxy/core/vocabulary/options.h"

struct rule;                         /* rules/rule.h */

enum ttl_choice { TTL_NEWEST, TTL_LONGEST, TTL_SHORTEST };

struct policy {
	struct slice match;          /* owned glob */
	const struct rule *rule;
	unsigned index;              /* among the configured ones; UINT32_MAX: the default, lww */
	unsigned ranks[CORE_DCS_MAX];        /* priority: by DC index; the smallest wins */
	enum ttl_choice ttl;         /* merge: which of several deadlines wins */
	bool is_keeping;             /* its rule keeps several live versions until a write covers them (struct rule) */
	bool is_bits_merged;         /* … but SETBIT and BITFIELD write parts over them */
	bool is_stream_ordered;      /* of a stream XREAD shows an entry only once none can come in front of it */
	bool is_replaced;            /* newer rules are in force; keys that were contested when they came still have this one */
	bool may_have_dots;          /* the store may keep dots (homeport:versions) of its keys' values: its rule keeps versions, or the keys had such a rule */
	bool is_dot_met;             /* the walk over all dots that is under way has found one of its keys' */
};

#endif
