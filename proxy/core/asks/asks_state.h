/* The state of this room, private to it (see asks.h). */
#ifndef CORE_ASKS_STATE_H
#define CORE_ASKS_STATE_H

#include "asks.h"
#include "sweep.h"

struct asked;                        /* asked.h */
struct wait;                         /* wait.c */

struct handling {                    /* the handler that runs: one at a time */
	uint64_t id;                         /* 0: none */
	uint32_t db;
	enum kind kind;
	struct slice key, element;           /* owned */
	struct context *context;             /* what it was shown; held */
	uint64_t due_ms;                     /* nobody answered until then: it is given up */
};

struct asks {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct onlookers *onlookers;
	struct groups *groups;
	struct topology *topology;
	const struct books *books;
	struct local *local;
	struct keyspace *keyspace;
	struct policies *policies;
	struct asked *first, **end;          /* owned; in the order they came */
	uint64_t next_internal;              /* tokens of our own asks count down from here */
	struct handling handling;
	struct handle_version *handled;      /* owned; of the step's EFFECT_HANDLE */
	uint64_t next_handle_id;
	uint64_t looked_ms, look_pause_ms;   /* for a conflict that a handler is to merge: when last, and until the next time */
	struct sweep sweep;
	struct wait *waits;                  /* owned */
	uint64_t waits_progress;             /* what there was when all of them were looked at last */
};

#endif
