/* Remote: messages of all logs, until they are applied here.
 *
 *   inbox.c      messages wait for their causes         stability.c  what all have is forgotten
 *   readiness.c  … and whatever else must hold
 *   remote.c     ready batches become a group       pieces.c     a very large one enters the metadata some at a time */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "proxy/core/apply/delivery.h"
#include "proxy/core/local/local.h"

struct remote;
struct rooms;

struct remote *remote_new(const struct rooms *rooms);
void remote_free(struct remote *remote);
/* Takes a message of a DC's log. Returns a whole batch, for inbox_hold; NULL: there is none (yet). */
struct delivery *inbox_take(struct remote *remote, unsigned dc, int64_t position, struct slice bytes);
void inbox_hold(struct remote *remote, unsigned dc, struct delivery *delivery);      /* takes it over */
/* pieces.c: is a batch half applied? Then it is to be gone on with, and nothing else to be done. */
bool remote_is_in_pieces(const struct remote *remote);
void remote_pump_pieces(struct remote *remote);
void remote_finish_pieces(struct remote *remote);        /* at once */
void remote_drop_pieces(struct remote *remote);          /* the connection is lost */
void inbox_drop(struct remote *remote, unsigned dc);                                 /* all of it */
void inbox_status(const struct remote *remote, unsigned dc, struct core_peer_status *status);
void remote_pump(struct remote *remote);
/* Marks the origins of messages that are held. */
void remote_mark_used(const struct remote *remote, bool *is_used);
void stability_pump(struct remote *remote);

#endif
