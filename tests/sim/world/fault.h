/* Faults: what can go wrong in a simulated world, and when. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct dc;

enum fault {
	FAULT_NONE,                  /* for coverage: all was well */
	FAULT_LINK_CUT,              /* a DC cannot read another's log */
	FAULT_LOG_CUT,               /* a DC's log takes and gives nothing */
	FAULT_SIDECAR_CRASH,
	FAULT_CONNECTION_LOSS,       /* between sidecar and store */
	FAULT_STORE_RESTART,         /* nothing forgotten */
	FAULT_STORE_ROLLBACK,        /* back to an older snapshot, or to a prefix of the append-only file */
	FAULT_BOTH_CRASH,            /* store rolled back while the sidecar is down */
	FAULT_REDELIVERY,            /* a log is delivered again from an older message */
	FAULT_APPEND_RETRY,          /* the log's producer gives up and starts again; messages may be there twice */
	FAULT_REFUSAL,               /* the store aborts transactions: it cannot write to its disk */
	FAULT_TRUNCATION,            /* a log drops messages that a DC still needs */
	FAULT_SKEW,                  /* clocks differ and drift */
	FAULT_EXPIRY,                /* deadlines are met */
	FAULT_RULES,                 /* the operator changes the rules, at one DC after the other */
	FAULT_CLOCK,                 /* a wall clock is set wrong, and right again */
	FAULT_FULL,                  /* the store is at its limit of memory, or near it */
	FAULT_EMPTIED,               /* somebody empties the store behind the sidecar's back, or deletes keys of the reserved database */
	FAULT_COUNT,
};

const char *fault_text(enum fault fault);
/* Breaks something that the plan allows. */
void fault_strike(struct world *world);
void fault_strike_at(struct world *world, struct dc *dc, enum fault fault);
void fault_flush(struct world *world, struct dc *dc);    /* everything goes, while the store runs */
void fault_delete(struct world *world, struct dc *dc, unsigned parts);       /* 1 << part: keys of the reserved database */
/* A store is up again after a crash. */
/* The store crashes, and comes back with its first KEPT transactions while the sidecar runs on. */
void fault_lose_end(struct world *world, struct dc *dc, unsigned kept);
void fault_store_start(struct world *world, struct dc *dc, bool is_rollback);
/* A lasting fault ends. */
void fault_heal(struct world *world, struct dc *dc, enum fault fault, unsigned peer);

#endif
