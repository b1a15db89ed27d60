/* Policies: which rule for which keys (policies.c), and what happens while datacenters differ in them (rules_change.c). */
#ifndef CORE_POLICIES_H
#define CORE_POLICIES_H

#include "proxy/core/core.h"
#include "proxy/core/commands/plan.h"
#include "rule.h"

struct script;

struct policies {
	struct policies *older;              /* keys made under them may still be there */
	struct policy *items;                /* owned */
	struct policy fallback;              /* for keys that none matches */
	unsigned count;
	uint64_t digest;
	bool is_handling;                    /* some rule's is */
	bool is_walking, is_walked;          /* a walk over all dots began since these are the rules; … and one has ended */
};

/* policies.c */
struct policies *policies_new(const struct core *core, const struct core_rule *rules, unsigned count, const char **error);
void policies_free(struct policies *policies);
void policies_free_older(struct core *core);
struct policy *policies_find(void *context, struct slice key);
void policies_doubt_dots(struct policies *policies);             /* nothing is known of those in the store */
void policies_walk_ended(struct policies *policies);             /* over all of them; which were met is noted */
/* rules_change.c */
void rules_change(struct core *core, const struct core_rule *rules, unsigned count);
void rules_hear(struct core *core, unsigned dc, uint64_t digest);
void rules_note(struct core *core, const struct stamp *stamp, const struct changes *changes);      /* these were applied */
void rules_pump(struct core *core);
void suspects_drop(struct core *core);
void suspects_write(struct core *core, struct script *script);          /* with the positions: what of all this the store does not have */
bool suspects_read(struct core *core, struct slice field, struct slice value);  /* a field of the positions; false: it is none of these */
void suspects_unwritten(struct core *core);         /* the store refused it */

#endif
