/* Recovery: opening, from what the store and the logs hold; and closing.
 *
 *   recover.c    the steps of it                        own_log.c  our own log is read up to our hello
 *   settle.c     outbox entries whose outcome is unknown  stored.c   outbox entries found at opening
 *   recovery_state.c  how far it has come */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "proxy/core/asks/asks.h"
#include "proxy/core/remote/remote.h"
#include "recovery_state.h"

struct stored;                       /* stored.h */

struct recovery {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct rereads *rereads;
	struct suspects *suspects;
	struct groups *groups;
	struct books *books;
	struct apply *apply;
	struct outbox *outbox;
	struct local *local;
	struct asks *asks;
	struct remote *remote;
	struct keyspace *keyspace;
	struct conflicts *conflicts;
	struct policies *policies;
	enum recovery_state state;
	uint64_t nonce;                      /* of this opening */
	bool is_log_cut;                     /* the own log no longer has its beginning */
	uint64_t heard[ORIGINS_MAX], heard_hlc;      /* what the own log has said so far */
	uint64_t opened_applied[ORIGINS_MAX];        /* applied when opening: up to here metadata has to be recalled */
	struct stored *stored;               /* owned */
	unsigned stored_count;
	struct append_list carried;          /* of earlier openings that ended before the own log was read; the store may have lost them.
	                                      * In the order in which they were executed */
};

void recovery_init(struct recovery *recovery);
void recovery_free(struct recovery *recovery);
void recover_open(struct recovery *recovery, const struct event *event);
void recover_close(struct recovery *recovery);
void recover_pump(struct recovery *recovery);
/* Each message of the own log while it is read. */
void own_log_take(struct recovery *recovery, const struct delivery *delivery);
void own_log_note_cut(struct recovery *recovery);                    /* its first messages are gone */
/* The question what became of outbox entries that the log lacks: the store has answered it; refused it; is asked again. */
void settle_answered(struct recovery *recovery, const struct event *event);
void settle_refused(struct recovery *recovery);
bool settle_is_refused(const struct recovery *recovery);
void settle_again(struct recovery *recovery);

#endif
