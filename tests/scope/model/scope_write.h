/* Write: the facts that a write is made of (it sets, removes, adds to or clears elements), and what a state becomes by them. */
#ifndef SCOPE_WRITE_H
#define SCOPE_WRITE_H

#include "scope_state.h"

#define SCOPE_DCS 3
#define SCOPE_FACTS_MAX 12
#define SCOPE_WRITES_MAX 3
#define SCOPE_STAMP_STEP 4           /* datacenters' names decide between equal clocks */
#define SCOPE_EXPIRY_MS 60000        /* how far the store's clock leaps where a deadline is to pass */

/* What a part of a string is. */
enum scope_part { SCOPE_APPENDED, SCOPE_SEEN, SCOPE_UNITED };

enum scope_fact_kind { SCOPE_SET, SCOPE_REMOVE, SCOPE_ADD, SCOPE_PART, SCOPE_CLEAR, SCOPE_FLUSH, SCOPE_INSERT, SCOPE_TAKE, SCOPE_PUT, SCOPE_TRIM };

struct scope_fact {
	enum scope_fact_kind kind;
	enum scope_key key;          /* of every kind but a flush */
	enum scope_element element;  /* of a set, remove or add */
	char text[SCOPE_VALUE_MAX];  /* of a set; for a deadline "0" means none. Of a part: what is appended, or seen by a HyperLogLog, or a HyperLogLog */
	enum scope_part part;
	bool is_shadow;              /* of a set of SCOPE_STREAM: an entry says that the stream is there, which is not counted twice */
	int64_t number;              /* of an add, in hundredths; of a trim: entries whose ids begin with less go; of a change of a list, its index (an insert behind all: -1) */
	int64_t length, amount;      /* of a change of a list: how many there were, how many it takes */
	bool has_deadline;           /* of a string's set: it writes the deadline, too */
	int64_t deadline;            /* with has_deadline; 0: the key has none */
	bool is_expiry;              /* of a clear: the deadline has passed */
};

struct scope_write { struct scope_fact facts[SCOPE_FACTS_MAX]; unsigned count; };

/* Everything that one datacenter writes in a case, in one transaction. */
struct scope_batch {
	struct scope_write writes[SCOPE_WRITES_MAX];
	unsigned count;              /* 0: it writes nothing */
	unsigned dc;
	unsigned seen;               /* bit mask of datacenters whose batches were applied where this one was made */
	uint64_t stamp;              /* of the first write; each next one is SCOPE_STAMP_STEP later */
	uint64_t contexts[SCOPE_DCS]; /* by datacenter: up to which seq it has seen that one's own words */
};

bool scope_makes_present(const struct scope_fact *fact);     /* a key of its element's type is there after it */
/* Does the trim FACT reach this entry of a stream? */
bool scope_trims(const struct scope_fact *fact, unsigned element);
/* VALUE becomes what an add or a part makes of it. A number is not added to what is none. */
void scope_apply_delta(struct scope_value *value, const struct scope_fact *fact);
/* STATE becomes what is there after FACT, or after all of BATCH. */
void scope_apply_fact(struct scope_state *state, const struct scope_fact *fact);
void scope_apply(const struct scope_batch *batch, struct scope_state *state);

#endif
