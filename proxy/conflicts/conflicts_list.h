/* Conflicts list: one page of conflict records that match a query. */
#ifndef PROXY_CONFLICTS_LIST_H
#define PROXY_CONFLICTS_LIST_H

#include "conflicts.h"
#include "conflicts_query.h"

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

/* Open and unstable records first, then those that have ended; each newest first. Takes over what QUERY holds. LISTER is called later, or at
 * once if too many questions are under way. */
void conflicts_list(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_lister *lister);

#endif
