/* Conflicts query: which conflict records somebody wants to see, in words and as a test of one record. */
#ifndef PROXY_CONFLICTS_QUERY_H
#define PROXY_CONFLICTS_QUERY_H

#include "proxy/core/wire/record.h"

#define CONFLICTS_COUNT_DEFAULT 100u
#define CONFLICTS_COUNT_MAX 1000u

struct conflicts_query {
	struct buffer match;         /* a glob for keys, as in KEYS; empty: any. Owned, as are the others */
	struct buffer rule, peer, id, cursor;
	enum record_kind kind;       /* 0: any */
	enum record_status status;   /* 0: any */
	uint64_t older_ms;           /* opened at least so long ago */
	unsigned count;              /* 0: as many as is usual */
};

/* One word and what stands behind it: match, rule, kind, status, peer, older, count, cursor; case does not matter.
 * False: ERROR says what is wrong and what to write. */
MUST_CHECK bool conflicts_query_set(struct conflicts_query *query, struct slice name, struct slice value, struct buffer *error);
/* Is NAME one of the words? */
bool conflicts_query_knows(struct slice name);
void conflicts_query_free(struct conflicts_query *query);
/* A record that is part of another one by now only matches by its id. */
bool conflicts_query_matches(const struct conflicts_query *query, const struct record *record, uint64_t now_ms);

#endif
