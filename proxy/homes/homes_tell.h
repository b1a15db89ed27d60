/* Homes tell: where a user lives, and how many live where, as clients and programs see it. */
#ifndef PROXY_HOMES_TELL_H
#define PROXY_HOMES_TELL_H

#include "homes.h"
#include "proxy/conflicts/teller.h"

/* Tells an object about USER: user, home, address, epoch, explicit, moving. False: nothing was told: no pattern is about such users, or the store was never open. */
MUST_CHECK bool homes_tell_user(const struct homes *homes, const char *name, struct slice user, struct teller *teller);
/* Likewise, about whoever KEY belongs to. False: nobody. */
MUST_CHECK bool homes_tell_key(const struct homes *homes, struct slice key, struct teller *teller);
/* The datacenter where USER lives; NULL: that is not known. */
const char *homes_place(const struct homes *homes, struct slice user);
/* Why homes_tell_user told nothing. */
const char *homes_unknown_user(const struct homes *homes);
/* Tells an object: how many users have a home of their own in each datacenter. */
void homes_tell_counts(const struct homes *homes, struct teller *teller);
/* Tells an object: the changes behind VERSION, which is kept; IS_KNOWN false: that the reader has to begin anew. */
void homes_tell_changes(const struct homes *homes, bool is_known, uint64_t version, struct teller *teller);

/* Tells an object: what a move has come to, as the core answers an order: user, home, epoch, and whether the new home has
 * confirmed; of a take-over, from whom, and of how long before it writes may be missing (null: unknown). */
void homes_move_tell(struct slice reply, struct teller *teller);

/* What there is to wait for, and the tag of what was told last. */
struct homes_changes;
struct homes_changes *homes_changes_of(const struct homes *homes);
/* A user has another home than before. */
void homes_note(struct homes *homes, const struct effect *home);

#endif
