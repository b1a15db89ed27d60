/* Conflicts bulk: ends all open conflicts that match a query. */
#ifndef PROXY_CONFLICTS_BULK_H
#define PROXY_CONFLICTS_BULK_H

#include "conflicts.h"
#include "conflicts_query.h"

struct conflicts_order {             /* what is to be done with each; slices are copied */
	enum ask ask;                /* ASK_RESOLVE, ASK_RETRY */
	enum choice choice;
	struct slice value, by;
};

struct conflicts_tally {
	uint64_t done, refused;
	struct slice error;          /* of the first that was refused: its id and why */
	bool has_more;               /* more matched than are dealt with at once */
};

struct conflicts_orderer {
	void *context;
	/* TALLY is borrowed for the call; NULL: ERROR says why, an error's line without '-'. */
	void (*ended)(void *context, const struct conflicts_tally *tally, const char *error);
};

/* Finds the open conflicts that match QUERY (what it holds is taken over), then asks the core to end each. */
void conflicts_order(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_order *order,
                     const struct conflicts_orderer *orderer);

#endif
