/* Sequence tree: the elements of a list while its writes are replayed (sequence.h): those that unstable writes inserted, and one placeholder for each
 * run of stable ones. All are in one order, the list's. A splay tree (Sleator, Tarjan 1985) finds them by their place in it. */
#ifndef CORE_SEQUENCE_TREE_H
#define CORE_SEQUENCE_TREE_H

#include "sequence.h"

#define LEN_UNKNOWN UINT64_MAX       /* of the placeholder, as long as no write has told how long the list was */

struct sequence_sums {
	uint64_t existing;           /* inserted in the present version, be they removed or not */
	uint64_t visible;            /* of them, those that are not removed in it */
	uint64_t live;               /* elements of the list as it is in the end */
	uint64_t unknown;            /* placeholders of unknown length */
};

struct sequence_span {
	struct sequence_span *parent, *left, *right;     /* of the splay tree */
	struct sequence_sums sums;                       /* of its subtree there */
	uint64_t len;                /* 1, but for placeholders */
	bool is_inserted;            /* in the present version */
	uint32_t removals;           /* of the present version, that hit it */
	bool is_gone;                /* some removal hit it */
	const struct sequence_op *op;        /* that inserted it; NULL: a placeholder */
	const struct sequence_op *setter;    /* the newest that set it; NULL: none */
	struct sequence_span *before;        /* the element behind which it was inserted; NULL: before all */
	/* Its place: beside another element (Fugue) */
	bool is_left;
	struct sequence_span *up, *sibling;
	struct sequence_span *lefts, *rights;    /* the first of those beside it, in order */
	struct sequence_hit *hits;
};

struct sequence_hit {
	struct sequence_op *op;
	struct sequence_span *span;
	struct sequence_hit *next_of_op, *next_of_span;
};

/* What the present version has of one origin. */
struct sequence_lane {
	unsigned origin;
	struct sequence_op **ops;    /* owned; in order of seq */
	uint32_t count, cap;
	uint32_t at;                 /* so many of them are in the present version */
};

struct sequence_tree {
	struct sequence_span *root;  /* of the splay tree */
	struct sequence_span *base;  /* the last placeholder */
	bool is_base_known, is_base_guessed;     /* GUESSED: from a length that may not fit */
	struct sequence_lane *lanes; /* owned */
	unsigned lane_count, lane_cap;
	uint64_t bytes;
};

struct sequence_tree *sequence_tree_new(void);
void sequence_tree_free(struct sequence_tree *tree);
void span_splay(struct sequence_tree *tree, struct sequence_span *span);
/* Its state changed: its sums do. It is the root then. */
void span_update(struct sequence_tree *tree, struct sequence_span *span);
void span_add_behind(struct sequence_tree *tree, struct sequence_span *place, struct sequence_span *span);
void span_add_before(struct sequence_tree *tree, struct sequence_span *place, struct sequence_span *span);
struct sequence_sums spans_before(struct sequence_tree *tree, struct sequence_span *span);
struct sequence_sums spans_behind(struct sequence_tree *tree, struct sequence_span *span);
/* NULL: there are not so many. *OFFSET: where in the span. */
struct sequence_span *span_visible(struct sequence_tree *tree, uint64_t rank, uint64_t *offset);
struct sequence_span *span_first_existing(struct sequence_tree *tree);
struct sequence_span *span_last_existing(struct sequence_tree *tree);
struct sequence_span *span_next_existing(struct sequence_tree *tree, struct sequence_span *span);
struct sequence_span *span_next(struct sequence_tree *tree, struct sequence_span *span);        /* NULL: none. SPAN NULL: the first */
/* Cuts a placeholder, so that the part before OFFSET is a span of its own, which is returned. SPAN is the rest. */
struct sequence_span *span_cut(struct sequence_tree *tree, struct sequence_span *span, uint64_t offset);
/* Notes that OP hits SPAN. */
void span_hit(struct sequence_tree *tree, struct sequence_span *span, struct sequence_op *op);

#endif
