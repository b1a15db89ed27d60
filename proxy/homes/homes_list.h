/* Homes list: users with a home of their own, read from Redis a share at a time. The order is Redis's (HSCAN): a user may come twice. */
#ifndef PROXY_HOMES_LIST_H
#define PROXY_HOMES_LIST_H

#include "homes.h"
#include "proxy/conflicts/teller.h"

#define HOMES_LIST_MAX 10000             /* users that one reading asks for */

struct homes_query { struct slice cursor, match; uint32_t count; };      /* empty: from the beginning; all; 1000 */

/* Reads words as HSCAN has them: [cursor] [MATCH glob] [COUNT n]. False: ERROR says what is wrong. */
MUST_CHECK bool homes_query_set(struct homes_query *query, struct slice name, struct slice value, const char **error);

struct homes_lister {
	void *context;
	/* REPLY is Redis's, for homes_list_tell; NULL: it could not be read, and ERROR says why. */
	void (*listed)(void *context, const struct slice *reply, struct slice error);
};

/* LISTER is called from the loop later on. */
void homes_list(struct homes *homes, const struct homes_query *query, const struct homes_lister *lister);
/* Sends Redis one command that reads; LISTER gets the reply. */
void homes_fetch(struct homes *homes, uint32_t db, struct slice command, const struct homes_lister *lister);
/* Tells an object: cursor ("0": that was all), homes. False: it is no such reply. */
MUST_CHECK bool homes_list_tell(const struct homes *homes, struct slice reply, struct teller *teller);

#endif
