/* Suspects: keys that were decided between several versions while datacenters had different rules (rules_change.c tells what for). */
#ifndef CORE_SUSPECTS_H
#define CORE_SUSPECTS_H

#include "causes.h"
#include "proxy/core/resp/script.h"
#include "proxy/core/rules/policies.h"

struct suspect { uint32_t db; struct slice key; bool is_again; };    /* the key is owned. IS_AGAIN: our store had lost it, and decided it again */

struct suspects {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct keyspace *keyspace;
	struct policies *policies;
	bool is_suspecting;                  /* rules differ, or did and not all suspects were read back */
	bool is_reading_back;                /* all agree again: what suspects hold is being read back */
	bool is_rules_due;                   /* the store does not know yet whether the rules differ */
	struct suspect *items;               /* owned */
	unsigned count, cap;
	unsigned written;                    /* the store has the first ones */
};

void suspects_drop(struct suspects *suspects);
void suspects_begin_opening(struct suspects *suspects);              /* before the store's positions are read */
bool suspects_differ(const struct suspects *suspects);               /* a DC that was heard has other rules than we */
void suspects_begin(struct suspects *suspects);                      /* from now on, every key decided between several versions is one */
void suspects_hear(struct suspects *suspects, unsigned dc, uint64_t digest); /* of its rules, with a batch that is being applied */
void suspects_note(struct suspects *suspects, const struct stamp *stamp, const struct changes *changes);     /* these were applied */
bool key_is_contested(const struct key *key);                        /* something of it has several versions */
void suspects_add_contested(void *suspects, struct key *key);        /* a visitor of keys */
void suspects_write(struct suspects *suspects, struct script *script);       /* with the positions: what of all this the store does not have */
bool suspects_read(struct suspects *suspects, struct slice field, struct slice value); /* a field of the positions; false: it is none of these */
void suspects_unwritten(struct suspects *suspects);                  /* the store refused it */

#endif
