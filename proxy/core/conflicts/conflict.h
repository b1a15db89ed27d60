/* Conflict: takes a change into the metadata, finds what it is concurrent with, and notes what the store must be told
 * (data path, step 8). docs/replication-model.md, rules 4 to 11. */
#ifndef CORE_CONFLICT_H
#define CORE_CONFLICT_H

#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/versions/note.h"
#include "proxy/core/rules/rule.h"

enum apply_mode {
	APPLY_LOCAL,         /* the store has executed it: remember it */
	APPLY_REMOTE,        /* resolve, count conflicts, tell the store */
	APPLY_RECALL,        /* the store has long had it: restore the metadata */
};

/* A number that two DCs' fractions made inexact and this DC has to read back (rule 11). Owned slices. */
struct settle {
	uint32_t db;
	enum change_kind kind;       /* CHANGE_SET, CHANGE_FIELD_SET, CHANGE_SCORE_SET */
	struct slice key, element;
};

/* A deciding version and what adds to it. */
struct verdict {
	const struct version *decider;       /* NULL: the store's value */
	long double sum;                     /* of the deltas it does not cover */
	bool has_deltas;                     /* there are such deltas */
};

struct conflicts {
	struct keyspace *keyspace;
	enum apply_mode mode;
	bool is_listing;                     /* give EFFECT_CONFLICT, too */
	bool is_under_our_rules;             /* what is applied was written under the rules that we have now */
	struct effects *effects;             /* of this step */
	struct context *explicit_context;    /* of the write that is being applied; NULL: its batch's counts */
	const struct write_facts *facts;     /* of the write that is being applied */
	struct party party;                  /* the change that is being applied */
	unsigned naming_origin;              /* the last write that named siblings … */
	uint64_t naming_seq;
	enum apply_mode naming_mode;
	bool is_named;                       /* … and their records know it already */
	struct buffer *arena;                /* chunks live until the next step: seqs of reports */
	uint64_t counts[CORE_RULES][KIND_COUNT][OUTCOME_COUNT];
	struct settle *settles;              /* owned; taken by the core */
	unsigned settle_count, settle_cap;
};

void conflicts_apply(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change);
/* sibling.c: a CHANGE_SIBLING, of an element of KIND. */
void sibling_apply(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change, enum kind kind);
/* What decides ELEMENT and what its surviving deltas add up to. */
struct verdict element_verdict(const struct keyspace *keyspace, const struct element *element);
bool version_is_number(const struct element *element, const struct version *version);
void settle_free(struct settle *settle);

#endif
