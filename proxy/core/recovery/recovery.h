/* Recovery: what happens after each (re)connection to the store, and when the connection is lost.
 *
 *   recover.c    the steps of it                        own_log.c  our own log is read up to our hello
 *   settle.c     outbox entries whose outcome is unknown  stored.c   outbox entries found at opening
 *   probe.c      the store is asked about them          recovery_state.c  how far it has come
 *   lost_end.c   the own log has lost its end with the store
 *   torn.c       part of the reserved database is gone */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "proxy/core/asks/asks.h"
#include "proxy/core/remote/remote.h"

struct recovery;
struct rooms;

struct recovery *recovery_new(const struct rooms *rooms);
void recovery_free(struct recovery *recovery);
/* Asserts what must hold; returns how many events of earlier openings it still carries. */
uint64_t recovery_check(const struct recovery *recovery);
void recover_open(struct recovery *recovery, const struct event *event);
void recover_close(struct recovery *recovery);
void recover_pump(struct recovery *recovery);
/* Is given each message of the own log while that is read. */
void own_log_take(struct recovery *recovery, const struct delivery *delivery);
void own_log_note_cut(struct recovery *recovery);                    /* its first messages are gone */
/* It no longer has the position to continue from: reads it from its beginning. False: that is of no use, as our hello was read already. */
bool own_log_begin_again(struct recovery *recovery);
/* Whoever reads the log of a datacenter that is stopped is told again and again: the log may be cut behind what told it before. */
void own_log_tell_stopped(struct recovery *recovery);
/* The state of the opening, and which DCs' logs it waits for. */
void recovery_status(const struct recovery *recovery, struct core_status *status);
/* We ask the store what became of outbox entries that the log lacks (the probe). These are called when it has answered; has refused; is asked again. */
void settle_answered(struct recovery *recovery, const struct event *event);
void settle_refused(struct recovery *recovery);
bool settle_is_refused(const struct recovery *recovery);
void settle_again(struct recovery *recovery);
/* torn.c: part of the reserved database is gone, and there is data. */
void torn_pump(struct recovery *recovery);
void torn_answered(struct recovery *recovery, const struct event *event);
void torn_refused(struct recovery *recovery);

#endif
