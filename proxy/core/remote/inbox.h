/* Inbox: messages of all logs, and what they tell of each datacenter.
 *
 *   inbox.c    messages wait for their causes         stability.c  what all have is forgotten
 *   remote.c   ready batches become a group           apply.c      their writes enter the metadata */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "proxy/core/conflicts/conflict.h"
#include "proxy/core/core.h"

struct group;

struct apply_window;                 /* apply.c */
struct delivery {                    /* one message of a log */
	struct delivery *next;
	int64_t position;
	struct slice bytes;                  /* owned */
	struct context *context;             /* by our origin indexes; held */
	struct slice writes;                 /* in bytes */
	unsigned origin, write_count;
	uint64_t first_seq, hlc, hello, rules_digest;
	bool is_gap_counted, is_lifted;
};

struct mile { int64_t position; unsigned origin; uint64_t seq; };    /* up to this message, origin reached seq */

struct peer {                        /* one DC's log and what we know of the DC; [0] is this DC */
	struct delivery *first, **end;
	uint64_t held_events, held_bytes;
	bool is_paused, is_following, is_drift_alarmed;
	enum peer_state state;
	uint64_t known_incarnation;          /* the newest it was heard in */
	int64_t position;                    /* last message received */
	int64_t follow_position;             /* from here it must be read again after a restart */
	bool is_follow_moved;                /* … and the store does not know yet */
	struct mile *miles;                  /* applied but not stable, in log order */
	unsigned mile_head, mile_count, mile_cap;
	uint64_t known[ORIGINS_MAX];         /* what it has applied */
	uint64_t applied_digest;             /* of its rules, as of its last batch that was applied here; 0: none yet */
	struct buffer parts;                 /* of a batch that comes in parts */
	uint32_t part_next;
	struct core_peer_status status;
};

/* inbox.c */
void inbox_take(struct core *core, unsigned dc, int64_t position, struct slice bytes);
void inbox_drop(struct core *core, unsigned dc);
/* Stops following a DC's log until somebody mends it; says so. */
void peer_stop(struct core *core, unsigned dc, enum peer_state state, const char *text);
void inbox_pop(struct core *core, struct peer *peer);
/* remote.c */
void remote_pump(struct core *core);
/* A remote batch: what becomes of it goes into SCRIPT, or waits in the keyspace to be rendered. */
void apply_delivery_writes(struct core *core, struct delivery *delivery, struct script *script);
void apply_recalled(struct core *core, const struct stamp *first, struct slice writes);      /* the store has long had them */
void apply_window_free(struct apply_window *window);
/* One write: its changes, in order, with its own context where it has one. */
/* Fills in WRITE's facts and explicit context. KNOWN: keys of the first changes, as far as they are known. */
void apply_changes(struct core *core, struct arriving_write *write, const struct changes *changes, struct key **known, unsigned known_count);
/* stability.c */
void stability_learn(struct core *core, unsigned dc, const struct context *context, unsigned origin, uint64_t seq);
void stability_pump(struct core *core);
void peer_add_mile(struct core *core, unsigned dc, int64_t position, unsigned origin, uint64_t seq);

#endif
