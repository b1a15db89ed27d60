/* Books: what the store keeps for us beside the data.
 *
 *   positions.c        what is applied, stable and announced           miles.c         from where a log must be read again
 *   episode_store.c    conflict records that are not over              retention.c     those that are over
 *   episode_writing.c  how both are made                               episode_finish.c  when they are over
 *   episode_restore.c  they are read back at opening */
#ifndef CORE_BOOKS_H
#define CORE_BOOKS_H

#include "proxy/core/causes/causes.h"
#include "proxy/core/causes/suspects.h"
#include "proxy/core/groups/groups.h"
#include "proxy/core/topology/topology.h"
#include "retention.h"

struct mile { int64_t position; unsigned origin; uint64_t seq; };    /* up to this message, ORIGIN reached SEQ */

struct road {                        /* of one DC's log */
	int64_t follow_position;             /* after a restart it must be read from here on */
	bool is_follow_moved;                /* the store does not know that position yet */
	int64_t told_position;               /* the last one that the connector was told the store has */
	struct mile *miles;                  /* owned; applied but not stable, in log order */
	unsigned mile_head, mile_count, mile_cap;
};

struct answered { uint64_t incarnation, first, last; };

struct books {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct suspects *suspects;
	struct groups *groups;
	struct keyspace *keyspace;
	struct policies *policies;
	struct topology *topology;
	struct road roads[CORE_DCS_MAX];
	struct retention retention;
	uint64_t positions_sent_ms;          /* when they were sent last by themselves */
	struct buffer run_id;                /* the server's run */
	bool is_run_due;                     /* the store does not have our incarnation yet, nor where earlier ones ended */
	bool are_parts_due;                  /* the reserved database is to be made: by whatever is sent, until an answer says that it has been … */
	bool is_remade;                      /* … anew: by what is sent first, which removes what is left of it */
	bool is_whole;                       /* it has been */
	bool is_own_held;                    /* the own log must be read again from where it must be now: others may have written there … */
	int64_t own_held_until;              /* … up to this position, as far as was looked */
	bool is_log_lost;                    /* the own log had lost its beginning when the store first knew a position in it … */
	bool is_loss_over;                   /* … which was so, until it turned out that nobody lacks anything (stability.c) */
	uint64_t answered_first;             /* of our origin: seqs from here to answered_seq were answered since the positions were written */
	struct answered stored_answered;     /* the same, as read from the store at the opening */
	/* of our outbox in the store */
	struct buffer corrections;           /* RESP: final forms that differ from their entries, to be added with the next group */
	unsigned correction_count;
	uint64_t trim_ms, trim_seq;          /* entries before this one are durable in the log */
	bool is_trim_due;
};

/* The final form of a write differs from its outbox entry. The outbox gets the final form, too, or a crash would lose what the replies said. */
void books_add_correction(struct books *books, struct slice payload);
void books_reset(struct books *books);                               /* the connection is lost */
void books_free(struct books *books);
/* positions.c */
void positions_write(struct books *books, struct group *group);       /* adds them to the group */
void positions_stored(struct books *books, const struct group *group);       /* it was answered: tells connectors which part of logs is needed */
MUST_CHECK bool positions_read(struct books *books, const struct event *event, bool *is_same_run, uint64_t *incarnation);
bool positions_are_due(const struct books *books);
void positions_send(struct books *books);                          /* sends positions that moved, in a group of their own */
/* miles.c */
void miles_add(struct books *books, unsigned dc, int64_t position, unsigned origin, uint64_t seq);
void miles_pass(struct books *books, unsigned dc);                   /* drops those that need not be read again */
void miles_drop(struct books *books, unsigned dc);
/* episode_store.c */
void episodes_write(struct books *books, struct group *group);       /* adds changed records to a group of remote writes or positions */
void episodes_unwritten(struct books *books, struct group *group);   /* the store refused it */
bool episodes_are_pending(const struct books *books);
bool episodes_have_ended(const struct books *books);                 /* are there records that are to leave the store? */
/* episode_finish.c */
void episodes_pump(struct books *books, bool is_moved);              /* IS_MOVED: more is stable than at the last call */
/* episode_restore.c */
void episodes_restore(struct books *books, const struct event *event);

#endif
