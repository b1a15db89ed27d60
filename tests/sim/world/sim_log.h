/* Log: one DC's log in memory. Like a broker, it survives crashes of sidecars and stores.
 * Invariant: what was appended never changes. It is dropped from the front; or from the end, by a store that loses its end and has the log in it. */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include "base/bytes.h"

struct sim_append {
	uint64_t id;
	struct slice bytes;          /* owned */
	int64_t position;            /* -1: not durable yet */
};

/* When a message landed: after how many of its store's transactions, and at what true time. */
struct sim_mark { unsigned journal; uint64_t us; };

struct sim_log {
	struct slice *messages;      /* owned; by position. NULL: dropped, or lost with the end of the log */
	struct sim_mark *marks;      /* owned; by position */
	unsigned count, cap, mark_cap;
	unsigned first;              /* what is before was another log's, of which nobody can tell */
	unsigned start;              /* what is before was dropped */
	struct sim_append *appends;  /* owned: on their way, or durable and not acknowledged; in order */
	unsigned append_count, append_cap;
};

void sim_log_append(struct sim_log *log, uint64_t id, struct slice bytes);
/* Makes the oldest append on its way durable. False: there is none. */
bool sim_log_land(struct sim_log *log, struct sim_mark mark);
/* Takes the newest append to be acknowledged, and all before it. False: there is none. */
bool sim_log_acknowledge(struct sim_log *log, uint64_t *id, int64_t *position);
/* Forgets every append that was not acknowledged; returns the id of the first, 0: none. */
uint64_t sim_log_drop_appends(struct sim_log *log);
unsigned sim_log_landing(const struct sim_log *log);     /* appends on their way */
void sim_log_truncate(struct sim_log *log, unsigned start);
/* It was lost, and is made anew: empty, and as if nothing had ever been in it. Positions go on. */
void sim_log_remake(struct sim_log *log);
unsigned sim_log_at(const struct sim_log *log, unsigned journal);    /* how many it holds that landed right behind that many transactions */
/* Loses what landed after JOURNAL transactions, and the last COUNT of those right behind them; calls LOST for each. Positions go on: readers pass over
 * what is gone. */
void sim_log_lose_end(struct sim_log *log, unsigned journal, unsigned count, void (*lost)(void *context, unsigned position), void *context);
void sim_log_free(struct sim_log *log);

#endif
