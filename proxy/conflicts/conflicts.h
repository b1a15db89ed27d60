/* Conflicts: what people and programs do with conflict records: list them, sum them up, end many at once. Shared by RESP and HTTP.
 * All of it is answered later, by the loop; nothing is kept between two questions. */
#ifndef PROXY_CONFLICTS_H
#define PROXY_CONFLICTS_H

#include "conflicts_query.h"
#include "teller.h"
#include "proxy/turn/turn.h"

struct conflicts;

struct conflicts *conflicts_new(struct turn *turn, struct turn_clock *clock);
/* Before the turn is. Whoever still waits is told. */
void conflicts_free(struct conflicts *conflicts);

#define CONFLICTS_BUSY "HOMEPORT too many questions about conflicts are being answered, ask again"

/* ---- listing (conflicts_list.c) ---- */

struct conflicts_found {
	struct slice bytes;          /* the record, encoded; owned by the page */
	struct slice cursor;         /* a list goes on after this record; likewise */
};

struct conflicts_page {
	struct conflicts_found *items;
	unsigned count;
	bool has_more;
};

struct conflicts_lister {
	void *context;
	/* PAGE is borrowed for the call; NULL: ERROR says why, an error's line without '-'. */
	void (*listed)(void *context, const struct conflicts_page *page, const char *error);
};

/* Open and unstable ones first, then those that have ended; newest first. QUERY is taken over. Calls back later; at once only when there
 * are too many questions. */
void conflicts_list(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_lister *lister);

/* ---- what conflicts most (conflicts_report.c) ---- */

struct conflicts_report;

struct conflicts_reporter {
	void *context;
	/* REPORT is borrowed for the call; NULL: as above. */
	void (*reported)(void *context, const struct conflicts_report *report, const char *error);
};

/* Sums up all records that match QUERY, which is taken over; its count says how many names of each kind are told. */
void conflicts_sum_up(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_reporter *reporter);
void conflicts_report_tell(const struct conflicts_report *report, struct teller *teller);

/* ---- many at once (conflicts_bulk.c) ---- */

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
	/* TALLY is borrowed for the call; NULL: as above. */
	void (*ended)(void *context, const struct conflicts_tally *tally, const char *error);
};

/* Lists the open ones that match QUERY, which is taken over, and asks for each. */
void conflicts_order(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_order *order,
                     const struct conflicts_orderer *orderer);

#endif
