/* Write: what an operation of the outcome table does where it is executed: which elements it sets, removes, adds to or clears. Told from the
 * command's words and from what was there before, by code of its own that knows nothing of the core's plans. */
#ifndef SCOPE_WRITE_H
#define SCOPE_WRITE_H

#include "scope_state.h"

#define SCOPE_DCS 3
#define SCOPE_FACTS_MAX 12
#define SCOPE_WRITES_MAX 3
#define SCOPE_WORDS_MAX 8
#define SCOPE_STAMP_STEP 4           /* datacenters' names decide between equal clocks */
#define SCOPE_EXPIRY_MS 60000        /* how far the store's clock leaps where a deadline is to pass */

enum scope_fact_kind { SCOPE_SET, SCOPE_REMOVE, SCOPE_ADD, SCOPE_CLEAR, SCOPE_FLUSH };

struct scope_fact {
	enum scope_fact_kind kind;
	enum scope_key key;          /* all but flushes */
	enum scope_element element;  /* set, remove, add */
	char text[SCOPE_VALUE_MAX];  /* set; a deadline of "0": none */
	int64_t number;              /* add: in hundredths */
	bool has_deadline;           /* set of a string that writes the deadline as well: */
	int64_t deadline;            /* 0: none */
	bool is_expiry;              /* clear */
};

struct scope_write { struct scope_fact facts[SCOPE_FACTS_MAX]; unsigned count; };

/* All that one datacenter writes in a case: one transaction. */
struct scope_batch {
	struct scope_write writes[SCOPE_WRITES_MAX];
	unsigned count;              /* 0: it writes nothing */
	unsigned dc;
	unsigned seen;               /* bit mask of datacenters whose batches were applied where this one was made */
	uint64_t stamp;              /* of the first write; the others follow, SCOPE_STAMP_STEP apart */
	uint64_t contexts[SCOPE_DCS]; /* up to which of each datacenter's own words it has seen them */
};

struct scope_words { char text[96]; char *words[SCOPE_WORDS_MAX]; unsigned count; };

/* Takes the next command off *OPERATION (NULL when there is none left). */
bool scope_next_command(const char **operation, struct scope_words *command);
bool scope_is_flush(const char *operation);
bool scope_is_expiry(const char *operation);
/* What OPERATION writes, executed on STATE at NOW_MS; STATE becomes what is there afterwards. */
void scope_execute(const char *operation, uint64_t now_ms, struct scope_state *state, struct scope_batch *batch);
/* Likewise, of a batch that is known. */
void scope_apply(const struct scope_batch *batch, struct scope_state *state);

#endif
