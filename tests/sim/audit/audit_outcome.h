/* Outcome: everything that was shipped, by key, and what a key must hold in the end. */
#ifndef SIM_AUDIT_OUTCOME_H
#define SIM_AUDIT_OUTCOME_H

#include "audit_parts.h"

/* audit_outcome.c: what a key must hold, from the shipped facts that concern it, in any order. */
struct touch {
	const struct audited_write *write;
	const struct fact *fact;
	unsigned order;              /* within the write */
	const uint32_t *items;       /* owned by its key: of a change that takes or puts elements of a list, which (audit_list.c) */
	unsigned item_count;
};
struct outcome_element {
	enum sim_type type;
	uint32_t element;
	bool is_text;                /* VALUE; else NUMBER */
	uint32_t value;
	long double number;
	bool is_fraction;            /* sums of fractions: equal up to rounding */
};
struct key_outcome {
	struct outcome_element *elements;    /* owned */
	unsigned count, cap;
	int64_t deadline_ms;         /* 0: none */
	bool is_stream;              /* it is there, even without entries, and has got as far as: */
	uint64_t last_ms, last_seq;
	struct outcome_element *parts;       /* owned: its consumer groups, and what is pending of entries that are there */
	unsigned part_count, part_cap;
};
void audit_outcome(const struct auditor *auditor, const struct touch *touches, unsigned count, enum audit_rule rule, struct key_outcome *outcome);

/* What competes for an element: the deadline (IS_DEADLINE) or an element of a type. */
struct audit_contest {
	bool is_deadline;
	enum sim_type type;
	uint32_t element;
};
/* Rule 4: the live versions of an element, one touch a write, in LIVE, which has room for COUNT. Returns how many. */
unsigned audit_live(const struct auditor *auditor, const struct touch *touches, unsigned count, const struct audit_contest *contest,
                    const struct touch **live);
/* Does FACT replace the versions of that element that its write covers? An increment does not. */
bool audit_replaces(const struct audit_contest *contest, const struct fact *fact);

/* audit_list.c: what is in the list after TOUCHES, in order: calls VISIT for each value. FOUND, if not NULL: called for each touch and the element that it
 * takes or puts. */
struct audited_list {
	const struct auditor *auditor;
	const struct touch *touches;
	unsigned count;
	void (*visit)(void *context, uint32_t value);
	void (*found)(void *context, unsigned touch, uint32_t item);
	void *context;
};
void audit_list(const struct audited_list *list);

/* audit_stream.c: adds to OUTCOME the entries that are in the stream after TOUCHES. */
struct audited_stream {
	const struct auditor *auditor;
	const struct touch *touches;
	unsigned count;
	const bool *killed;          /* of each touch: has rule 7 removed it? */
	struct key_outcome *outcome;
};
void audit_stream(const struct audited_stream *stream);
/* Are the consumer groups of a stream as they must be? What is late (homeport:late has it) is each datacenter's own, and so is what is pending of entries that are
 * gone. */
bool audit_parts_are_right(const struct auditor *auditor, const struct sim_key *key, const struct key_outcome *outcome);
/* Of entries that stand below a group's last id: was each given to somebody, or is it late somewhere? */
struct audited_key;
void audit_unread(struct auditor *auditor, const struct audited_key *key, const struct key_outcome *outcome);
struct audited_keys;
/* Did two datacenters choose one id? */
void audit_chosen_ids(struct auditor *auditor, const struct audited_keys *keys);

/* audit_keys.c: everything that was shipped, by key. */
struct audited_key {
	uint32_t db, key;
	struct touch *touches;       /* owned */
	uint32_t **lists;            /* owned: the ITEMS of the touches */
	unsigned count, cap;
};
struct audited_keys {
	struct audited_key *items;   /* owned */
	unsigned count, cap;
};
void audited_keys_gather(const struct auditor *auditor, struct audited_keys *keys);
void audited_keys_free(struct audited_keys *keys);
struct audited_key *audited_key_find(struct audited_keys *keys, uint32_t db, uint32_t key);     /* finds or adds */
/* NULL: nobody wrote it. */
const struct audited_key *audited_key_at(const struct audited_keys *keys, uint32_t db, uint32_t key);
/* Was all of SEEN shipped? */
bool audit_all_shipped(const struct auditor *auditor, const struct vector *seen);
/* Copies the touches of KEY that SEEN has into SUBSET. False: there are increments among them, whose sum is in no version. */
bool touches_select(const struct audited_key *key, const struct vector *seen, const struct audit_contest *contest, struct touch *subset, unsigned *count);
/* audit_final.c: finds fault where the store of DC does not hold OUTCOME. */
void audit_store_key(struct auditor *auditor, unsigned dc, const struct audited_key *key, const struct key_outcome *outcome);
/* audit_choice.c: is WRITE what the request decided? */
void audit_choice(struct auditor *auditor, const struct audited_key *key, const struct client_request *request, const struct audited_write *write);
/* audit_conflict.c: are two concurrent touches of one key a conflict (rule 9)? */
bool audit_is_conflict(const struct auditor *auditor, const struct touch *a, const struct touch *b);
/* audit_handler.c: are there several live versions that differ? */
bool audit_differ(const struct touch *const *live, unsigned count);
bool audit_is_open(const struct auditor *auditor, const struct audited_key *key, const struct audit_contest *contest);

#endif
