/* Model: what a set of batches comes to, by docs/replication-model.md alone (rules 4 to 9): a pure function of the set, in the plainest words,
 * for a few writes to a few elements. Shares no code with the core. */
#ifndef SCOPE_MODEL_H
#define SCOPE_MODEL_H

#include "scope_write.h"

enum scope_rule { SCOPE_LWW, SCOPE_PRIORITY, SCOPE_RECORD, SCOPE_MERGE, SCOPE_CUSTOM, SCOPE_RULES };
enum scope_ttl { SCOPE_TTL_NEWEST, SCOPE_TTL_LONGEST, SCOPE_TTL_SHORTEST };

/* A rule as a world is configured with it. */
struct scope_policy {
	const char *name;            /* for people */
	enum scope_rule rule;
	unsigned ranks[SCOPE_DCS];   /* priority: smaller is better, those not named share the last one */
	enum scope_ttl ttl;          /* merge */
};

/* What a datacenter wrote by itself: that a key has no deadline any more (rule 8), or what fractions came to (rule 11). When that happens depends on
 * what arrives where: it is taken from the logs, and judged. */
struct scope_own {
	unsigned dc;
	struct scope_write write;    /* a single fact */
	unsigned seen;               /* bit mask of datacenters whose batches it has seen */
	uint64_t stamp, seq, contexts[SCOPE_DCS];
};

#define SCOPE_OWNS_MAX 16

/* Everything that was written in a case, by datacenter, after what all have. */
struct scope_history {
	struct scope_state start;
	struct scope_batch batches[SCOPE_DCS];
	struct scope_own *owns;      /* owned */
	unsigned own_count, own_cap;
};

/* Sets of writes are bit masks: the batches by datacenter, then the datacenters' own words. */
#define SCOPE_BATCHES ((1u << SCOPE_DCS) - 1)
#define SCOPE_ALL UINT32_MAX
static inline unsigned scope_own_bit(unsigned own) { return 1u << (SCOPE_DCS + own); }

/* What a datacenter shows that has applied the writes in APPLIED. */
void scope_evaluate(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, struct scope_state *state);
/* Under a rule that keeps versions: how many of an element stay until a write covers them, how many of these are values, and whether two of
 * them differ. */
struct scope_live { unsigned count, present; bool is_different, has_increments; };
struct scope_live scope_live(const struct scope_history *history, unsigned key, unsigned element);
/* How many pairs of changes of the writes in APPLIED are conflicts (rule 9). NAMELESS: pairs of flushes, which have no key. */
unsigned scope_count_conflicts(const struct scope_history *history, unsigned applied, unsigned *nameless);
/* Has a deadline won a key that is not there? Somebody must say then that it is gone (rule 8). MAYBE: nothing is known of one, so that somebody
 * whose key ran empty cannot tell. */
enum scope_loose { SCOPE_NOT_LOOSE, SCOPE_MAYBE_LOOSE, SCOPE_LOOSE };
enum scope_loose scope_loose_deadline(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, unsigned key);
/* Has one of the writes in APPLIED added a fraction to FACT's element? */
bool scope_has_fractions(const struct scope_history *history, unsigned applied, const struct scope_fact *fact);
/* Two versions of an element by stamp, or as the policy has it: does the second decide? For deadlines under merge. */
bool scope_prefers_deadline(enum scope_ttl ttl, const char *best, const char *other, bool is_other_newer);

#endif
