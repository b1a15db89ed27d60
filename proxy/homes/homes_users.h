/* Homes users: whose keys there are, and who of them lives in one datacenter, with a home of his own or by default. Redis is asked for keys a share at a time
 * (SCAN), so a user comes once for each of his keys that is met. */
#ifndef PROXY_HOMES_USERS_H
#define PROXY_HOMES_USERS_H

#include "homes_list.h"

/* LISTER is called from the loop later on. Its reply is for homes_users_tell. */
void homes_users(struct homes *homes, uint32_t db, const struct homes_query *query, const struct homes_lister *lister);
/* Tells an object: cursor ("0": that was all), users: those that live in DC and match. False: it is no such reply. */
MUST_CHECK bool homes_users_tell(const struct homes *homes, struct slice reply, unsigned dc, struct slice match, struct teller *teller);

#endif
