/* Model: the state that a set of batches must lead to. It is a pure function of the set, written from docs/replication-model.md alone (rules 4 to 8)
 * for a few writes to a few elements, as plainly as possible. It shares no code with the core. */
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

/* An own word: a write that a datacenter makes without a client: a key has no deadline any more (rule 8), or the sum of fractions (rule 11). When
 * that happens depends on what arrives where, so own words are taken from the logs, and each is judged. */
struct scope_own {
	unsigned dc;
	struct scope_write write;    /* a single fact */
	unsigned seen;               /* bit mask of the datacenters whose batches it has seen */
	uint64_t stamp, seq, contexts[SCOPE_DCS];
};

#define SCOPE_OWNS_MAX 16

/* Everything that was written in a case, by datacenter. START is what all have before. */
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

/* STATE becomes what a datacenter must show that has applied the writes in APPLIED. */
void scope_evaluate(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, struct scope_state *state);
/* Where parts of a string are appended, or a number is added beside a part, by writes that have not seen each other, a datacenter may show them in another
 * order for a while, until one of them ships what it has (rule 11). Is TEXT what the string of KEY may be until then? */
bool scope_admits(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, unsigned key, const char *text);
/* The live versions of an element, under a rule that keeps versions: those that no write covers. COUNT of them, PRESENT of which are values; and
 * whether two of them differ. */
struct scope_live { unsigned count, present; bool is_different, has_increments; };
struct scope_live scope_live(const struct scope_history *history, unsigned key, unsigned element);
/* Has a deadline won at a key that does not exist? Then some datacenter must write that it is gone (rule 8). MAYBE: no write of a deadline is known,
 * so that a datacenter whose key ran empty cannot tell. */
enum scope_loose { SCOPE_NOT_LOOSE, SCOPE_MAYBE_LOOSE, SCOPE_LOOSE };
enum scope_loose scope_loose_deadline(const struct scope_policy *policy, const struct scope_history *history, unsigned applied, unsigned key);
/* Has one of the writes in APPLIED added a fraction, or a part, to FACT's element? */
bool scope_has_fractions(const struct scope_history *history, unsigned applied, const struct scope_fact *fact);
/* Of two deadlines under merge: does the policy prefer the second? Where it does not tell them apart, the newer one decides. */
bool scope_prefers_deadline(enum scope_ttl ttl, const char *best, const char *other, bool is_other_newer);

#endif
