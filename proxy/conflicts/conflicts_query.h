/* Conflicts query: which conflict records are meant: read from words, and tested on one record after another. */
#ifndef PROXY_CONFLICTS_QUERY_H
#define PROXY_CONFLICTS_QUERY_H

#include "proxy/core/wire/record.h"

#define CONFLICTS_COUNT_DEFAULT 100u
#define CONFLICTS_COUNT_MAX 1000u

struct conflicts_query {
	struct buffer match;         /* a glob for the key, as in KEYS. Owned, as are the four below. Empty: any */
	struct buffer rule, peer, id, cursor;
	enum record_kind kind;       /* 0: any */
	enum record_status status;   /* 0: any */
	uint64_t older_ms;           /* opened at least so long ago; 0: any */
	unsigned count;              /* 0: CONFLICTS_COUNT_DEFAULT */
};

/* Takes one word (match, rule, kind, status, peer, older, count or cursor, in any case) and its value. False: ERROR says what is wrong and what
 * to write. */
MUST_CHECK bool conflicts_query_set(struct conflicts_query *query, struct slice name, struct slice value, struct buffer *error);
/* Is NAME one of the words? */
bool conflicts_query_knows(struct slice name);
void conflicts_query_free(struct conflicts_query *query);
/* A record that was merged into another one matches only by its id. */
bool conflicts_query_matches(const struct conflicts_query *query, const struct record *record, uint64_t now_ms);

#endif
