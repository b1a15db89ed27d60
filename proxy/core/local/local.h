/* Local: writes of this DC, from a client's request to the batch that goes to the log (the outbox has a header of its own).
 *
 *   gather.c         a request joins a group              answer.c     the store has executed a group
 *   gather_own.c     so does a write of the core itself   rerun.c      the store has aborted one
 *   gather_home.c    and what moves a user                readback.c   what is to be read back is
 *   gather_member.c  a command of any of them             rerun_above.c  an XADD whose id was too small
 *   gathering.c      groups are closed and sent           outbox.c     batches for the log */
#ifndef CORE_LOCAL_H
#define CORE_LOCAL_H

#include "outbox.h"
#include "proxy/core/apply/apply.h"
#include "proxy/core/causes/rereads.h"
#include "proxy/core/groups/groups.h"
#include "proxy/core/topology/topology.h"

struct local;
struct rooms;

struct local *local_new(const struct rooms *rooms);
void local_free(struct local *local);
/* The connection is lost: no more answers will come. */
void local_close(struct local *local);
/* Local writes are paused until remote batches, or re-runs, are done. */
bool local_is_holding(const struct local *local);
bool local_is_rerunning(const struct local *local);      /* an aborted group is still to be run again */
bool local_has_open(const struct local *local);          /* something is gathered and not sent */
/* While a remote batch, or an ask, waits for local answers, no local group is sent. */
void local_set_draining(struct local *local, bool is_draining);
bool local_is_draining(const struct local *local);
uint64_t local_gathering(const struct local *local);     /* counts the times that open groups were sent */
/* gather.c */
void gather_request(struct local *local, const struct event *event);
/* One that is known to belong here. */
void gather_admitted(struct local *local, const struct event *event);
/* gather_script.c: scripts that are new, or are dropped, are written down. */
void gather_scripts_pump(struct local *local);
/* Gathers transactions that watched keys and had to wait. */
void gather_guarded_pump(struct local *local);
/* gather_home.c */
/* Gathers what moves write, and what need not wait any more. */
void gather_homes_pump(struct local *local);
void gather_homes_answered(struct local *local, const struct group *group, const struct event *event);
/* Why no write is taken now; NULL: all is well. One that frees metadata is taken at the limit of metadata, too. */
const char *gather_limit(const struct local *local, bool is_freeing_metadata);
/* gather_own.c */
struct told_command { enum plan plan; unsigned argc; struct slice argv[4]; };    /* what the store is told for a write */
void gather_readback(struct local *local, uint32_t db, struct slice key, bool is_expired);
void gather_untimed(struct local *local, uint32_t db, struct slice key);
void gather_roundings(struct local *local);
/* Adds the write of the ask with this token. Its changes are the step's. */
void gather_asked(struct local *local, uint64_t token, uint32_t db, const struct told_command *command);
/* gathering.c */
/* Sends the groups that gather. The write of an ask was decided from what is applied now. It may not be re-run after more is applied, so it is sent
 * alone, and at once. */
void gathering_close(struct local *local);
bool gathering_is_worth_sending(const struct local *local);
/* True if a write that was gathered and not sent touches this key. (After it is sent, the key's under_way tells.) */
bool gathering_touches(const struct local *local, uint32_t db, struct slice key);
bool gathering_has_flush(const struct local *local);
/* answer.c, rerun.c */
/* Is this answer to the oldest group so long that it has to be taken in some at a time? */
bool local_is_long(const struct local *local, const struct group *group, const struct event *event);
/* Takes some of the group's writes into the metadata: not many more than MOST elements of whole keys, which counts down. True: all are taken. */
bool local_finish_some(struct local *local, struct group *group, const struct event *event, unsigned *most);
/* The oldest group was answered. Takes in all that is not yet. */
void local_answered(struct local *local, struct group *group, const struct event *event);
void local_aborted(struct local *local, struct group *group, struct slice error);
/* GROUP will not be answered: the keys that it was to read back are put on the list again. */
void rerun_reread(struct local *local, const struct group *group);
void rerun_pump(struct local *local);                    /* runs aborted groups again, one request at a time */
/* readback.c */
void readback_pump(struct local *local);

#endif
