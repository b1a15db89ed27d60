/* Store state: what the store is made of, for store.c, what others ask of it, and store_life.c, from connecting to failing. */
#ifndef CONNECTORS_STORE_STATE_H
#define CONNECTORS_STORE_STATE_H

#include "connectors/net/silence.h"
#include "group_order.h"
#include "guards.h"
#include "opening.h"
#include "store.h"
#include "store_facts.h"

#define FACTS_TAG UINT64_MAX

struct store {
	struct store_options options;        /* its texts are owned copies */
	struct store_callbacks callbacks;
	struct timer *retry, *tear_down, *refresh, *look;
	struct pipeline *pipelines[PIPELINE_COUNT];      /* all NULL between two tries */
	unsigned connected_count;
	unsigned attempt;
	uint32_t retry_ms;

	struct opening opening;
	bool is_open;
	bool is_failing;
	bool is_fenced;
	char busy[160];                      /* its own words, while it runs a script for long; else empty */
	bool is_probed;                      /* it was asked whether it does, and has not answered */
	uint64_t answers;                    /* see store_answers */
	bool is_silent;                      /* it fails because it has not answered in time */
	char why[320];                       /* why the connections are being given up, or were given up last */
	char why_told[320];                  /* what `waiting` was last called with */
	uint64_t epoch_left, epoch_owed;     /* see struct opening */
	uint64_t nonce;

	struct group_order order;            /* of pipelines, and behind them of guards */
	struct guards *guards;               /* owned */
	struct store_facts facts;
	bool is_remembering;                 /* see store_remember_groups */
	struct silence silence;
};

/* Sends what was given to all connections, unless they are being given up. */
void store_flush_all(struct store *store);
/* By all connections, in both directions. */
uint64_t store_bytes_moved(const struct store *store);

#endif
