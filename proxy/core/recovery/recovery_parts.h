/* The state of this room, private to it (see recovery.h). */
#ifndef CORE_RECOVERY_PARTS_H
#define CORE_RECOVERY_PARTS_H

#include "recovery.h"
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
	bool is_end_doubted;                 /* the log is in the store, which is another run: it may have lost its end, and what was in it was not looked for yet */
	bool has_lost_position;              /* nor the position that the store knew */
	uint64_t heard_hlc;                  /* the latest time in the own log so far */
	/* The reserved database is not whole (torn.c): */
	bool is_known;                       /* it was, or a part of it was found */
	bool is_adopting;                    /* there is data, and nothing of ours: the own log tells whether this datacenter is new */
	bool is_shipped;                     /* there was no data left, and the log has all that the outbox held */
	bool is_looking;                     /* that is being asked */
	uint64_t looked_ms;
	struct stored *stored;               /* owned */
	unsigned stored_count;
	struct slice *ran;                   /* owned: what scripts wrote, until the intent behind it is read */
	unsigned ran_count, ran_cap;
	struct append_list carried;          /* batches of earlier openings whose gate never opened; the store may have lost them.
	                                      * In the order in which they were executed */
};

#endif
